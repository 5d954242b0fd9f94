from __future__ import annotations

import math

import numpy as np
import pytest

from AutoContourRTCore.metrics.choices.matching import MATCHED, Match
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerance, Tolerances
from AutoContourRTCore.metrics.compare import rows
from AutoContourRTCore.metrics.compare.structure import Task, compare_structure
from AutoContourRTCore.metrics.contours import cut_to_box

WAYS = ("binary mask as stored", "binary mask as stored")


@pytest.fixture()
def compared(grid):
    """The row of two masks; None for a side that has no such contour."""

    def run(a, b, name="Brain", slices=None, **settings):
        sides = [None if mask is None else cut_to_box(mask, grid) for mask in (a, b)]
        match = Match(name, name, name, MATCHED)
        return compare_structure(Task("1", match, *sides, grid, WAYS, None, slices),
                                 Settings(**settings))

    return run


def test_a_box_moved_by_one_slice_has_the_figures_of_counting(compared, box):
    row = compared(box((3, 4, 5), (10, 6, 7)), box((4, 4, 5), (10, 6, 7)))
    assert row["dice"] == pytest.approx(0.9)
    assert row["hd_mm"] == row["worst_mm"] == 2.5
    assert (row["shift_lr_mm"], row["shift_ap_mm"]) == pytest.approx((0, 0), abs=1e-9)
    assert row["shift_si_mm"] == pytest.approx(2.5)  # up: the grid's k grows towards superior
    assert row["apl_mm"] == pytest.approx((2 * 6 + 2 * 7 - 4) * math.sqrt(1.25))
    assert row["volume_reference_ml"] == pytest.approx(420 * 3.125 / 1000)
    assert row["volume_difference_percent"] == pytest.approx(0)
    assert (row["voxels_both"], row["voxels_reference"], row["voxels_test"]) == (378, 420, 420)
    assert row.state == rows.COMPARED and row.grid == "1.25 x 1 x 2.5 mm"


def test_shifts_follow_the_patient_not_the_array(compared, box):
    row = compared(box((3, 4, 5), (4, 6, 7)), box((1, 7, 9), (4, 6, 7)))
    assert (row["shift_lr_mm"], row["shift_ap_mm"], row["shift_si_mm"]) == pytest.approx(
        (4 * 1.25, 3 * 1.0, -2 * 2.5)
    )


def test_the_worst_place_lies_on_the_part_that_sticks_out(compared, box, grid):
    a = box((3, 4, 5), (6, 6, 6))
    b = a.copy()
    b[5, 6, 11:18] = True  # a thorn of seven voxels
    place = compared(a, b).worst_place
    kji = grid.to_kji(np.array(place))
    assert abs(kji[0] - 5) <= 0.5 and abs(kji[1] - 6) <= 0.5 and kji[2] == pytest.approx(17.5)
    assert compared(a, b)["worst_mm"] == compared(b, a)["worst_mm"] == 7 * 1.25


def test_a_structure_that_the_test_lacks_counts_as_empty(compared, box):
    mask = box((3, 4, 5), (6, 6, 6))
    for row in (compared(mask, None), compared(mask, np.zeros_like(mask))):
        assert row["dice"] == row["surface_dice"] == 0
        assert row["msd_mm"] == row["hd_mm"] == row["hd95_mm"] == math.inf
        assert row["asd_reference_to_test_mm"] == math.inf
        assert math.isnan(row["asd_test_to_reference_mm"]) and row.worst_place is None
        assert row["volume_test_ml"] == 0 and row["volume_difference_percent"] == -100
        assert math.isnan(row["shift_si_mm"])
    assert compared(mask, None).state == rows.MISSING_IN_TEST
    assert compared(mask, np.zeros_like(mask)).state == rows.EMPTY_IN_TEST


def test_what_nobody_drew_in_the_reference_is_not_judged(compared, box):
    row = compared(None, box((3, 4, 5), (6, 6, 6)))
    assert row.state == rows.NOT_IN_REFERENCE and row["volume_test_ml"] > 0
    assert all(math.isnan(row[n]) for n in ("dice", "surface_dice", "msd_mm", "apl_mm",
                                            "volume_reference_ml", "volume_difference_ml"))


def test_empty_on_one_or_both_sides_follows_the_reference_library(compared, box):
    mask = box((3, 4, 5), (6, 6, 6))
    nothing = np.zeros_like(mask)
    row = compared(nothing, mask)
    assert row.state == rows.EMPTY_IN_REFERENCE and row["dice"] == 0 and row["apl_mm"] == 0
    assert math.isnan(row["volume_difference_percent"])
    for other in (nothing, None):  # nothing was drawn, and nothing is there: no failure of the test
        row = compared(nothing, other)
        assert row.state == rows.EMPTY_IN_BOTH and math.isnan(row["dice"])
        assert math.isnan(row["msd_mm"]) and row["hd_mm"] == math.inf


def test_the_tolerance_and_the_one_used_stand_side_by_side(compared, box):
    a, b = box((3, 4, 5), (10, 6, 7)), box((4, 4, 5), (10, 6, 7))
    tolerances = Tolerances({"Brain": Tolerance(2.4, "the clinic")})
    plain = compared(a, b, tolerances=tolerances)
    rounded = compared(a, b, tolerances=tolerances, round_tolerance=True)
    assert (plain["tolerance_mm"], plain["tolerance_used_mm"]) == (2.4, 2.4)
    # the grid's distances near 2.4: sqrt(2^2 + 1.25^2) = 2.358, and 2.5
    assert rounded["tolerance_mm"] == 2.4
    assert rounded["tolerance_used_mm"] == pytest.approx(math.sqrt(5.5625))
    assert rounded.tolerance_source == "the clinic"
    wide = compared(a, b, tolerances=Tolerances({"Brain": Tolerance(2.45, "")}),
                    round_tolerance=True)
    assert wide["tolerance_used_mm"] == 2.5 and wide["surface_dice"] == 1 > rounded["surface_dice"]


def test_without_a_tolerance_there_is_no_surface_dice_and_the_row_says_why(compared, box):
    mask = box((3, 4, 5), (6, 6, 6))
    row = compared(mask, mask, name="GTV lump")
    assert math.isnan(row["surface_dice"]) and math.isnan(row["tolerance_mm"])
    assert row["dice"] == 1 and "no tolerance" in row.notes[0]


def test_a_cord_drawn_further_is_perfect_over_the_common_range(compared, box):
    a, b = box((2, 4, 5), (10, 3, 3)), box((4, 4, 5), (14, 3, 3))
    row = compared(a, b, name="SpinalCord")
    assert row["dice"] < 0.7 and row["hd_mm"] == 6 * 2.5
    assert row["common_range_mm"] == 8 * 2.5
    assert row["dice_common_range"] == row["surface_dice_common_range"] == 1
    assert row["msd_common_range_mm"] == row["hd95_common_range_mm"] == 0
    assert math.isnan(compared(a, b)["dice_common_range"])  # a brain has no such columns
    apart = compared(box((0, 4, 5), (3, 3, 3)), box((9, 4, 5), (3, 3, 3)), name="Esophagus")
    assert apart["common_range_mm"] == apart["dice_common_range"] == 0
    assert apart["surface_dice_common_range"] == 0 and apart["hd95_common_range_mm"] == math.inf


def test_drawn_slices_are_those_of_the_references_grid(compared, box):
    a, b = box((3, 4, 5), (1, 6, 7)), box((1, 4, 5), (6, 6, 7))
    row = compared(a, b, slices=[3])
    assert (row["voxels_both"], row["voxels_reference"], row["voxels_test"]) == (42, 42, 42)
    row = compared(a, b, slices=[0, 2, 19])
    assert (row["voxels_both"], row["voxels_reference"], row["voxels_test"]) == (0, 0, 42)
