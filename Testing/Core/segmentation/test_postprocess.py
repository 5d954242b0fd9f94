"""Largest component and holes, on masks small enough to count."""

from __future__ import annotations

import time

import numpy as np
import pytest

from AutoContourRTCore.segmentation.postprocess import bounding_box, clean


def empty(*shape: int) -> np.ndarray:
    return np.zeros(shape, dtype=bool)


def test_only_the_largest_component_stays():
    mask = empty(10, 10, 10)
    mask[1:4, 1:4, 1:4] = True
    mask[6:8, 6:8, 6:8] = True
    result = clean(mask)
    assert result.sum() == 27 and result[1:4, 1:4, 1:4].all()


def test_other_large_pieces_stay_where_they_are_wanted():
    mask = empty(10, 10, 10)
    mask[1:4, 1:4, 1:4] = True  # 27 voxels
    mask[3:5, 6:8, 6:8] = True  # 8
    mask[1, 9, 9] = True
    assert clean(mask, 0.2).sum() == 35 and not clean(mask, 0.2)[:, 9].any()
    assert clean(mask, 0.3).sum() == 27
    assert not clean(empty(4, 4, 4), 0.2).any()


@pytest.mark.parametrize(("along", "voxels"), [(0, 27), (1, 35), (2, 27)])
def test_large_pieces_beyond_the_ends_of_the_largest_go(along, voxels):
    mask = empty(10, 10, 10)
    mask[1:4, 1:4, 1:4] = True
    mask[4:6, 3:5, 6:8] = True  # beside it along the second axis alone
    assert clean(mask, 0.2, along).sum() == voxels


def test_voxels_that_meet_at_a_corner_are_one_component():
    mask = empty(6, 6, 6)
    mask[1, 1, 1] = mask[2, 2, 2] = mask[3, 3, 3] = True
    mask[5, 5, 0] = mask[5, 5, 1] = True
    result = clean(mask)
    assert result.sum() == 3 and result[1, 1, 1] and not result[5].any()


def test_an_enclosed_hole_is_filled():
    mask = empty(9, 9, 9)
    mask[2:7, 2:7, 2:7] = True
    mask[3:6, 3:6, 3:6] = False
    assert clean(mask).sum() == 125


def test_a_tunnel_to_the_outside_is_not_filled():
    mask = empty(9, 9, 9)
    mask[2:7, 2:7, 2:7] = True
    mask[4, 4, 2:7] = False
    assert clean(mask).sum() == 120


def test_a_hole_that_only_meets_the_outside_at_an_edge_is_filled():
    mask = empty(7, 7, 7)
    mask[1:5, 1:5, 1:5] = True
    mask[2, 2, 2] = False
    mask[1, 1, 1:5] = False
    result = clean(mask)
    assert result[2, 2, 2] and not result[1, 1, 2]


def test_background_that_reaches_the_edge_of_the_volume_is_not_a_hole():
    mask = np.ones((5, 5, 5), dtype=bool)
    mask[2, 2, 0] = False
    mask[2, 2, 3] = False
    result = clean(mask)
    assert not result[2, 2, 0] and result[2, 2, 3]


def test_a_piece_inside_a_hole_of_the_largest_component_is_filled_over():
    mask = empty(11, 11, 11)
    mask[1:10, 1:10, 1:10] = True
    mask[2:9, 2:9, 2:9] = False
    mask[5, 5, 5] = True
    assert clean(mask).sum() == 9**3


def test_of_two_equal_components_the_first_in_the_array_stays():
    mask = empty(3, 3, 9)
    mask[1, 1, 1] = mask[1, 1, 7] = True
    assert np.argwhere(clean(mask)).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 1, 1), (1, 8, 8)])
def test_empty_and_full_masks_stay_as_they_are(shape):
    assert not clean(empty(*shape)).any()
    assert clean(~empty(*shape)).all()


def test_cleaning_twice_changes_nothing_and_the_input_is_left_alone():
    mask = np.random.default_rng(0).random((20, 21, 22)) > 0.7
    before = mask.copy()
    once = clean(mask)
    np.testing.assert_array_equal(mask, before)
    np.testing.assert_array_equal(clean(once), once)
    assert once.dtype == bool and once.shape == mask.shape


def test_a_bounding_box_is_tight():
    mask = empty(8, 9, 10)
    mask[2, 3, 4] = mask[5, 3, 7] = True
    assert bounding_box(mask) == (slice(2, 6), slice(3, 4), slice(4, 8))
    assert bounding_box(empty(3, 3, 3)) == (slice(0, 0),) * 3


def test_a_small_organ_in_a_large_volume_takes_the_time_of_its_box():
    mask = empty(160, 512, 512)
    mask[60:90, 200:240, 200:230] = True
    start = time.process_time()
    result = clean(mask)
    assert result.sum() == mask.sum()
    assert time.process_time() - start < 2.0
