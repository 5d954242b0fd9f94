from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.metrics.path_length import added_path_length

SPACING = (3.0, 0.8, 0.8)


def test_a_structure_that_the_test_lacks_is_drawn_along_all_its_edge_pixels(box):
    mask = box((2, 3, 4), (5, 6, 7))
    edge_pixels = 5 * (2 * 6 + 2 * 7 - 4)
    assert added_path_length(mask, np.zeros_like(mask), SPACING) == pytest.approx(edge_pixels * 0.8)


def test_only_edge_pixels_of_the_reference_that_the_test_has_not_are_counted(box):
    """A test one pixel longer along i: the reference's far column is inside it now."""
    reference, test = box((2, 3, 4), (1, 6, 7)), box((2, 3, 4), (1, 6, 8))
    assert added_path_length(reference, test, SPACING) == pytest.approx((6 - 2) * 0.8)
    assert added_path_length(test, reference, SPACING) == pytest.approx(6 * 0.8)
    assert added_path_length(test, test, SPACING) == 0


def test_a_lone_pixel_inside_counts_once_and_neighbours_are_four(box):
    ring = box((0, 5, 5), (1, 3, 3))
    ring[0, 6, 6] = False  # the hole makes no new edge pixel: all eight had one outside already
    assert added_path_length(ring, np.zeros_like(ring), SPACING) == pytest.approx(8 * 0.8)
    plus = box((0, 5, 5), (1, 3, 3))
    assert added_path_length(plus, np.zeros_like(plus), SPACING) == pytest.approx(8 * 0.8)


def test_slices_lie_along_the_axial_axis_of_a_sagittally_stored_mask(box):
    axial = box((2, 3, 4), (5, 6, 7))
    sagittal = np.ascontiguousarray(axial.transpose(2, 0, 1))  # i, k, j
    nothing = np.zeros_like(sagittal)
    assert added_path_length(sagittal, nothing, (0.8, 3.0, 0.8), 1) == pytest.approx(
        added_path_length(axial, np.zeros_like(axial), SPACING)
    )


def test_the_edge_of_the_volume_is_an_edge_and_an_empty_reference_needs_no_path():
    full, nothing = np.ones((1, 4, 5), bool), np.zeros((1, 4, 5), bool)
    assert added_path_length(full, nothing, SPACING) == pytest.approx((2 * 4 + 2 * 5 - 4) * 0.8)
    assert added_path_length(nothing, full, SPACING) == 0
    assert added_path_length(nothing, nothing, SPACING) == 0


def test_a_pixel_that_is_not_square_counts_with_the_root_of_its_area(box):
    mask = box((2, 3, 4), (1, 1, 1))
    assert added_path_length(mask, np.zeros_like(mask), (3.0, 0.5, 2.0)) == pytest.approx(1.0)
