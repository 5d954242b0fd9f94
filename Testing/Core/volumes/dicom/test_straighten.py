"""Tilted gantries and changing slice distances: resampled where that is right, and told."""

from __future__ import annotations

from pathlib import Path
from typing import List

import numpy as np
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.series import Loaded, find_series, load
from AutoContourRTCore.volumes.dicom.straighten import is_planned
from AutoContourRTCore.volumes.files import read_volume, read_volume_with_notes
from AutoContourRTCore.volumes.geometry import Geometry

#: HU of a patient whose values rise evenly in space: any right resampling gives them back.
SLOPE = np.array([3.0, -2.0, 5.0])  # HU per mm along x, y, z


def _hu_at(points: np.ndarray) -> np.ndarray:
    return 100.0 + points @ SLOPE


def _written(folder: Path, geometry: Geometry, positions: List[np.ndarray]) -> Loaded:
    """Slices through the patient at these positions, read again."""
    index = np.moveaxis(np.indices((1, *geometry.shape[1:])), 0, -1)
    shift = geometry.to_lps(index)[0] - geometry.to_lps([0, 0, 0])
    hu = np.rint(np.stack([_hu_at(position + shift) for position in positions])).astype(np.int16)
    made.write_ct(folder, hu, geometry, positions)
    return load(find_series(folder))


def _worst_error(loaded: Loaded) -> float:
    """Largest error (HU) of voxels that slices cover, two voxels from the edge of the grid."""
    grid = loaded.volume.geometry
    where = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
    error = np.abs(loaded.volume.array - _hu_at(where))
    return float(error[loaded.volume.array > -900][:].max())


def test_a_tilted_gantry_gives_an_upright_grid_on_which_everything_lies_right(
    tmp_path: Path,
) -> None:
    tilt = np.deg2rad(12.0)
    down = (0.0, float(np.cos(tilt)), float(-np.sin(tilt)))
    axes = (tuple(np.cross((1, 0, 0), down)), down, (1.0, 0.0, 0.0))
    geometry = Geometry((10, 20, 16), (3.0, 1.0, 1.0), (5.0, -7.0, 0.0), axes)
    positions = [np.array([5.0, -7.0, 3.0 * k]) for k in range(10)]  # the couch moves along z
    loaded = _written(tmp_path, geometry, positions)
    assert "sheared (a tilted gantry" in loaded.notes[0] and "Compare" in loaded.notes[0]
    assert loaded.volume.geometry.spacing[0] == pytest.approx(3.0 * np.cos(tilt), abs=1e-4)
    assert _covered(loaded) > 0.95 * 10 * 18 * 14
    assert _worst_error(_without_rim(loaded)) < 2.0
    with pytest.raises(InputError, match="sheared"):
        read_volume(tmp_path)


def _covered(loaded: Loaded) -> int:
    return int(np.count_nonzero(loaded.volume.array > -900))


def _without_rim(loaded: Loaded) -> Loaded:
    """Voxels of which a neighbour is air count as air: they are mixed with it."""
    array = loaded.volume.array.copy()
    air = array <= -900
    for axis in (1, 2):
        for step in (-1, 1):
            array[np.roll(air, step, axis)] = -1000
    array[:, :1], array[:, -1:], array[:, :, :1], array[:, :, -1:] = (-1000,) * 4
    kept = type(loaded.volume)(array, loaded.volume.geometry)
    return Loaded(kept, loaded.series, loaded.notes)


def test_a_planned_change_of_slice_distance_is_resampled_to_the_smaller_one(
    tmp_path: Path,
) -> None:
    heights = [0, 2, 4, 6, 8, 12, 16, 20]
    geometry = Geometry((8, 6, 6), (2.0, 1.0, 1.0))
    loaded = _written(tmp_path, geometry, [np.array([0.0, 0.0, z]) for z in heights])
    assert loaded.volume.array.shape == (11, 6, 6)
    assert loaded.volume.geometry.spacing == (2.0, 1.0, 1.0)
    assert "2.00 to 4.00 mm apart" in loaded.notes[0]
    assert _worst_error(loaded) <= 1.0
    assert read_volume_with_notes(tmp_path)[1] == loaded.notes
    with pytest.raises(InputError, match="not evenly spaced"):
        read_volume(tmp_path)


@pytest.mark.parametrize(
    "heights",
    [
        [0, 3, 6, 9, 15, 18, 21, 24],  # one is missing
        [0, 3, 6, 6, 9, 12],  # one is there twice
        [0, 3, 6, 7.5, 12, 15],  # one is misplaced
        [0, 3, 6, 9, 18, 27, 36],  # a jump that no scanner plans
    ],
)
def test_missing_doubled_and_misplaced_slices_are_refused(
    tmp_path: Path, heights: List[float]
) -> None:
    assert not is_planned(np.array(heights, float))
    geometry = Geometry((len(heights), 4, 4), (3.0, 1.0, 1.0))
    with pytest.raises(InputError, match="not evenly spaced.*missing slices or remove"):
        _written(tmp_path, geometry, [np.array([0.0, 0.0, z]) for z in heights])
