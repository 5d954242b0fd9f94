"""Structure sets, segmentations and doses, read by the worker for an image that a user has open."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
from pydicom.dataset import Dataset

import dicom_series as made
from AutoContourRTCore import messages
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.volumes.dicom.read_service import (
    ReadRtRequest,
    ReadRtService,
    ReadStructure,
    segment_names,
)
from AutoContourRTCore.volumes.dicom.same_image import sample, write_sample
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.segfile import read_labelmap

GRID = Geometry((6, 30, 40), (3.0, 2.0, 1.5), (-30.0, -25.0, 7.0))
DOSE_GRID = Geometry((4, 5, 6), (3.0, 4.0, 5.0), (-20.0, -15.0, 7.0))


def hounsfield() -> np.ndarray:
    k, j, i = np.indices(GRID.shape)
    return (20 * k + 5 * j - 4 * i).astype(np.int16)


def rectangle(name: str, slices: range = range(1, 4), **named: Any) -> made.roi:
    """A box of 4 x 6 voxels, rows 10 to 13, columns 20 to 25."""
    low, high = GRID.to_lps([0, 9.5, 19.5]), GRID.to_lps([0, 13.5, 25.5])
    planes = [made.box(low[:2], high[:2], GRID.to_lps([k, 0, 0])[2]) for k in slices]
    return made.roi(name, planes, **named)


def colored(content: Dataset, number: int, color: Any) -> None:
    content.ROIContourSequence[number].ROIDisplayColor = color


@pytest.fixture()
def request_(tmp_path: Path) -> ReadRtRequest:
    """For a CT as it was loaded."""
    files = made.write_ct(tmp_path / "ct", hounsfield(), GRID)
    write_sample(sample(hounsfield(), GRID), tmp_path / "image.npz")
    return ReadRtRequest(
        "1", str(tmp_path / "RS.dcm"), str(tmp_path / "result"), "'CT'", asdict(GRID),
        tuple(map(str, files)), str(tmp_path / "image.npz"),
    )  # fmt: skip


def structures(tmp_path: Path, *rois: made.roi) -> Dataset:
    content = made.structure_set(rois)
    made.save(content, tmp_path / "RS.dcm")
    return content


def test_a_request_goes_over_the_line_as_it_is(request_: ReadRtRequest) -> None:
    there = messages.parse_request(messages.encode(request_))
    assert Geometry(**there.grid) == GRID and replace(there, grid=request_.grid) == request_


def test_structures_come_on_the_grid_with_their_names_and_colours(
    request_: ReadRtRequest, tmp_path: Path
) -> None:
    content = structures(tmp_path, rectangle("Cord"), rectangle("GTV 1", range(2, 6)))
    colored(content, 0, [255, 0, 128])
    made.save(content, tmp_path / "RS.dcm")
    result = ReadRtService()(request_)
    assert result.structures == (
        ReadStructure("SpinalCord", "Cord", (255, 0, 128)), ReadStructure("GTV 1", "GTV 1"),
    )  # fmt: skip
    assert (result.label, result.instance) == ("RTSTRUCT TEST", content.SOPInstanceUID)
    found = read_labelmap(result.output)
    assert found.geometry.same_grid(GRID) and found.names == ("SpinalCord", "GTV 1")
    expected = np.zeros(GRID.shape, bool)
    expected[1:4, 10:14, 20:26] = True
    assert np.array_equal(found.masks["SpinalCord"], expected)
    assert found.masks["GTV 1"].sum() == 4 * 24


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["Cord", "Parotid Left"], ["SpinalCord", "Parotid_L"]),
        (["Parotid_L", "parotid left"], ["Parotid_L", "parotid left"]),
        (["PTV_High", "Ring 2"], ["PTV_High", "Ring 2"]),
    ],
)
def test_names_become_those_of_tg_263_unless_two_would_be_one(
    written: List[str], expected: List[str]
) -> None:
    assert list(segment_names(written).values()) == expected


def test_what_the_user_must_know_is_told(request_: ReadRtRequest, tmp_path: Path) -> None:
    aside = made.box((-300, -10), (-20, 10), GRID.to_lps([2, 0, 0])[2])
    content = structures(
        tmp_path, rectangle("Cord", range(1, 9)), made.roi("Arm", [made.contour(aside, image="1")]),
        rectangle("Other", frame="2.25.999"),
    )  # fmt: skip
    made.save(content, tmp_path / "RS.dcm")
    told = " ".join(ReadRtService()(request_).warnings)
    assert "Cord: 3 of 8 contour planes lie outside the image" in told
    assert "Arm: its contours reach 270 mm over the side of the image" in told
    assert "Other is left out: its frame of reference (2.25.999)" in told
    assert "1 of 1 images that the contours refer to are not in" in told


def test_a_ct_whose_slices_had_to_be_resampled_is_told(
    request_: ReadRtRequest, tmp_path: Path
) -> None:
    positions = [GRID.to_lps([k, 0, 0]) + [0.0, 0.3 * k, 0.0] for k in range(GRID.shape[0])]
    paths = made.write_ct(tmp_path / "sheared", hounsfield(), GRID, positions)
    structures(tmp_path, rectangle("Cord"))
    result = ReadRtService()(replace(request_, files=tuple(map(str, paths)), image=""))
    assert "they were resampled to an upright grid" in " ".join(result.warnings)


def test_a_keyhole_leaves_its_hole_open(request_: ReadRtRequest, tmp_path: Path) -> None:
    z = GRID.to_lps([2, 0, 0])[2]
    outer = made.box((-10.1, -10.1), (10.1, 10.1), z)
    inner = made.box((-4.1, -4.1), (4.1, 4.1), z)[::-1]
    keyhole = np.concatenate([outer, outer[:1], inner, inner[:1]])
    structures(tmp_path, made.roi("Ring", [keyhole]))
    mask = read_labelmap(ReadRtService()(request_).output).masks["Ring"]
    middle = np.rint(GRID.to_kji([0, 0, z])).astype(int)
    area = mask.sum() * GRID.spacing[1] * GRID.spacing[2]
    assert not mask[tuple(middle)] and area == pytest.approx(20.2**2 - 8.2**2, rel=0.1)


def test_without_dicom_slices_it_says_that_coordinates_alone_decided(
    request_: ReadRtRequest, tmp_path: Path
) -> None:
    structures(tmp_path, rectangle("Cord"))
    bare = replace(request_, files=(), image="", no_files="Nothing names its slices.")
    first, second = ReadRtService()(bare).warnings
    assert first == "Nothing names its slices." and "by their coordinates alone" in second


def test_a_dose_comes_in_gray_on_its_own_grid(request_: ReadRtRequest, tmp_path: Path) -> None:
    stored = np.arange(np.prod(DOSE_GRID.shape), dtype=np.uint32).reshape(DOSE_GRID.shape)
    made.save(made.dose(stored, DOSE_GRID, 0.5, SeriesDescription="Plan 1"), tmp_path / "RD.dcm")
    result = ReadRtService()(replace(request_, input=str(tmp_path / "RD.dcm")))
    assert Geometry(**result.grid).same_grid(DOSE_GRID)
    assert np.array_equal(np.load(result.output), 0.5 * stored)
    assert (result.kind, result.label, result.warnings) == ("dose", "RTDOSE Plan 1", ())


def test_a_segmentation_comes_on_the_grid_of_the_image(
    request_: ReadRtRequest, tmp_path: Path
) -> None:
    pytest.importorskip("highdicom")
    from AutoContourRTCore.volumes.dicom.highdicom_files import write_seg
    from AutoContourRTCore.volumes.dicom.rtstruct_write import Export
    from AutoContourRTCore.volumes.dicom.series import find_series
    from AutoContourRTCore.volumes.labelmap import LabelMap

    masks = {name: np.zeros(GRID.shape, bool) for name in ("Brainstem", "Odd one")}
    masks["Brainstem"][1:4, 5:9, 7:12], masks["Odd one"][2:6, 8:20, 10:11] = True, True
    export = Export(generated={name: "MANUAL" for name in masks})
    write_seg(LabelMap(masks, GRID), find_series(tmp_path / "ct"), tmp_path / "S.dcm", export)
    result = ReadRtService()(replace(request_, input=str(tmp_path / "S.dcm")))
    found = read_labelmap(result.output)
    assert result.warnings == () and found.names == ("Brainstem", "Odd one")
    assert result.label == "SEG CONTOURS"
    assert all(np.array_equal(found.masks[name], mask) for name, mask in masks.items())
    grey = result.structures[1].color
    assert grey is not None and max(abs(part - 128) for part in grey) <= 2
    cropped = GRID.cropped((0, 0, 0), (6, 30, 10))
    cut = ReadRtService()(
        replace(request_, input=str(tmp_path / "S.dcm"), grid=asdict(cropped), image="")
    )
    assert any("Brainstem has 0.54 ml in the file and 0.32 ml" in each for each in cut.warnings)


# Refused


def test_another_kind_of_file_is_refused(request_: ReadRtRequest, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is DICOM, but no structure set"):
        ReadRtService()(replace(request_, input=request_.files[0]))
    (tmp_path / "notes.txt").write_text("no DICOM")
    with pytest.raises(InputError, match="is no DICOM structure set"):
        ReadRtService()(replace(request_, input=str(tmp_path / "notes.txt")))
    with pytest.raises(InputError, match="gone.dcm cannot be read .*still there"):
        ReadRtService()(replace(request_, input=str(tmp_path / "gone.dcm")))


def test_an_image_that_was_moved_is_refused(request_: ReadRtRequest, tmp_path: Path) -> None:
    structures(tmp_path, rectangle("Cord"))
    moved = replace(GRID, origin=(-30.0, -25.0, 10.0))
    write_sample(sample(hounsfield(), moved), tmp_path / "image.npz")
    with pytest.raises(InputError, match="'CT' does not show what the CT of"):
        ReadRtService()(replace(request_, grid=asdict(moved)))
    assert not (tmp_path / "result.seg.nrrd").exists()


def test_the_contours_and_the_dose_of_another_patient_are_refused(
    request_: ReadRtRequest, tmp_path: Path
) -> None:
    made.save(made.structure_set([rectangle("Cord", frame="2.25.7")], frame="2.25.7"),
              tmp_path / "RS.dcm")  # fmt: skip
    with pytest.raises(InputError, match="nothing of it lies on .*Cord is left out"):
        ReadRtService()(request_)
    made.save(made.dose(np.ones(DOSE_GRID.shape, np.uint16), DOSE_GRID,
                        FrameOfReferenceUID="2.25.7"), tmp_path / "RD.dcm")  # fmt: skip
    with pytest.raises(InputError, match="2.25.7.*it belongs to another image"):
        ReadRtService()(replace(request_, input=str(tmp_path / "RD.dcm")))


@pytest.mark.parametrize("change", [{"grid": 1}, {"files": [1]}, {"no_files": None}])
def test_wrong_values_are_refused(request_: ReadRtRequest, change: Any) -> None:
    with pytest.raises(messages.MessageError, match=next(iter(change))):
        replace(request_, **change)


def test_it_can_be_cancelled_between_two_structures(
    request_: ReadRtRequest, tmp_path: Path
) -> None:
    structures(tmp_path, rectangle("Cord"), rectangle("Brain"))
    said: List[str] = []

    def progress(share: float, sentence: str) -> None:
        said.append(sentence)
        if sentence == "drawing Brain":
            raise Cancelled()

    with pytest.raises(Cancelled):
        ReadRtService()(request_, progress)
    assert "drawing Cord" in said and not (tmp_path / "result.seg.nrrd").exists()
