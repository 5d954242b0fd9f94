from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.metrics.contours import contours_of, cut_to_box
from AutoContourRTCore.volumes.labelmap import LabelMap


def test_a_contour_keeps_its_box_and_where_it_lies(grid, box):
    contour = cut_to_box(box((3, 4, 5), (2, 6, 7)), grid)
    assert contour.mask.shape == (2, 6, 7) and contour.mask.all() and contour.start == (3, 4, 5)
    assert contour.volume_ml == pytest.approx(2 * 6 * 7 * 2.5 * 1.25 / 1000)


def test_its_centre_of_mass_is_that_of_the_voxels_in_the_patient(grid, box):
    contour = cut_to_box(box((3, 4, 5), (2, 6, 7)), grid)
    expected = grid.to_lps(np.array([3.5, 6.5, 8.0]))
    assert contour.center == pytest.approx(expected)


def test_the_centre_weighs_voxels_not_the_box(grid):
    mask = np.zeros(grid.shape, bool)
    mask[0, 0, :3], mask[10, 0, 0] = True, True
    expected = grid.to_lps(np.argwhere(mask).mean(axis=0))
    assert cut_to_box(mask, grid).center == pytest.approx(expected)


def test_an_empty_contour_has_no_voxels_and_no_centre(grid):
    contour = cut_to_box(np.zeros(grid.shape, bool), grid)
    assert contour.empty and contour.volume_ml == 0 and np.isnan(contour.center).all()


def test_a_set_is_empty_when_none_of_its_contours_has_a_voxel(grid, box):
    nothing = np.zeros(grid.shape, bool)
    assert contours_of(LabelMap({"a": nothing}, grid)).empty
    assert not contours_of(LabelMap({"a": nothing, "b": box((0, 0, 0), (1, 1, 1))}, grid)).empty
