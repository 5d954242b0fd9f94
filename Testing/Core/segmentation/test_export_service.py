"""Masks in a file in, a structure set out, as the worker does it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, List

import numpy as np
import pydicom
import pytest

import dicom_series as made
from AutoContourRTCore import messages
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.export_service import (
    ExportRequest,
    ExportService,
)
from AutoContourRTCore.volumes.dicom.highdicom_files import read_seg
from AutoContourRTCore.volumes.dicom.same_image import sample, write_sample
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((8, 40, 40), (3.0, 2.0, 2.0), (-40.0, -40.0, 10.0))


def hounsfield() -> np.ndarray:
    """A block of tissue in air, with a slope in all directions."""
    k, j, i = np.indices(GRID.shape)
    block = (abs(j - 20) < 14) & (abs(i - 20) < 12)
    return np.where(block, 20 * k + 5 * j - 4 * i, -1000).astype(np.int16)


@pytest.fixture()
def request_(tmp_path: Path) -> ExportRequest:
    """One that is right: a CT, contours on it, and a sample of it."""
    files = made.write_ct(tmp_path / "ct", hounsfield(), GRID)
    cord, chiasm = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    cord[1:7, 18:22, 18:22] = True
    chiasm[3:5, 12:15, 14:20] = True
    masks = {"SpinalCord": cord, "OpticChiasm": chiasm, "Lens_L": np.zeros(GRID.shape, bool)}
    write_labelmap(LabelMap(masks, GRID), tmp_path / "contours.seg.nrrd")
    write_sample(sample(hounsfield(), GRID), tmp_path / "image.npz")
    return ExportRequest(
        "1", str(tmp_path / "contours.seg.nrrd"), str(tmp_path / "RS.dcm"),
        str(tmp_path / "image.npz"), "'CT'", files=tuple(map(str, files)),
        generated={"SpinalCord": "AUTOMATIC"}, models={"SpinalCord": "head_neck_7 0.2.0"},
    )  # fmt: skip


def test_a_request_goes_over_the_line_as_it_is(request_: ExportRequest) -> None:
    assert messages.parse_request(messages.encode(request_)) == request_


@pytest.mark.parametrize(
    "change", [{"files": [1]}, {"body": 1}, {"generated": {"A": 1}}, {"names": None}, {"image": ""},
               {"file_kind": "stl"}]
)
def test_wrong_values_are_refused(request_: ExportRequest, change: Any) -> None:
    with pytest.raises(messages.MessageError, match=next(iter(change))):
        replace(request_, **change)


def test_the_contours_come_back_and_an_empty_one_is_noted(
    request_: ExportRequest, tmp_path: Path
) -> None:
    archived = replace(request_, archive=str(tmp_path / "RS.seg.nrrd"))
    result = ExportService()(archived)
    assert result.structures == ("SpinalCord", "OpticChiasm")
    assert result.warnings == ("Empty structures are left out: Lens_L.",)
    found = read_structures(tmp_path / "RS.dcm", tmp_path / "ct").labelmap.masks
    assert found["SpinalCord"].sum() == 6 * 16 and found["OpticChiasm"].sum() == 2 * 3 * 6
    kept = (tmp_path / "RS.seg.nrrd").read_bytes()
    assert kept == (tmp_path / "contours.seg.nrrd").read_bytes()


def test_a_folder_does_where_the_files_are_not_known(
    request_: ExportRequest, tmp_path: Path
) -> None:
    ExportService()(replace(request_, files=(), folder=str(tmp_path / "ct")))
    assert (tmp_path / "RS.dcm").exists()


def test_the_outline_is_external_and_not_said_to_be_the_models(
    request_: ExportRequest, tmp_path: Path
) -> None:
    (tmp_path / "names.csv").write_text("name,roi_name\nBody,Patient\n")
    result = ExportService()(replace(request_, body=True, names=str(tmp_path / "names.csv")))
    assert result.structures == ("SpinalCord", "OpticChiasm", "Patient")
    found = pydicom.dcmread(tmp_path / "RS.dcm")
    rois = {roi.ROIName: roi for roi in found.StructureSetROISequence}
    assert rois["Patient"].ROIGenerationAlgorithm == "AUTOMATIC"
    assert "ROIGenerationDescription" not in rois["Patient"]
    assert "head_neck_7 0.2.0" in rois["SpinalCord"].ROIGenerationDescription
    assert found.RTROIObservationsSequence[2].RTROIInterpretedType == "EXTERNAL"
    body = read_structures(tmp_path / "RS.dcm", tmp_path / "ct").labelmap.masks["Patient"]
    assert body.sum() == pytest.approx((hounsfield() > -300).sum(), rel=0.02)


@pytest.mark.parametrize("body", [False, True])
def test_contours_keep_their_own_finer_grid_with_and_without_the_outline(
    request_: ExportRequest, tmp_path: Path, body: bool
) -> None:
    fine = Geometry((8, 80, 80), (3.0, 1.0, 1.0), (-40.5, -40.5, 10.0))
    sheet = np.zeros(fine.shape, bool)
    sheet[1:7, 40, 20:60] = True  # one fine voxel thick: the CT's pixels are twice as wide
    write_labelmap(LabelMap({"SpinalCord": sheet}, fine), tmp_path / "contours.seg.nrrd")
    result = ExportService()(replace(request_, body=body))
    assert result.warnings == ()
    found = pydicom.dcmread(tmp_path / "RS.dcm").ROIContourSequence[0].ContourSequence
    for contour in found:
        x, y = np.array(contour.ContourData, float).reshape(-1, 3)[:, :2].T
        area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        assert area == pytest.approx(40.0, rel=0.05)


def test_contours_of_another_ct_are_refused_with_the_outline_too(
    request_: ExportRequest, tmp_path: Path
) -> None:
    longer = Geometry((40, 40, 40), (3.0, 2.0, 2.0), (-40.0, -40.0, 10.0))
    cord = np.zeros(longer.shape, bool)
    cord[1:38, 18:22, 18:22] = True
    write_labelmap(LabelMap({"SpinalCord": cord}, longer), tmp_path / "contours.seg.nrrd")
    with pytest.raises(InputError, match="SpinalCord reaches 87.0 mm outside the CT"):
        ExportService()(replace(request_, body=True))
    assert not (tmp_path / "RS.dcm").exists()


def test_a_copy_that_cannot_be_kept_leaves_the_earlier_file_as_it_was(
    request_: ExportRequest, tmp_path: Path
) -> None:
    (tmp_path / "RS.dcm").write_bytes(b"old")
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        ExportService()(replace(request_, archive=str(tmp_path / "taken")))
    assert (tmp_path / "RS.dcm").read_bytes() == b"old"


def test_a_segmentation_tells_what_changed_on_the_pixels_of_the_ct(
    request_: ExportRequest, tmp_path: Path
) -> None:
    pytest.importorskip("highdicom")
    fine = Geometry((8, 80, 80), (3.0, 1.0, 1.0), (-40.5, -40.5, 10.0))
    sheet = np.zeros(fine.shape, bool)
    sheet[1:7, 40, 20:60] = True
    write_labelmap(LabelMap({"SpinalCord": sheet}, fine), tmp_path / "contours.seg.nrrd")
    result = ExportService()(replace(request_, file_kind="seg", body=True))
    assert len(result.warnings) == 1 and "SpinalCord has 0.72 ml" in result.warnings[0]


def test_a_segmentation_comes_back_with_what_made_it_and_the_outline(
    request_: ExportRequest, tmp_path: Path
) -> None:
    hd = pytest.importorskip("highdicom")
    how = {"SpinalCord": "SEMIAUTOMATIC", "OpticChiasm": "MANUAL", "Lens_L": "AUTOMATIC"}
    asked = replace(request_, file_kind="seg", output=str(tmp_path / "S.dcm"), body=True,
                    generated=how, models=dict.fromkeys(how, "head_neck_7 0.2.0"),
                    archive=str(tmp_path / "S.seg.nrrd"))  # fmt: skip
    result = ExportService()(messages.parse_request(messages.encode(asked)))
    assert result.structures == ("SpinalCord", "OpticChiasm", "Body")
    assert result.warnings == ("Empty structures are left out: Lens_L.",)
    found = hd.seg.segread(str(tmp_path / "S.dcm"))
    kinds = [each.SegmentAlgorithmType for each in found.SegmentSequence]
    assert kinds == ["SEMIAUTOMATIC", "MANUAL", "AUTOMATIC"]
    (algorithm,) = found.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("head_neck_7", "0.2.0")
    labelmap, frame = read_seg(tmp_path / "S.dcm")
    assert frame == made.FRAME and labelmap.masks["SpinalCord"].sum() == 6 * 16
    assert np.array_equal(labelmap.masks["Body"], body_mask(Volume(hounsfield(), GRID)))
    assert (tmp_path / "S.seg.nrrd").exists()


def test_a_segmentation_of_unknown_origin_is_refused(
    request_: ExportRequest, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="for OpticChiasm it is not known"):
        ExportService()(replace(request_, file_kind="seg"))
    assert not (tmp_path / "RS.dcm").exists()


# Refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": ()}, "The CT's DICOM files are not known"),
        ({"files": (), "folder": "/no/such"}, "/no/such is no folder"),
        ({"label": "far too long a label"}, "must have 1 to 16 plain characters"),
        ({"names": "/no/such.csv"}, "The name map /no/such.csv cannot be read"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_is_written(
    request_: ExportRequest, tmp_path: Path, change: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ExportService()(replace(request_, archive=str(tmp_path / "RS.seg.nrrd"), **change))
    assert not (tmp_path / "RS.dcm").exists() and not (tmp_path / "RS.seg.nrrd").exists()


def test_a_ct_that_is_not_the_images_is_refused(request_: ExportRequest, tmp_path: Path) -> None:
    mirrored = made.write_ct(tmp_path / "other", hounsfield()[:, :, ::-1], GRID)
    with pytest.raises(InputError, match="'CT' does not show what the CT of the DICOM series of"):
        ExportService()(replace(request_, files=tuple(map(str, mirrored))))
    assert not (tmp_path / "RS.dcm").exists()


def test_a_sample_that_is_cut_short_is_refused(request_: ExportRequest, tmp_path: Path) -> None:
    path = tmp_path / "image.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="image.npz cannot be read"):
        ExportService()(request_)


def test_a_cancelled_export_writes_nothing(request_: ExportRequest, tmp_path: Path) -> None:
    said: List[float] = []

    def progress(share: float, sentence: str) -> None:
        said.append(share)
        if share >= 0.8:
            raise Cancelled()

    with pytest.raises(Cancelled):
        ExportService()(request_, progress)
    assert said == sorted(said) and not (tmp_path / "RS.dcm").exists()
