"""`autocontourrt segment` from a DICOM folder to a structure set, with a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import SegmentResult
from AutoContourRTCore.segmentation import service, structure_set
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.segfile import read_labelmap


@pytest.fixture()
def dicom(phantom_ct: Path, tmp_path: Path) -> Path:
    """The phantom as a CT series."""
    volume = read_volume(phantom_ct)
    made.write_ct(tmp_path / "ct", np.asarray(volume.array), volume.geometry)
    return tmp_path / "ct"


def test_a_structure_set_on_the_cts_slices_and_the_raw_result_beside_it(
    command: Any, dicom: Path, tmp_path: Path
) -> None:
    done = command("segment", dicom, "-o", tmp_path / "RS.dcm", "--model", "tiny", "--body",
                   "--device", "cpu", "--label", "auto")  # fmt: skip
    assert done.code == 0, done.err
    assert f"Written: {tmp_path / 'RS.dcm'}" in done.out and "Research use only" in done.out
    raw = read_labelmap(tmp_path / "RS.seg.nrrd")
    found = read_structures(tmp_path / "RS.dcm", dicom).labelmap
    assert found.names == (*raw.names, "Body") and "SpinalCord" in raw.names
    for name, mask in raw.masks.items():
        assert np.array_equal(found.masks[name], mask)
    content = pydicom.dcmread(tmp_path / "RS.dcm")
    assert (content.StructureSetLabel, content.ApprovalStatus) == ("auto", "UNAPPROVED")
    head = content.StructureSetROISequence[0]
    assert head.ROIGenerationAlgorithm == "AUTOMATIC"
    assert head.ROIGenerationDescription.endswith("model tiny 1.0")
    assert content.RTROIObservationsSequence[-1].RTROIInterpretedType == "EXTERNAL"


def test_the_series_is_chosen_by_its_uid(command: Any, dicom: Path, tmp_path: Path) -> None:
    volume = read_volume(dicom)
    made.write_ct(dicom / "b", np.asarray(volume.array)[:20],
                  volume.geometry.cropped((0, 0, 0), (20, *volume.geometry.shape[1:])),
                  SeriesInstanceUID="2.25.9", SeriesDescription="short")  # fmt: skip
    out = tmp_path / "RS.dcm"
    done = command("segment", dicom, "-o", out, "--model", "tiny")
    assert done.code == 2 and "holds 2 CT series" in done.err and "'short', 20 slices" in done.err
    done = command("segment", dicom, "-o", out, "--model", "tiny", "--series", made.SERIES)
    assert done.code == 0, done.err
    assert read_labelmap(tmp_path / "RS.seg.nrrd").geometry.shape == volume.geometry.shape


def test_earlier_results_are_kept_unless_force_is_said(
    command: Any, dicom: Path, tmp_path: Path
) -> None:
    (tmp_path / "RS.seg.nrrd").write_bytes(b"edited")
    done = command("segment", dicom, "-o", tmp_path / "RS.dcm", "--model", "tiny")
    assert done.code == 2 and "RS.seg.nrrd exists already" in done.err
    assert not (tmp_path / "RS.dcm").exists()


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (InputError("It cannot be."), 2)]
)
def test_a_structure_set_that_is_not_written_leaves_no_archive_and_an_earlier_one_as_it_was(
    command: Any, dicom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    error: BaseException, code: int,
) -> None:  # fmt: skip
    """The contours are computed; then Ctrl-C, or what only the writing finds out."""
    written = []

    def stop(contours: Path, *others: Any) -> None:
        written.extend(read_labelmap(contours).names)
        raise error

    monkeypatch.setattr(structure_set, "write_structure_set", stop)
    words = ("segment", dicom, "-o", tmp_path / "RS.dcm", "--model", "tiny")
    assert command(*words).code == code
    assert "SpinalCord" in written
    assert [path.name for path in tmp_path.iterdir()] == ["ct"]
    (tmp_path / "RS.seg.nrrd").write_bytes(b"earlier")
    assert command(*words, "--force").code == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["RS.seg.nrrd", "ct"]
    assert (tmp_path / "RS.seg.nrrd").read_bytes() == b"earlier"


def test_a_ct_that_no_structure_set_can_name_is_told_before_anything_is_computed(
    command: Any, phantom_ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = read_volume(phantom_ct)
    made.write_ct(tmp_path / "ct", np.asarray(volume.array), volume.geometry,
                  FrameOfReferenceUID="")  # fmt: skip
    monkeypatch.setattr(service, "SegmentationService", lambda: pytest.fail("it was computed"))
    done = command("segment", tmp_path / "ct", "-o", tmp_path / "RS.dcm", "--model", "tiny")
    assert done.code == 2 and "has no UID of its frame of reference" in done.err


def test_a_tilted_series_is_contoured_on_its_own_planes_and_told(
    command: Any, phantom_ct: Path, tmp_path: Path
) -> None:
    volume = read_volume(phantom_ct)
    grid = volume.geometry
    positions = [grid.to_lps([k, 0, 0]) + np.array([0.0, 0.2 * k, 0.0])
                 for k in range(grid.shape[0])]  # fmt: skip
    made.write_ct(tmp_path / "ct", np.asarray(volume.array), grid, positions)
    done = command("segment", tmp_path / "ct", "-o", tmp_path / "RS.dcm", "--model", "tiny")
    assert done.code == 0, done.err
    assert "Warning:" in done.err and "sheared" in done.err
    content = pydicom.dcmread(tmp_path / "RS.dcm")
    heights = {str(pydicom.dcmread(path).SOPInstanceUID): pydicom.dcmread(path)
               for path in (tmp_path / "ct").iterdir()}  # fmt: skip
    for contour in content.ROIContourSequence[0].ContourSequence:
        source = heights[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        points = np.reshape(contour.ContourData, (-1, 3)).astype(float)
        assert np.abs(points[:, 2] - float(source.ImagePositionPatient[2])).max() < 1e-2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "RS.dcm", "--label", "a label that is too long"], "1 to 16 plain characters"),
        (["-o", "RS.dcm", "--names", "no.csv"], "no.csv cannot be read"),
        (["-o", "o.seg.nrrd", "--body"], "--body: for a structure set"),
        (["-o", "RS.dcm", "--series", "1.2"], "no CT series of UID or description '1.2'"),
        (["-o", "RS.txt"], "or in .dcm for a structure set"),
        (["-o", "o.seg.dcm"], "bring it into a .seg.dcm with `autocontourrt convert`"),
    ],
)
def test_what_cannot_be_exported_is_told_before_anything_is_computed(
    command: Any, dicom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: list, message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = command("segment", dicom, "--model", "tiny", *words)
    assert done.code == 2 and message in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["ct"]


def test_the_outlines_name_is_looked_at_before_anything_is_computed(
    command: Any, dicom: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name,roi_name\nBody,ExternalPatientOutline\n", encoding="utf-8")
    done = command("segment", dicom, "-o", tmp_path / "RS.dcm", "--model", "tiny", "--body",
                   "--names", names)  # fmt: skip
    assert done.code == 2 and "22 characters, 16 are allowed" in done.err
    assert "Contouring" not in done.err


def test_where_nothing_is_found_the_reasons_are_told(
    command: Any, dicom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(self: Any, request: Any, *others: Any) -> Any:
        return SegmentResult(request.output, {}, {"SpinalCord": "not found"}, ())

    monkeypatch.setattr(service.SegmentationService, "__call__", nothing)
    done = command("segment", dicom, "-o", tmp_path / "RS.dcm", "--model", "tiny")
    assert done.code == 2 and "RS.dcm was not written. SpinalCord: not found" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["ct"]


def test_an_image_file_cannot_become_a_structure_set(
    command: Any, phantom_ct: Path, tmp_path: Path
) -> None:
    done = command("segment", phantom_ct, "-o", tmp_path / "RS.dcm", "--model", "tiny")
    assert done.code == 2 and "must name the DICOM images it belongs to" in done.err


def test_a_name_map_can_be_written_for_a_models_structures(command: Any, tmp_path: Path) -> None:
    done = command("segment", tmp_path, "--model", "tiny", "--write-names", tmp_path / "n.csv")
    assert done.code == 0, done.err
    assert "Parotid_L,Parotid_L,ORGAN" in (tmp_path / "n.csv").read_text("utf-8")
