"""The coloured surface: signs, sizes, places, and what is in the scene."""

from __future__ import annotations

from typing import Any, Callable, Tuple

import numpy as np
import pytest
from vtk.util.numpy_support import vtk_to_numpy

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import MATCHED, Match
from AutoContourRTCore.metrics.compare.comparison import pair_of
from AutoContourRTCore.metrics.grids import Pair
from AutoContourRTCore.volumes.labelmap import LabelMap
from MetricsModuleLib import DistanceSurface

REFERENCE_BOX = ((4, 9), (5, 11), (6, 12))


@pytest.fixture()
def pairOf(boxOf: Any, grid: Any) -> Callable[..., Pair]:
    """The reference's box and another one."""

    def make(*other: Tuple[int, int], reference: Any = REFERENCE_BOX) -> Pair:
        sets = [LabelMap({"x": boxOf(*ends)}, grid) for ends in (reference, other)]
        return pair_of(*sets, Match("", "x", "x", MATCHED))

    return make


def values(polyData: Any) -> np.ndarray:
    return vtk_to_numpy(polyData.GetPointData().GetArray(DistanceSurface.SCALARS))


def points(polyData: Any) -> np.ndarray:
    return vtk_to_numpy(polyData.GetPoints().GetData())


def test_the_same_contour_is_at_distance_zero_everywhere(pairOf: Any) -> None:
    surface = DistanceSurface.coloredSurface(pairOf(*REFERENCE_BOX))
    assert len(values(surface)) > 100 and np.all(values(surface) == 0)
    assert DistanceSurface.rangeOf(surface) == 1.0


def test_a_test_that_is_2_mm_larger_lies_2_mm_outside(pairOf: Any) -> None:
    found = values(DistanceSurface.coloredSurface(pairOf((3, 10), (3, 13), (4, 14))))
    assert found.min() == pytest.approx(2) and found.max() == pytest.approx(2)


def test_a_test_that_is_2_mm_smaller_lies_inside(pairOf: Any) -> None:
    found = values(DistanceSurface.coloredSurface(pairOf((5, 8), (7, 9), (8, 10))))
    assert found.max() < 0 and found.max() == pytest.approx(-2)


def test_a_shift_to_the_left_is_outside_on_the_left_and_inside_on_the_right(pairOf: Any) -> None:
    surface = DistanceSurface.coloredSurface(pairOf((4, 9), (5, 11), (8, 14)))
    x = points(surface)[:, 0]  # RAS: left is negative
    left, right = x < x.min() + 0.5, x > x.max() - 0.5
    assert values(surface)[left].max() == pytest.approx(2) and values(surface)[left].min() > 0
    assert values(surface)[right].min() == pytest.approx(-2) and values(surface)[right].max() < 0
    assert DistanceSurface.rangeOf(surface) == 2.0


def test_the_surface_lies_around_the_reference_in_ras(pairOf: Any, grid: Any) -> None:
    found = points(DistanceSurface.coloredSurface(pairOf((4, 9), (5, 11), (9, 15))))
    middle = grid.to_lps(np.array([6.0, 7.5, 8.5]))
    assert np.allclose(found.mean(axis=0), [-middle[0], -middle[1], middle[2]], atol=0.1)
    # The box measures 6 x 6 x 10 mm; smoothing moves the surface by less than half a voxel.
    size = np.ptp(found, axis=0)
    assert np.all(size > [4.0, 4.0, 8.0]) and np.all(size < [7.0, 7.0, 12.0])


def test_the_largest_value_is_the_distance_of_the_measures(pairOf: Any) -> None:
    """A test whose end is 8 mm off: the middle of the reference's end shows it."""
    surface = DistanceSurface.coloredSurface(pairOf((8, 9), (5, 11), (6, 12)))
    assert values(surface).min() == pytest.approx(-8)


def test_an_empty_contour_has_no_surface(pairOf: Any) -> None:
    with pytest.raises(InputError, match="empty"):
        DistanceSurface.coloredSurface(pairOf((4, 4), (5, 5), (6, 6)))


def test_there_is_one_model_with_colour_bar_and_a_range_about_zero(
    slicer_app: Any, scene: Any, pairOf: Any
) -> None:
    first = DistanceSurface.coloredSurface(pairOf((4, 9), (5, 11), (9, 15)))
    DistanceSurface.showSurface(scene, first, "Parotid_L")
    second = DistanceSurface.coloredSurface(pairOf((8, 9), (5, 11), (6, 12)))
    node = DistanceSurface.showSurface(scene, second, "Brain")
    assert len(slicer_app.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")) == 1
    display = node.GetDisplayNode()
    assert tuple(display.GetScalarRange()) == (-8.0, 8.0) and display.GetScalarVisibility()
    colors = display.GetColorNode()
    ends = [[0.0] * 4, [0.0] * 4]
    colors.GetColor(0, ends[0])
    colors.GetColor(255, ends[1])
    assert ends[0][2] > ends[0][0] and ends[1][0] > ends[1][2], "inside blue, outside red"
    DistanceSurface.removeSurface(scene)
    assert DistanceSurface.modelNode(scene) is None
    assert not slicer_app.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
