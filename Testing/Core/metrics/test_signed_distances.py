from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import cut_to_box
from AutoContourRTCore.metrics.grids import paired
from AutoContourRTCore.metrics.signed_distances import signed_distances, signed_surface


def test_points_outside_are_positive_and_points_inside_negative(grid, box):
    contour = cut_to_box(box((4, 6, 8), (10, 10, 10)), grid)
    index = np.array([[9, 11, 30], [9, 11, 7.4], [8.7, 10.9, 8.6], [9, 11, 11], [9, 15.5, 12]])
    found = signed_distances(grid.to_lps(index), contour)
    assert found == pytest.approx(
        [(30 - 17.5) * 1.25, 0.1 * 1.25, -1.1 * 1.25, -3.5 * 1.25, 0], abs=1e-6
    )


def test_a_point_off_a_corner_is_as_far_as_the_corner_within_half_a_voxel(grid, box):
    contour = cut_to_box(box((4, 6, 8), (10, 10, 10)), grid)
    (found,) = signed_distances(grid.to_lps(np.array([[17.5, 19.5, 21.5]])), contour)
    exact = np.linalg.norm([4 * 2.5, 4 * 1.0, 4 * 1.25])
    assert found == pytest.approx(exact, abs=np.linalg.norm(grid.spacing) / 2)


def test_a_grown_box_lies_outside_by_a_voxel_and_a_shrunken_one_inside(grid, box):
    small, large = box((5, 7, 9), (8, 8, 8)), box((4, 6, 8), (10, 10, 10))
    a, b = cut_to_box(small, grid), cut_to_box(large, grid)
    points, distances = signed_surface(paired(a, b))
    assert 0.7 < distances.min() < 1.1  # the smallest spacing is 1; bevelled edges come nearer
    assert distances.max() < np.linalg.norm(grid.spacing) + 0.5
    top = np.abs(grid.to_kji(points) - [13.5, 11.5, 13.5]).max(axis=1) < 2.6
    assert top.any() and distances[top] == pytest.approx(2.5)  # the middle of the upper face
    assert grid.to_kji(points).min(axis=0) == pytest.approx([3.5, 5.5, 7.5])  # its faces
    _, distances = signed_surface(paired(b, a))
    assert (distances < 0).all()


def test_equal_contours_have_distance_zero(grid, box):
    contour = cut_to_box(box((4, 6, 8), (10, 10, 10)), grid)
    assert np.abs(signed_surface(paired(contour, contour))[1]).max() < 1e-9


def test_there_is_no_distance_to_an_empty_contour(grid, box):
    nothing = cut_to_box(np.zeros(grid.shape, bool), grid)
    full = cut_to_box(box((4, 6, 8), (2, 2, 2)), grid)
    with pytest.raises(InputError, match="empty"):
        signed_distances(np.zeros((1, 3)), nothing)
    with pytest.raises(InputError, match="empty"):
        signed_surface(paired(nothing, full))
    assert len(signed_surface(paired(full, nothing))[0]) == 0
