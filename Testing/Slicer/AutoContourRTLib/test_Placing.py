"""Voxels of one grid on another, against the definition: one voxel centre at a time."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any, Tuple

import numpy as np
import pytest

from AutoContourRTLib.Layers import Layer
from AutoContourRTLib.Placing import place

SHAPE = (5, 6, 7)


def cube(seed: int = 3) -> Layer:
    """Random voxels (4, 3, 5) whose first index is k, j, i = 2, 1, -1."""
    return Layer(np.random.default_rng(seed).random((4, 3, 5)) > 0.5, (2, 1, -1))


def byHand(layer: Layer, toIndex: np.ndarray) -> Tuple[np.ndarray, int]:
    """The mask and how many voxels lie outside, where every voxel falls on a voxel."""
    mask, outside = np.zeros(SHAPE, bool), 0
    for k, j, i in np.argwhere(layer.array) + layer.start:
        there = np.rint(toIndex @ (i, j, k, 1))[:3].astype(int)[::-1]
        if np.all(there >= 0) and np.all(there < SHAPE):
            mask[tuple(there)] = True
        else:
            outside += 1
    return mask, outside


def turns() -> Any:
    """All 48 ways to swap and flip axes."""
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            yield matrix


@pytest.mark.parametrize("shift", [(0, 0, 0), (1, -1, 2), (4, 3, -2), (100, 0, 0)])
def test_all_swaps_and_flips_with_any_shift_are_exact(shift: Tuple[int, int, int]) -> None:
    for turn in turns():
        toIndex = np.eye(4)
        toIndex[:3, :3], toIndex[:3, 3] = turn, shift
        placed = place(cube(), toIndex, SHAPE)
        mask, outside = byHand(cube(), toIndex)
        assert placed.exact
        assert np.array_equal(placed.mask, mask) and placed.outside == outside


def test_the_noise_of_float32_headers_changes_nothing() -> None:
    toIndex = np.eye(4) + np.random.default_rng(1).uniform(-1e-4, 1e-4, (4, 4))
    toIndex[3] = (0, 0, 0, 1)
    placed, exact = place(cube(), toIndex, SHAPE), place(cube(), np.eye(4), SHAPE)
    assert placed.exact and np.array_equal(placed.mask, exact.mask)


def test_any_other_grid_takes_the_voxel_in_which_a_centre_lies() -> None:
    layer = cube()
    toIndex = np.array([[0.9, -0.3, 0.1, 0.7], [0.2, 1.1, 0.0, 0.3], [0, 0.1, 1.3, -1.9],
                        [0, 0, 0, 1.0]])
    placed = place(layer, toIndex, SHAPE)
    back = np.linalg.inv(toIndex)
    for k, j, i in np.ndindex(*SHAPE):
        source = np.floor((back @ (i, j, k, 1))[:3][::-1] + 0.5).astype(int) - layer.start
        there = np.all(source >= 0) and np.all(source < layer.array.shape)
        assert placed.mask[k, j, i] == bool(there and layer.array[tuple(source)])
    outside = 0
    for k, j, i in np.argwhere(layer.array) + layer.start:
        x = (toIndex @ (i, j, k, 1))[:3][::-1]
        outside += bool(np.any(x < -0.5) or np.any(x > np.array(SHAPE) - 0.5))
    assert not placed.exact and placed.outside == outside > 0 and placed.mask.any()


def test_half_a_voxel_of_shift_is_another_grid() -> None:
    toIndex = np.eye(4)
    toIndex[0, 3] = 0.5
    assert not place(cube(), toIndex, SHAPE).exact


def test_nothing_stays_nothing() -> None:
    for array in (np.zeros((0, 0, 0), bool), np.zeros((2, 2, 2), bool)):
        placed = place(Layer(array), np.eye(4), SHAPE)
        assert placed.exact and placed.outside == 0 and not placed.mask.any()
