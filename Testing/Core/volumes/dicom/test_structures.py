"""Structure sets on the CT they belong to: by frame of reference, lenient and outspoken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.polygons import area
from AutoContourRTCore.volumes.dicom.rtstruct_read import read_structure_set
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.files import read_volume, write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((6, 20, 20), (3.0, 1.0, 1.0))
HU = np.zeros(GRID.shape, np.int16)
SQUARE = made.box((4.5, 4.5), (9.5, 9.5), 6.0)


@pytest.fixture()
def ct(tmp_path: Path) -> Path:
    made.write_ct(tmp_path / "ct", HU, GRID)
    return tmp_path / "ct"


def _saved(folder: Path, *rois: made.roi, **references: Any) -> Path:
    return made.save(made.structure_set(rois, **references), folder / "RS.dcm")


def test_the_ct_is_found_beside_the_structure_set(ct: Path) -> None:
    found = read_structures(_saved(ct, made.roi("A", [SQUARE])))
    assert found.labelmap.masks["A"].sum() == 25 and found.labelmap.geometry.same_grid(GRID)
    assert found.frame_of_reference == made.FRAME and not found.notes


def test_without_ct_the_way_out_is_told(tmp_path: Path) -> None:
    path = _saved(tmp_path / "rs", made.roi("A", [SQUARE]))
    with pytest.raises(InputError, match="needs the CT.*--ct FOLDER"):
        read_structures(path)
    with pytest.raises(InputError, match="does not exist"):
        read_structures(path, tmp_path / "nothing")


def test_references_that_do_not_resolve_are_told_and_the_frame_decides(
    ct: Path, tmp_path: Path
) -> None:
    item = made.contour(SQUARE, image="2.25.999")
    path = _saved(tmp_path, made.roi("A", [item]), series="2.25.998")
    found = read_structures(path, ct)
    assert found.labelmap.masks["A"].sum() == 25
    assert "1 of 1 images that the contours refer to are not in" in found.notes[0]


def test_structures_of_another_frame_are_left_out_and_named(ct: Path, tmp_path: Path) -> None:
    path = _saved(tmp_path, made.roi("A", [SQUARE]), made.roi("MR", [SQUARE], frame="2.25.55"))
    found = read_structures(path, ct)
    assert found.labelmap.names == ("A",)
    assert any("MR is left out: its frame of reference (2.25.55)" in note for note in found.notes)
    alone = _saved(tmp_path, made.roi("MR", [SQUARE], frame="2.25.55"), frame="2.25.55")
    with pytest.raises(InputError, match="nothing of it lies on.*MR is left out"):
        read_structures(alone, ct)


def test_another_frame_is_forgiven_where_the_contours_name_the_slices(tmp_path: Path) -> None:
    (first, *_) = made.write_ct(tmp_path / "ct", HU, GRID)
    uid = str(made.pydicom.dcmread(first).SOPInstanceUID)
    roi = made.roi("A", [made.contour(SQUARE, image=uid)], frame="2.25.55")
    found = read_structures(_saved(tmp_path, roi, frame="2.25.55"), tmp_path / "ct")
    assert found.labelmap.masks["A"].sum() == 25
    assert "its frame of reference is not the CT's" in found.notes[0]


def test_of_several_ct_the_one_is_taken_that_is_referred_to_else_that_of_the_frame(
    tmp_path: Path,
) -> None:
    made.write_ct(tmp_path / "ct", HU, GRID)
    made.write_ct(tmp_path / "ct2", HU[:4], GRID.cropped((0, 0, 0), (4, 20, 20)),
                  SeriesInstanceUID="2.25.4")  # fmt: skip
    made.write_ct(tmp_path / "ct3", HU[:3], GRID.cropped((0, 0, 0), (3, 20, 20)),
                  SeriesInstanceUID="2.25.3", FrameOfReferenceUID="2.25.33")  # fmt: skip
    named = _saved(tmp_path / "rs", made.roi("A", [SQUARE]), series="2.25.4")
    assert read_structures(named, tmp_path).labelmap.geometry.shape[0] == 4
    other = made.roi("A", [SQUARE], "2.25.33")
    by_frame = _saved(tmp_path / "rs", other, series="", frame="2.25.33")
    assert read_structures(by_frame, tmp_path).labelmap.geometry.shape[0] == 3
    neither = _saved(tmp_path / "rs", made.roi("A", [SQUARE]), series="2.25.1")
    with pytest.raises(InputError, match="holds 2 CT series"):
        read_structures(neither, tmp_path)


def test_an_image_file_serves_as_ct_and_that_is_told(tmp_path: Path) -> None:
    write_volume(Volume(HU, GRID), tmp_path / "ct.nrrd")
    found = read_structures(_saved(tmp_path, made.roi("A", [SQUARE])), tmp_path / "ct.nrrd")
    assert found.labelmap.masks["A"].sum() == 25
    assert "has no frame of reference" in found.notes[0]


def test_what_is_not_closed_or_not_drawn_is_told(ct: Path, tmp_path: Path) -> None:
    thin = made.box((4.6, 4.6), (4.9, 9.5), 6.0)
    path = _saved(
        tmp_path, made.roi("A", [SQUARE]), made.roi("Empty", []), made.roi("Thin", [thin]),
        made.roi("POI", [made.contour([[1, 1, 6]], "POINT")]),
    )  # fmt: skip
    found = read_structures(path, ct)
    assert found.labelmap.names == ("A", "Thin") and not found.labelmap.masks["Thin"].any()
    text = "\n".join(found.notes)
    assert "Empty is left out: it has no closed contours" in text
    assert "POI: contours passed over: 1 of type POINT" in text
    assert "Thin: no voxel's centre lies inside" in text


def test_contours_of_a_tilted_gantry_lie_right_on_the_upright_grid(tmp_path: Path) -> None:
    tilt = np.deg2rad(15.0)
    down = np.array([0.0, np.cos(tilt), -np.sin(tilt)])
    axes = (tuple(np.cross((1, 0, 0), down)), tuple(down), (1.0, 0.0, 0.0))
    geometry = Geometry((6, 30, 30), (3.0, 1.0, 1.0), axes=axes)  # type: ignore[arg-type]
    positions = [np.array([0.0, 0.0, 3.0 * k]) for k in range(6)]
    made.write_ct(tmp_path, np.zeros((6, 30, 30), np.int16), geometry, positions)
    squares = [position + np.array([[x, 0, 0] for x in (9.5, 19.5, 19.5, 9.5)])
               + np.outer((9.5, 9.5, 19.5, 19.5), down) for position in positions]
    found = read_structures(_saved(tmp_path, made.roi("A", squares)))
    mask, grid = found.labelmap.masks["A"], found.labelmap.geometry
    assert mask.sum() == pytest.approx(600, abs=60) and "sheared" in found.notes[0]
    centre = grid.to_lps(np.argwhere(mask)).mean(axis=0)
    expected = np.mean([square.mean(axis=0) for square in squares], axis=0)
    assert np.abs(centre - expected).max() < 0.6


@pytest.mark.parametrize("step", [4.0, 3.0])
def test_contours_on_all_slices_of_two_distances_leave_no_slice_of_the_even_grid_empty(
    tmp_path: Path, step: float
) -> None:
    heights = [2.0 * k for k in range(12)] + [22.0 + step * k for k in range(1, 9)]
    positions = [np.array([0.0, 0.0, height]) for height in heights]
    ct = Geometry((20, 30, 30), (2.0, 1.0, 1.0))
    made.write_ct(tmp_path, np.zeros(ct.shape, np.int16), ct, positions)
    squares = [made.box((9.5, 9.5), (19.5, 19.5), height) for height in heights]
    rois = made.roi("A", squares), made.roi("Two", squares[:13] + squares[15:])
    found = read_structures(_saved(tmp_path, *rois))
    whole, parted = (found.labelmap.masks[name].any(axis=(1, 2)) for name in ("A", "Two"))
    assert whole.all() and found.labelmap.volume_ml("A") == pytest.approx(
        0.1 * len(whole) * found.labelmap.geometry.spacing[0]
    )
    places = found.labelmap.geometry.spacing[0] * np.arange(len(whole))
    low, high = heights[12] + step / 2, heights[15] - step / 2  # half way to the next slice
    missing = (places > low - 1e-6) & (places < high - 1e-6)
    assert np.array_equal(parted, ~missing)
    assert [note for note in found.notes if note.startswith(("A:", "Two:"))] == [
        f"Two: {missing.sum()} slices between its contours have none; they were left empty."
    ]


def test_a_real_structure_set_whose_references_do_not_resolve(shared_data: Path) -> None:
    """Against the areas of its polygons, and against the mask that another program made."""
    folder = shared_data / "dicom_sts" / "STS_001"
    found = read_structures(folder / "dicom" / "mask" / "RS.dcm", folder / "dicom" / "image")
    (mask,) = found.labelmap.masks.values()
    assert found.labelmap.names == ("GTV_Mass_CT",)
    assert "31 of 31 images that the contours refer to are not in" in found.notes[0]
    (roi,) = read_structure_set(folder / "dicom" / "mask" / "RS.dcm").rois
    areas = sum(abs(area(contour.points[:, 1::-1])) for contour in roi.contours)
    thickness = found.labelmap.geometry.spacing[0]
    millilitres = areas * thickness / 1000
    assert found.labelmap.volume_ml("GTV_Mass_CT") == pytest.approx(millilitres, rel=0.02)
    theirs = SimpleITK.ReadImage(str(folder / "nifti" / "mask.nii.gz"))
    other = SimpleITK.GetArrayFromImage(theirs) > 0
    assert 2 * (mask & other).sum() / (mask.sum() + other.sum()) > 0.99
    ct = read_volume(folder / "dicom" / "image")
    assert found.labelmap.geometry.same_grid(ct.geometry)
