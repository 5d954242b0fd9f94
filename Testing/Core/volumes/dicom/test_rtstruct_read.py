"""What stands in a structure set, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import numpy as np
import pydicom
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.rtstruct_read import read_structure_set

SQUARE = made.box((0, 0), (9, 9), 3.0)


def _saved(tmp_path: Path, *rois: made.roi) -> Path:
    return made.save(made.structure_set(rois), tmp_path / "RS.dcm")


def test_structures_contours_and_references_are_read(tmp_path: Path) -> None:
    item = made.contour(SQUARE, image="2.25.7")
    path = _saved(tmp_path, made.roi("Heart", [item]), made.roi("Lung", [SQUARE, SQUARE + 1]))
    found = read_structure_set(path)
    heart, lung = found.rois
    assert (heart.name, lung.name, found.label) == ("Heart", "Lung", "TEST")
    assert heart.images == {"2.25.7"} and not lung.images
    assert heart.frame_of_reference == made.FRAME and found.series == (made.SERIES,)
    assert np.allclose(heart.contours[0].points, SQUARE) and len(lung.contours) == 2


def test_colours_are_read_where_there_are_any(tmp_path: Path) -> None:
    content = made.structure_set([made.roi(name, [SQUARE]) for name in ("A", "B", "C")])
    content.ROIContourSequence[0].ROIDisplayColor = [255, 0, 64]
    content.ROIContourSequence[1].ROIDisplayColor = [255, 0]
    found = read_structure_set(made.save(content, tmp_path / "RS.dcm"))
    assert [roi.color for roi in found.rois] == [(255, 0, 64), None, None]
    assert found.instance == content.SOPInstanceUID


def test_contours_that_enclose_nothing_are_counted_not_filled(tmp_path: Path) -> None:
    path = _saved(tmp_path, made.roi("A", [
        SQUARE, made.contour([[1, 2, 3]], "POINT"), made.contour(SQUARE[:3], "OPEN_PLANAR"),
        made.contour(SQUARE[:2]), made.contour(SQUARE, "CLOSEDPLANAR_XOR"),
    ]))  # fmt: skip
    (roi,) = read_structure_set(path).rois
    assert [contour.xor for contour in roi.contours] == [False, True]
    assert roi.passed_over == {
        "of type POINT": 1, "of type OPEN_PLANAR": 1, "of less than three points": 1,
    }


def test_two_structures_of_one_name_are_kept_apart_and_told(tmp_path: Path) -> None:
    found = read_structure_set(_saved(tmp_path, made.roi("A", [SQUARE]), made.roi("A", [SQUARE])))
    assert [roi.name for roi in found.rois] == ["A", "A (2)"]
    assert "Two structures are named 'A'" in found.notes[0]


@pytest.mark.filterwarnings("ignore:The value for the data element")  # pydicom writes UN instead
def test_points_of_more_than_64_kilobytes_are_read_from_both_encodings(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    circle = np.c_[100 * np.cos(angle), 100 * np.sin(angle), np.full(4000, 3.0)]
    content = made.structure_set([made.roi("A", [circle])])
    for syntax in ("1.2.840.10008.1.2", made.EXPLICIT):
        (roi,) = read_structure_set(made.save(content, tmp_path / "RS.dcm", syntax)).rois
        assert np.allclose(roi.contours[0].points, circle, atol=1e-4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["1", "2", "3", "4"], "A, contour 1 holds 4 numbers, which is no multiple of three"),
        (["1", "2", "x", "1", "2", "3"], "A, contour 1: ContourData is damaged"),
        (["1", "2", "nan", "1", "2", "3"], "A, contour 1: ContourData holds a number that is not"),
    ],
)
def test_damaged_points_are_refused_and_named(tmp_path: Path, data: list, message: str) -> None:
    path = _saved(tmp_path, made.roi("A", [SQUARE]))
    raw = path.read_bytes()
    old = "\\".join(f"{value:.4f}" for value in SQUARE.ravel()).encode()
    assert raw.count(old) == 1
    path.write_bytes(raw.replace(old, "\\".join(data).encode().ljust(len(old))))
    with pytest.raises(InputError, match=message):
        read_structure_set(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    grid = made.Geometry((1, 4, 4))
    (ct,) = made.write_ct(tmp_path, np.zeros((1, 4, 4), np.int16), grid)
    with pytest.raises(InputError, match="no structure set"):
        read_structure_set(ct)
    (tmp_path / "x.dcm").write_bytes(b"hello")
    with pytest.raises(InputError, match="no DICOM file, or damaged"):
        read_structure_set(tmp_path / "x.dcm")


def test_two_structures_of_one_number_are_refused_and_named(tmp_path: Path) -> None:
    rois = [made.roi(name, [SQUARE + n]) for n, name in enumerate(("Parotid_L", "Parotid_R"))]
    content = made.structure_set(rois)
    content.StructureSetROISequence[1].ROINumber = 1
    content.ROIContourSequence[1].ReferencedROINumber = 1
    path = made.save(content, tmp_path / "RS.dcm")
    with pytest.raises(InputError, match="'Parotid_L' and 'Parotid_R' have the same ROI number 1"):
        read_structure_set(path)


@pytest.mark.parametrize("number", [None, ""])
def test_a_structure_without_a_number_is_refused_and_named(
    tmp_path: Path, number: Optional[str]
) -> None:
    content = made.structure_set([made.roi("A", [SQUARE]), made.roi("B", [SQUARE])])
    content.StructureSetROISequence[1].ROINumber = number
    if number is None:
        del content.StructureSetROISequence[1].ROINumber
    with pytest.raises(InputError, match="the structure 'B' has no ROI number"):
        read_structure_set(made.save(content, tmp_path / "RS.dcm"))


def test_contours_that_stand_in_two_places_are_joined_and_told(tmp_path: Path) -> None:
    content = made.structure_set(
        [made.roi("A", [SQUARE, SQUARE + 1]), made.roi("B", [SQUARE + 2]), made.roi("", [])]
    )
    del content.StructureSetROISequence[2]
    content.ROIContourSequence[2].ReferencedROINumber = 1
    content.ROIContourSequence[2].ContourSequence = [made.contour(SQUARE + 3)]
    content.ROIContourSequence[2].ROIDisplayColor = [1, 2, 3]
    found = read_structure_set(made.save(content, tmp_path / "RS.dcm"))
    first, second = found.rois
    assert [each.points[0, 2] for each in first.contours] == [3.0, 4.0, 6.0]
    assert [each.points[0, 2] for each in second.contours] == [5.0]
    assert first.color == (1, 2, 3) and second.color is None
    assert found.notes == ("A: its contours stand in 2 places of the file; all were taken.",)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(["ORGAN"], "ORGAN"), (["", "PTV"], "PTV"), (["PTV", "CTV"], ""), ([], "")],
)
def test_an_interpreted_type_is_told_where_all_observations_agree(
    tmp_path: Path, kinds: List[str], expected: str
) -> None:
    content = made.structure_set([made.roi("A", [SQUARE])])
    content.RTROIObservationsSequence = [pydicom.Dataset() for _ in kinds]
    for number, kind in enumerate(kinds):
        content.RTROIObservationsSequence[number].ReferencedROINumber = 1
        content.RTROIObservationsSequence[number].RTROIInterpretedType = kind
    (roi,) = read_structure_set(made.save(content, tmp_path / "RS.dcm")).rois
    assert roi.kind == expected


def test_contours_of_a_structure_without_a_name_are_refused(tmp_path: Path) -> None:
    path = _saved(tmp_path, made.roi("A", [SQUARE]))
    content = pydicom.dcmread(path)
    content.ROIContourSequence[0].ReferencedROINumber = 7
    content.save_as(path)
    with pytest.raises(InputError, match="ROI number 7"):
        read_structure_set(path)
