from __future__ import annotations

import math

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import cut_to_box
from AutoContourRTCore.metrics.dose import DvhPoint, check_dose, dose_columns, dose_figures
from AutoContourRTCore.metrics.grids import paired
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

POINTS = tuple(map(DvhPoint, ("D98%", "D50%", "D2%", "D0.1cc", "V20Gy")))


def ramp(grid, gy_per_mm=0.5):
    """A dose that rises linearly towards the patient's left."""
    x = np.arange(grid.shape[2]) * grid.spacing[2] * gy_per_mm
    return Volume(np.broadcast_to(x, grid.shape).astype(np.float32), grid)


def pair(grid, a, b):
    return paired(cut_to_box(a, grid), cut_to_box(b, grid))


def test_the_mean_dose_of_a_box_in_a_ramp_is_the_dose_at_its_middle(grid, box):
    """One voxel of 1.25 mm to the left: 0.625 Gy more."""
    a, b = box((3, 4, 5), (4, 6, 9)), box((3, 4, 6), (4, 6, 9))
    figures, notes = dose_figures(pair(grid, a, b), ramp(grid), POINTS)
    assert figures["dose_mean_reference_gy"] == pytest.approx(9 * 0.625)
    assert figures["dose_mean_test_gy"] == pytest.approx(10 * 0.625)
    assert figures["dose_mean_difference_gy"] == pytest.approx(0.625)
    assert figures["D50%_difference_gy"] == pytest.approx(0.625)
    assert figures["dose_coverage_reference"] == figures["dose_coverage_test"] == 1
    assert notes == () and set(figures) == set(dose_columns(POINTS))


def test_a_dose_on_a_coarser_grid_is_interpolated_at_the_voxel_centres(grid, box):
    coarse = Geometry((12, 12, 12), (5.0, 5.0, 5.0), grid.origin)
    mask = box((3, 4, 5), (4, 6, 9))
    figures, _ = dose_figures(pair(grid, mask, mask), ramp(coarse), POINTS)
    assert figures["dose_mean_reference_gy"] == pytest.approx(9 * 0.625)


def test_points_of_the_histogram_of_a_hundred_voxels():
    doses = np.arange(100.0, 0.0, -1.0)  # 100, 99, ... 1 Gy
    value = {text: DvhPoint(text).value(doses, 0.01) for text in
             ("D2%", "D50%", "D98%", "D100%", "D0.03cc", "D2cc", "V20Gy", "V0Gy", "V200Gy")}
    assert value["D2%"] == 99 and value["D50%"] == 51 and value["D98%"] == 3
    assert value["D100%"] == 1 and value["D0.03cc"] == 98
    assert math.isnan(value["D2cc"])  # there is one ml only
    assert value["V20Gy"] == 81 and value["V0Gy"] == 100 and value["V200Gy"] == 0


@pytest.mark.parametrize("gy", [20.0, 66.6, 50.4, 45.0])
def test_all_of_a_uniform_dose_reaches_itself(grid, box, gy):
    """Whatever float32 and the interpolation round off."""
    beside = Geometry((12, 12, 12), (5.0, 5.0, 5.0), tuple(np.add(grid.origin, 0.3)))
    dose = Volume(np.full(beside.shape, gy, np.float32), beside)
    masks = box((3, 4, 5), (4, 6, 9)), box((3, 5, 5), (4, 6, 9))
    point = DvhPoint(f"V{gy}Gy")
    figures, _ = dose_figures(pair(grid, *masks), dose, (point,))
    assert figures[f"V{gy}Gy_reference_percent"] == figures[f"V{gy}Gy_test_percent"] == 100
    assert DvhPoint(f"V{gy + 0.01}Gy").value(np.full(9, gy), 1.0) == 0


@pytest.mark.parametrize("text", ["D", "D95", "D0%", "D101%", "V20", "V20cGy", "95%", "d95%"])
def test_a_point_that_is_spelled_otherwise_is_refused(text):
    with pytest.raises(InputError, match="write for example D95%"):
        DvhPoint(text)


def test_a_dose_that_covers_a_contour_in_part_gives_no_figure_and_says_how_much(grid, box):
    short = Geometry((4, 24, 28), grid.spacing, grid.origin)  # slices 0 to 3
    a, b = box((0, 4, 5), (4, 6, 9)), box((1, 4, 5), (4, 6, 9))
    figures, notes = dose_figures(pair(grid, a, b), ramp(short), POINTS)
    assert figures["dose_coverage_reference"] == 1 and figures["dose_coverage_test"] == 0.75
    assert figures["dose_mean_reference_gy"] == pytest.approx(9 * 0.625)
    assert math.isnan(figures["dose_mean_test_gy"]) and math.isnan(figures["V20Gy_test_percent"])
    assert math.isnan(figures["dose_mean_difference_gy"])
    assert notes == ("the dose covers 75.0 % of the test contour",)


def test_an_empty_contour_has_no_dose_and_no_remark(grid, box):
    mask = box((0, 4, 5), (4, 6, 9))
    figures, notes = dose_figures(pair(grid, mask, np.zeros_like(mask)), ramp(grid), POINTS)
    assert math.isnan(figures["dose_mean_test_gy"]) and notes == ()


def test_a_dose_with_nan_is_refused_and_the_voxels_are_counted(grid):
    array = np.ones(grid.shape, np.float32)
    array[2, 3, 4:6] = np.nan
    with pytest.raises(InputError, match="2 voxels that are not finite"):
        check_dose(Volume(array, grid))


def test_a_dose_of_nothing_is_refused_and_one_of_thousands_is_asked_about(grid):
    with pytest.raises(InputError, match="nowhere above 0"):
        check_dose(Volume(np.zeros(grid.shape), grid))
    (warning,) = check_dose(Volume(np.full(grid.shape, 7000.0), grid))
    assert "7000 Gy: is the unit cGy?" in warning
    assert check_dose(Volume(np.full(grid.shape, 70.0), grid)) == ()
