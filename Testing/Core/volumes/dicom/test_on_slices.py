"""Masks on other grids than the CT's, brought into the planes of its slices."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.on_slices import check_inside, contours_on, masks_on
from AutoContourRTCore.volumes.dicom.rtstruct_write import contour_volume_ml
from AutoContourRTCore.volumes.dicom.series import Series, find_series
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap

GRID = Geometry((12, 40, 50), (3.0, 1.0, 1.25), (-20.0, -30.0, 100.0))
CENTRE = np.array([-20 + 1.25 * 24, -30 + 19.0, 100 + 3 * 5.3])  # x, y, z
RADIUS = 11.0
BALL_ML = 4 / 3 * np.pi * RADIUS**3 / 1000


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    folder = tmp_path_factory.mktemp("ct")
    made.write_ct(folder, np.zeros(GRID.shape, np.int16), GRID)
    return find_series(folder)


def _ball(grid: Geometry) -> np.ndarray:
    points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
    return np.asarray(np.linalg.norm(points - CENTRE, axis=-1) < RADIUS)


def _centre_and_planes(mask: np.ndarray, grid: Geometry, series: Series) -> Tuple[np.ndarray, set]:
    """Centre of all contours' points' boxes, and distance (mm) of points from their slices."""
    contours = contours_on(mask, grid, series)
    points = [np.concatenate(each) for each in contours if each]
    off = {round(float(np.abs((p - s) @ series.axes[0]).max()), 9)
           for each, s in zip(contours, series.positions) for p in each}  # fmt: skip
    every = np.concatenate(points)
    return (every.min(axis=0) + every.max(axis=0)) / 2, off


def _turned() -> Geometry:
    a = np.deg2rad(9.0)
    axes = ((np.sin(a), 0.0, np.cos(a)), (0.0, 1.0, 0.0), (np.cos(a), 0.0, -np.sin(a)))
    return Geometry((40, 40, 40), (1.0, 1.0, 1.0), tuple(CENTRE - np.array(axes).sum(0) * 20), axes)  # type: ignore[arg-type]


GRIDS = {
    "the CT's own": GRID,
    "a crop": GRID.cropped((1, 3, 5), (11, 37, 45)),
    "flipped": Geometry(GRID.shape, GRID.spacing, tuple(GRID.to_lps([11, 39, 0])),
                        ((0, 0, -1), (0, -1, 0), (1, 0, 0))),
    "finer": GRID.with_spacing((1.0, 0.7, 0.7)),
    "coarser": GRID.with_spacing((4.0, 2.0, 2.0)),
    "shifted": Geometry((24, 60, 60), (1.5, 0.8, 0.8), (-17.3, -33.1, 97.9)),
    "turned": _turned(),
}  # fmt: skip


@pytest.mark.parametrize("name", GRIDS)
def test_contours_lie_in_the_planes_of_slices_at_the_right_place(
    name: str, series: Series
) -> None:
    grid = GRIDS[name]
    mask = _ball(grid)
    centre, off = _centre_and_planes(mask, grid, series)
    assert max(off) < 1e-6
    assert np.abs(centre - CENTRE)[:2].max() < 0.75
    assert contour_volume_ml(contours_on(mask, grid, series), series) == pytest.approx(
        BALL_ML, rel=0.06
    )


@pytest.mark.parametrize("name", ["the CT's own", "a crop", "flipped"])
def test_a_grid_with_the_cts_voxels_keeps_them_exactly(name: str, series: Series) -> None:
    assert np.array_equal(masks_on(_ball(GRIDS[name]), GRIDS[name], series), _ball(GRID))


@pytest.mark.parametrize("name", ["finer", "coarser", "shifted", "turned"])
def test_another_grid_gives_nearly_the_cts_voxels(name: str, series: Series) -> None:
    found, wanted = masks_on(_ball(GRIDS[name]), GRIDS[name], series), _ball(GRID)
    assert 2 * (found & wanted).sum() / (found.sum() + wanted.sum()) > 0.93


def test_a_structure_outside_the_ct_is_refused(series: Series) -> None:
    far = Geometry(GRID.shape, GRID.spacing, (-20.0, -30.0, 150.0))
    mask = np.zeros(GRID.shape, bool)
    mask[4:6, 3:6, 3:6] = True
    with pytest.raises(InputError, match="A reaches 29.0 mm outside the CT"):
        check_inside(LabelMap({"A": mask}, far), series)
    check_inside(LabelMap({"A": mask, "none": np.zeros_like(mask)}, GRID), series)


def test_slices_of_different_distance_take_what_lies_in_their_planes(tmp_path: Path) -> None:
    heights = [0, 2, 4, 6, 10, 14, 18]
    geometry = Geometry((7, 20, 20), (2.0, 1.0, 1.0))
    positions = [np.array([0.0, 0.0, z]) for z in heights]
    made.write_ct(tmp_path, np.zeros((7, 20, 20), np.int16), geometry, positions)
    grid = Geometry((10, 20, 20), (2.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[2:6, 5:10, 5:10] = True  # 4 to 10 mm
    found = masks_on(mask, grid, find_series(tmp_path))
    assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == [2, 3, 4]
