"""Couch, fixation mask and streaks on a patient that is a plain cylinder along z."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.artefacts import (
    add_couch,
    add_dental_streaks,
    add_fixation_mask,
    padded,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((12, 80, 60), (3.0, 2.0, 2.5), (-73.75, -79.0, 0.0))


def position(geometry: Geometry, axis: int) -> np.ndarray:
    return geometry.to_lps(np.moveaxis(np.indices(geometry.shape), 0, -1))[..., axis]


def cylinder(geometry: Geometry = GRID, radius: float = 50.0) -> Volume:
    x, y = position(geometry, 0), position(geometry, 1)
    array = np.where(x**2 + y**2 <= radius**2, 40, -1000).astype(np.int16)
    return Volume(array, geometry)


def flipped(volume: Volume, axis: int) -> Volume:
    g = volume.geometry
    end = np.zeros(3)
    end[axis] = g.shape[axis] - 1
    axes = list(g.axes)
    axes[axis] = tuple(-v for v in axes[axis])
    geometry = Geometry(g.shape, g.spacing, tuple(g.to_lps(end)), tuple(axes))
    return Volume(np.flip(volume.array, axis), geometry)


def test_padding_adds_air_and_leaves_every_voxel_at_its_place():
    volume = cylinder()
    result = padded(volume, (1, 2, 3), -1024)
    assert result.array.shape == (14, 84, 66)
    np.testing.assert_array_equal(result.array[1:-1, 2:-2, 3:-3], volume.array)
    assert result.array[0].max() == -1024 and result.array.dtype == np.int16
    assert result.geometry.to_lps(np.array([1, 2, 3])) == pytest.approx(GRID.origin)


def test_one_number_pads_every_axis_and_a_negative_one_is_refused():
    assert padded(cylinder(), 2).array.shape == (16, 84, 64)
    with pytest.raises(InputError, match="-1"):
        padded(cylinder(), -1)


def test_the_couch_lies_behind_the_patient_and_leaves_the_patient_alone():
    volume = cylinder()
    before = volume.array.copy()
    result = add_couch(volume)
    np.testing.assert_array_equal(volume.array, before)
    added = result.array > volume.array
    assert added.any() and position(GRID, 1)[added].min() > 49
    np.testing.assert_array_equal(result.array[volume.array == 40], 40)


def test_a_couch_has_the_thickness_of_its_two_shells_and_light_foam_between():
    column = add_couch(cylinder()).array[5, :, 0].astype(float)
    y = GRID.origin[1] + 2.0 * np.arange(80)
    shell_mm = 2.0 * np.clip((column + 1000) / 900.0, 0, 1)
    assert shell_mm.sum() == pytest.approx(2 * 3.0 + 14.0 * 60 / 900, abs=0.05)
    assert column[(y > 56) & (y < 65)] == pytest.approx(-940)


def test_the_gap_moves_the_couch_by_as_much():
    near = add_couch(cylinder(), 0).array[5, :, 0]
    far = add_couch(cylinder(), 4.0).array[5, :, 0]
    np.testing.assert_array_equal(far[2:], near[:-2])


def test_a_grid_without_room_for_the_couch_is_refused_with_the_way_out():
    with pytest.raises(InputError, match=r"10\.0 mm behind the patient.*pad"):
        add_couch(cylinder(), table_gap_mm=20.0)
    assert add_couch(padded(cylinder(), (0, 10, 0)), table_gap_mm=20.0).array.shape[1] == 100


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_artefacts_lie_in_the_patient_not_in_the_array(axis):
    volume = padded(cylinder(), (0, 5, 5))
    teeth = (0.0, -20.0, 15.0)
    for add in (add_couch, add_fixation_mask, lambda v: add_dental_streaks(v, teeth)):
        expected = np.flip(add(volume).array, axis)
        difference = add(flipped(volume, axis)).array.astype(int) - expected
        assert np.abs(difference).max() <= 1


def test_a_fixation_mask_covers_the_front_skin_only():
    volume = padded(cylinder(), (0, 5, 5))
    result = add_fixation_mask(volume)
    added = result.array > volume.array
    radius = np.hypot(position(volume.geometry, 0), position(volume.geometry, 1))
    assert radius[added].min() > 48 and radius[added].max() < 60
    assert position(volume.geometry, 1)[added].max() < 10
    np.testing.assert_array_equal(result.array[volume.array == 40], 40)


@pytest.mark.parametrize("thickness", [2.0, 3.0, 6.0])
def test_a_fixation_mask_has_its_thickness_on_average(thickness):
    geometry = Geometry((6, 120, 120), (3.0, 1.0, 1.0), (-59.5, -59.5, 0.0))
    volume = cylinder(geometry, 45.0)
    added = (add_fixation_mask(volume, thickness).array[3] + 1000.0) * (volume.array[3] == -1000)
    front = position(geometry, 1)[3] < -5
    area = (added * front).sum() / 1000.0
    arc = 45.0 * 2 * np.arccos(5.0 / 45.0)
    assert area == pytest.approx(arc * thickness, rel=0.15)


def test_a_mask_with_a_gap_leaves_air_next_to_the_skin():
    geometry = Geometry((6, 120, 120), (3.0, 1.0, 1.0), (-59.5, -59.5, 0.0))
    front = add_fixation_mask(cylinder(geometry, 45.0), gap_mm=4.0).array[3, :60, 60]
    assert front[15] == 40 and front[13] == -1000 and front[8:11].max() > -200


def test_the_same_seed_throws_the_same_streaks():
    first = add_dental_streaks(cylinder(), (0, -20, 15), seed=3).array
    np.testing.assert_array_equal(first, add_dental_streaks(cylinder(), (0, -20, 15), seed=3).array)
    assert np.any(first != add_dental_streaks(cylinder(), (0, -20, 15), seed=4).array)


def test_streaks_stay_at_the_height_of_the_teeth_and_fade_with_distance():
    volume = cylinder()
    result = add_dental_streaks(volume, (0, -20, 9.0), half_height_mm=6.0).array
    change = np.abs(result.astype(int) - volume.array)
    z = position(GRID, 2)
    assert change[np.abs(z - 9.0) > 6.0].max() == 0
    radius = np.hypot(position(GRID, 0), position(GRID, 1) + 20)
    tissue = (volume.array == 40) & (np.abs(z - 9.0) < 2) & (result < 3000)
    assert change[tissue & (radius < 30)].mean() > 1.5 * change[tissue & (radius > 55)].mean()
    assert (result == 3071).any() and result.min() >= -1024 and result.dtype == np.int16


def test_teeth_outside_the_volume_are_refused():
    with pytest.raises(InputError, match="outside the volume"):
        add_dental_streaks(cylinder(), (0, -20, 500.0))


def test_no_artefact_is_added_to_air():
    empty = Volume(np.full(GRID.shape, -1000, dtype=np.int16), GRID)
    for add in (add_couch, add_fixation_mask):
        with pytest.raises(InputError, match="no body found"):
            add(empty)
