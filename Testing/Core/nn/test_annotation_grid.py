from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.nn.annotation_grid import to_grid
from AutoContourRTCore.volumes.geometry import Geometry

FINE = Geometry((12, 24, 24), (1.0, 1.0, 1.0), (0.5, 0.5, 0.5))
COARSE = Geometry((4, 8, 8), (3.0, 3.0, 3.0), (1.5, 1.5, 1.5))  # 27 fine voxels in each


def empty(grid: Geometry) -> np.ndarray:
    return np.zeros(grid.shape, dtype=bool)


def test_the_same_grid_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    truth, known = (rng.random(FINE.shape) < 0.5 for _ in range(2))
    there, sure = to_grid(truth, known, FINE, FINE)
    assert np.array_equal(sure, known) and np.array_equal(there, truth & known)


def test_a_stroke_of_a_single_fine_voxel_is_not_lost_on_a_coarse_grid() -> None:
    for place in ((0, 0, 0), (5, 13, 20), (11, 23, 23)):
        truth = empty(FINE)
        truth[place] = True
        there, sure = to_grid(truth, truth, FINE, COARSE)
        assert np.argwhere(sure).tolist() == [[n // 3 for n in place]]
        assert np.array_equal(there, sure)


def test_background_is_known_and_not_inside() -> None:
    known = empty(FINE)
    known[4, 4, 4] = True
    there, sure = to_grid(empty(FINE), known, FINE, COARSE)
    assert sure.sum() == 1 and not there.any()


def test_what_is_not_known_is_never_looked_at() -> None:
    known = empty(FINE)
    known[6, 6:9, 6:9] = True
    rng = np.random.default_rng(0)
    truth = rng.random(FINE.shape) < 0.5
    other = np.where(known, truth, ~truth)
    for one, two in zip(to_grid(truth, known, FINE, COARSE), to_grid(other, known, FINE, COARSE)):
        assert np.array_equal(one, two)


@pytest.mark.parametrize("inside, expected", [(14, True), (13, False), (27, True), (0, False)])
def test_most_of_the_known_voxels_decide(inside: int, expected: bool) -> None:
    truth, known = empty(FINE), empty(FINE)
    known[:3, :3, :3] = True
    block = truth[:3, :3, :3].reshape(-1).copy()
    block[:inside] = True
    truth[:3, :3, :3] = block.reshape(3, 3, 3)
    there, sure = to_grid(truth, known, FINE, COARSE)
    assert sure.sum() == 1 and bool(there[0, 0, 0]) == expected


def test_a_coarse_slice_is_known_on_all_fine_voxels_in_it() -> None:
    truth, known = empty(COARSE), empty(COARSE)
    known[2] = True
    truth[2, 1:4, 2:5] = True
    there, sure = to_grid(truth, known, COARSE, FINE)
    assert np.array_equal(np.flatnonzero(sure.all(axis=(1, 2))), [6, 7, 8])
    assert sure.sum() == 3 * 24 * 24 and there.sum() == 27 * 9
    assert there[6:9, 3:12, 6:15].all()


def test_a_mirrored_and_turned_grid_puts_strokes_at_the_same_place() -> None:
    turned = Geometry((24, 12, 24), (1, 1, 1), (23.5, 0.5, 0.5), ((0, 1, 0), (0, 0, 1), (-1, 0, 0)))
    rng = np.random.default_rng(1)
    truth, known = (rng.random(turned.shape) < p for p in (0.5, 0.2))
    there, sure = to_grid(truth, known, turned, FINE)
    index = np.argwhere(known)
    found = np.rint(FINE.to_kji(turned.to_lps(index))).astype(int)
    expected = empty(FINE)
    expected[tuple(found.T)] = True
    assert np.array_equal(sure, expected)
    assert np.array_equal(there[tuple(found.T)], truth[tuple(index.T)])


def test_strokes_outside_the_grid_are_left_out() -> None:
    small = FINE.cropped((0, 0, 0), (12, 24, 10))
    known = empty(FINE)
    known[5, 5, 20] = True
    assert not to_grid(known, known, FINE, small)[1].any()
