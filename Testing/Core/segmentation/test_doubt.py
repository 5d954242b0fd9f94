"""Doubt about contours, on probabilities for which the answer can be worked out."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import pytest

from AutoContourRTCore.segmentation.doubt import FLOOR, doubt_of
from AutoContourRTCore.volumes.geometry import Geometry, Triple

SHAPE = (30, 40, 50)
GRID = Geometry(SHAPE, (2.5, 1.0, 0.5), (-50.0, 10.0, 100.0))


def ball(radius: float, width: float, spacing: Triple) -> Tuple[np.ndarray, Geometry]:
    """A ball with a logistic edge (radius and width in mm)."""
    shape = tuple(int(2 * (radius + 8 * width) / s) for s in spacing)
    grid = Geometry(shape, spacing, (0.0, 0.0, 0.0))
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    away = np.linalg.norm((index - (np.array(shape) - 1) / 2) * spacing, axis=-1)
    return 1 / (1 + np.exp((away - radius) / width)), grid


def box(value: float) -> np.ndarray:
    probability = np.zeros(SHAPE)
    probability[5:9, 5:15, 10:20] = value
    return probability


@pytest.mark.parametrize("width", [1.0, 2.0])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 0.5)])
@pytest.mark.parametrize("radius", [15.0, 25.0])
def test_a_logistic_edge_has_its_own_width_in_mm_for_organs_of_any_size(
    width: float, spacing: Triple, radius: float
) -> None:
    found = doubt_of(*ball(radius, width, spacing))
    assert found.edge_mm == pytest.approx((1 - FLOOR) * width, rel=0.06)


@pytest.mark.parametrize("width", [1.0, 2.0])
def test_an_organ_that_the_grid_s_end_cuts_in_half_is_as_doubtful_as_the_whole(
    width: float,
) -> None:
    probability, grid = ball(20.0, width, (1.0, 1.0, 1.0))
    middle = probability.shape[0] // 2
    half = grid.cropped((middle, 0, 0), grid.shape)
    whole = doubt_of(probability, grid).edge_mm
    assert doubt_of(probability[middle:], half).edge_mm == pytest.approx(whole, rel=0.02)


def test_what_fills_the_whole_grid_has_no_edge() -> None:
    assert doubt_of(np.ones(SHAPE), GRID).edge_mm == 0.0


def test_a_network_without_doubt_has_sharp_edges() -> None:
    assert doubt_of(box(1.0), GRID).edge_mm == 0.0


def test_a_noise_floor_over_the_whole_volume_does_not_count() -> None:
    noisy = np.where(box(1.0) > 0, 1.0, 0.9 * FLOOR)
    assert doubt_of(noisy, GRID).edge_mm == 0.0


def test_one_looks_where_most_doubt_lies_together() -> None:
    probability = np.zeros(SHAPE)
    probability[2:28, 2:38, 2:48] = 1.0
    probability[4, 8, 40] = 0.5  # the deepest doubt, of one voxel
    probability[20:22, 30, 10:13] = 0.8  # six voxels of some doubt, about (20.5, 30, 11)
    expected = GRID.to_lps(np.array([20.5, 30, 11]))
    assert np.linalg.norm(doubt_of(probability, GRID).look_at - expected) < 2.6


def test_without_any_doubt_one_looks_at_the_middle() -> None:
    expected = GRID.to_lps(np.array([6.5, 9.5, 14.5]))
    assert np.linalg.norm(doubt_of(box(1.0), GRID).look_at - expected) < 2.6


def test_what_is_in_no_contour_changes_nothing() -> None:
    probability, grid = ball(10.0, 1.0, (1.0, 1.0, 1.0))
    probability = np.pad(probability, ((0, 0), (0, 0), (0, 60)))
    alone = doubt_of(probability, grid)
    probability[:, :, -25:] = 0.4  # never contoured
    probability[5:8, 5:8, -20:-17] = 0.9  # contoured, then dropped: not the largest piece
    assert doubt_of(probability, grid) == alone


def test_the_doubt_is_about_the_piece_that_is_shown_not_about_the_largest() -> None:
    alone = np.zeros(SHAPE)
    alone[5:9, 5:15, 10:20], alone[9, 5:15, 10:20] = 1.0, 0.6
    both = alone.copy()
    both[20:30, 5:35, 5:45] = 1.0  # larger, 27 mm away
    assert doubt_of(both, GRID) != doubt_of(alone, GRID)
    shown = GRID.to_lps(np.argwhere(alone >= 0.5))
    assert doubt_of(both, GRID, shown) == doubt_of(alone, GRID)
    sliver = np.array([[6.5, 5.5, 10.5]])  # between the voxels' centres: cut by the edge of a box
    assert doubt_of(both, GRID, GRID.to_lps(sliver)) == doubt_of(alone, GRID)


def test_of_two_pieces_shown_the_one_is_meant_that_holds_most_of_the_contour() -> None:
    probability = box(1.0)
    probability[20:30, 5:35, 5:45] = 1.0
    points = np.array([[25, 20, 20]] * 3 + [[6, 8, 12]] * 4)
    small = doubt_of(probability, GRID, GRID.to_lps(points))
    assert small == doubt_of(box(1.0), GRID)
    assert doubt_of(probability, GRID, GRID.to_lps(points[:5])) == doubt_of(probability, GRID)


def test_where_what_is_shown_is_in_no_piece_the_largest_is_meant() -> None:
    far = GRID.to_lps(np.array([[29, 39, 49]]))
    assert doubt_of(box(1.0), GRID, far) == doubt_of(box(1.0), GRID)


def test_where_nothing_is_found_there_is_nothing_to_be_in_doubt_of() -> None:
    with pytest.raises(ValueError, match="0.5"):
        doubt_of(box(0.49), GRID)
