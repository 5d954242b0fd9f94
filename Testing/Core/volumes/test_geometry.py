"""Grids in the patient: analytic points."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry

TURNED = ((0.0, 0.0, -1.0), (-0.6, 0.8, 0.0), (0.8, 0.6, 0.0))  # k, j, i; flipped and turned


def _geometry() -> Geometry:
    return Geometry((3, 4, 5), (2.5, 1.0, 0.5), (10.0, -20.0, 30.0), TURNED)


def test_the_first_voxel_lies_at_the_origin_and_each_axis_steps_along_its_vector() -> None:
    geometry = _geometry()
    assert np.allclose(geometry.to_lps([0, 0, 0]), (10, -20, 30))
    assert np.allclose(geometry.to_lps([1, 0, 0]), (10, -20, 27.5))
    assert np.allclose(geometry.to_lps([0, 1, 0]), (9.4, -19.2, 30))
    assert np.allclose(geometry.to_lps([0, 0, 2]), (10.8, -19.4, 30))


def test_to_kji_undoes_to_lps_for_many_points() -> None:
    points = np.random.default_rng(0).normal(size=(7, 2, 3)) * 50
    geometry = _geometry()
    assert np.allclose(geometry.to_kji(geometry.to_lps(points)), points, atol=1e-12)


def test_a_voxel_of_2_by_5_by_10_mm_is_a_tenth_of_a_millilitre() -> None:
    assert Geometry((1, 1, 1), (2, 5, 10)).voxel_ml == pytest.approx(0.1)


def test_a_crop_keeps_every_voxel_at_its_place() -> None:
    geometry = _geometry()
    crop = geometry.cropped((1, 0, 2), (3, 3, 5))
    assert crop.shape == (2, 3, 3)
    assert np.allclose(crop.to_lps([0, 0, 0]), geometry.to_lps([1, 0, 2]))
    assert np.allclose(crop.to_lps([1, 2, 2]), geometry.to_lps([2, 2, 4]))


def test_a_new_spacing_keeps_the_outer_faces_and_covers_the_extent() -> None:
    geometry = Geometry((10, 10, 10), (3.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    finer = geometry.with_spacing((1.0, 2.0, 3.0))
    assert finer.shape == (30, 5, 4)
    assert np.allclose(finer.to_lps([-0.5] * 3), geometry.to_lps([-0.5] * 3))
    assert np.allclose(finer.to_lps([29.5, 4.5, -0.5]), geometry.to_lps([9.5, 9.5, -0.5]))


def test_the_same_grid_is_told_from_one_that_is_shifted_or_flipped() -> None:
    geometry = _geometry()
    moved = Geometry((3, 4, 5), (2.5, 1.0, 0.5), (10.0, -20.0, 30.01), TURNED)
    flipped = tuple(tuple(-part for part in row) for row in TURNED)
    assert geometry.same_grid(_geometry())
    assert not geometry.same_grid(moved)
    assert geometry.same_grid(moved, tolerance_mm=0.1)
    assert not geometry.same_grid(Geometry((3, 4, 5), (2.5, 1.0, 0.5), (10, -20, 30), flipped))
    assert not geometry.same_grid(geometry.cropped((0, 0, 0), (2, 4, 5)))


def test_a_left_handed_grid_is_legal() -> None:
    axes = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    assert np.allclose(Geometry((2, 2, 2), (3, 1, 1), axes=axes).to_lps([1, 0, 0]), (0, 0, -3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spacing": (0.0, 1.0, 1.0)}, "not positive"),
        ({"spacing": (-1.0, 1.0, 1.0)}, "not positive"),
        ({"spacing": (float("nan"), 1.0, 1.0)}, "not positive"),
        ({"origin": (0.0, float("inf"), 0.0)}, "not finite"),
        ({"shape": (0, 2, 2)}, "at least one voxel"),
        ({"shape": (2, 2)}, "three axes"),
        ({"axes": ((0, 0, 1), (0, 1, 0), (1, 0.1, 0))}, "not perpendicular"),
        ({"axes": ((0, 0, 2), (0, 1, 0), (1, 0, 0))}, "not perpendicular"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Geometry(**{"shape": (2, 2, 2), **changes})
