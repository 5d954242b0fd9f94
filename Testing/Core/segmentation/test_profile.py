"""Cross-sections of bodies whose measures are known."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import pytest

from AutoContourRTCore.segmentation.profile import STEP_Z_MM, body_profile
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((60, 100, 120), (2.5, 2.0, 2.0), (-119.0, -99.0, 0.0))


def _cylinder(
    geometry: Geometry, a: float, b: float, bottom: float = -math.inf, center: float = 0.0
) -> np.ndarray:
    """An elliptic cylinder along z: half axes a (x) and b (y) in mm; bool [k, j, i]."""
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)
    x, y, z = np.moveaxis(geometry.to_lps(index), -1, 0)
    return np.asarray((((x - center) / a) ** 2 + (y / b) ** 2 <= 1) & (z >= bottom))


def _ct(body: np.ndarray, geometry: Geometry) -> Volume:
    return Volume(np.where(body, 40, -1000).astype(np.int16), geometry)


def test_a_cylinder_has_its_area_width_and_depth_in_every_section() -> None:
    body = _cylinder(GRID, 80.0, 60.0)
    profile = body_profile(_ct(body, GRID), body)
    assert len(profile.area) == round(60 * 2.5 / STEP_Z_MM)
    assert profile.area == pytest.approx(math.pi * 8 * 6, rel=0.02)
    assert profile.width == pytest.approx(16.0, abs=0.5)
    assert profile.depth == pytest.approx(12.0, abs=0.5)
    assert not profile.air.any() and not profile.bone.any() and not profile.over_bone.any()
    assert not profile.cut.any()


def test_air_and_bone_are_measured_inside_the_body() -> None:
    body = _cylinder(GRID, 80.0, 60.0)
    volume = _ct(body, GRID)
    volume.array[_cylinder(GRID, 20.0, 20.0)] = -900
    volume.array[body & ~_cylinder(GRID, 70.0, 50.0)] = 800
    profile = body_profile(volume, body)
    assert profile.air == pytest.approx(math.pi * 2 * 2, rel=0.15)
    assert profile.bone == pytest.approx(1 - 7 * 5 / (8 * 6), abs=0.03)
    assert profile.over_bone == pytest.approx(1.0)


def test_bone_at_one_side_lies_under_part_of_the_skin() -> None:
    body = _cylinder(GRID, 60.0, 60.0)
    volume = _ct(body, GRID)
    volume.array[_cylinder(GRID, 6.0, 6.0, center=50.0)] = 800
    profile = body_profile(volume, body)
    # The skin within 20 mm of the bone's surface, 26 mm of its centre: a chord of the circle.
    angle = math.acos((60**2 + 50**2 - 26**2) / (2 * 60 * 50))
    assert profile.over_bone == pytest.approx(angle / math.pi, abs=0.06)


def test_sections_run_from_the_feet_to_the_head_however_the_volume_is_stored() -> None:
    body = _cylinder(GRID, 80.0, 60.0, bottom=100.0)
    straight = body_profile(_ct(body, GRID), body).area
    assert straight[0] == 0 and straight[-1] > 0
    array, geometry = _stored_otherwise(body)
    assert geometry.long_axis == 1
    assert body_profile(_ct(array, geometry), array).area == pytest.approx(straight)


def _stored_otherwise(mask: np.ndarray) -> Tuple[np.ndarray, Geometry]:
    """The same mask, stored upside down with axes in the order j, k, i."""
    origin = tuple(GRID.to_lps(np.array([GRID.shape[0] - 1, 0, 0])))
    array = np.ascontiguousarray(mask[::-1].transpose(1, 0, 2))
    axes = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
    return array, Geometry(array.shape, (2.0, 2.5, 2.0), origin, axes)  # type: ignore[arg-type]


def test_a_grid_turned_by_20_degrees_sees_the_same_cylinder() -> None:
    c, s = math.cos(math.radians(20)), math.sin(math.radians(20))
    axes = ((0.0, -s, c), (0.0, c, s), (1.0, 0.0, 0.0))
    shape, spacing = (80, 110, 100), (2.5, 2.0, 2.0)
    middle = Geometry(shape, spacing, (0.0, 0.0, 0.0), axes)
    origin = -middle.to_lps((np.array(shape) - 1) / 2)
    turned = Geometry(shape, spacing, tuple(origin), axes)
    body = _cylinder(turned, 60.0, 40.0)
    profile = body_profile(_ct(body, turned), body)
    inner = slice(len(profile.area) // 2 - 5, len(profile.area) // 2 + 5)
    assert profile.area[inner] == pytest.approx(math.pi * 6 * 4, rel=0.03)
    assert not profile.cut[inner].any()


def test_a_body_that_reaches_the_sides_is_cut_and_one_that_reaches_the_ends_is_not() -> None:
    wide = _cylinder(GRID, 1000.0, 60.0)
    profile = body_profile(_ct(wide, GRID), wide)
    # A strip 240 mm x 120 mm whose two short edges are cut.
    assert profile.cut == pytest.approx(2 * 120 / (2 * 120 + 2 * 240), abs=0.05)
    narrow = _cylinder(GRID, 60.0, 60.0)
    assert not body_profile(_ct(narrow, GRID), narrow).cut.any()
