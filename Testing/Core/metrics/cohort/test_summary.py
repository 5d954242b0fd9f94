"""Statistics of a cohort, held against the tables that Sartor et al. printed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from AutoContourRTCore.metrics.cohort.outliers import find_outliers
from AutoContourRTCore.metrics.cohort.summary import (
    bootstrap_interval,
    describe,
    pooled_by_structure,
    summarise,
)
from AutoContourRTCore.metrics.compare.rows import (
    EMPTY_IN_REFERENCE,
    MISSING_IN_TEST,
    NOT_IN_REFERENCE,
    UNMATCHED,
)

#: Sartor et al. 2020, Clinical and Translational Radiation Oncology 25:37, Tables 1a, 1b (Dice),
#: 2a, 2b (MSD, mm): values per case, and the mean and median printed below them. None: implant.
SARTOR = {
    "1a Femur_Head_R": ([.96, .78, .93, .90, .95, .89, .95, .96, .89, .94], .92, .94),
    "1a Femur_Head_L": ([.89, .74, .85, .95, .93, .92, .97, .97, .93, .94], .91, .93),
    "1a Bladder": ([.83, .87, .85, .94, .77, .95, .78, .78, .91, .61], .83, .84),
    "1a Bag_Bowel": ([.91, .92, .91, .88, .86, .89, .71, .84, .74, .94], .86, .88),
    "1a CTVN": ([.82, .82, .80, .78, .84, .83, .81, .71, .82, .84], .81, .82),
    "1b Femur_Head_R": (
        [.83, .91, .87, .95, .93, .89, .92, .92, .94, .77, .94, .94, .93, .91, .91, .72, .88, .92,
         .94, .95, .91, .86, .90, .92, .93, .81, .92, .88, .92, .91], .90, .92),
    "1b Femur_Head_L": (
        [.86, .91, .86, .95, None, .90, .88, .93, .92, .84, .91, .92, .92, .97, .95, .93, .91, .92,
         .91, .95, .90, .87, .88, .94, .94, .82, .90, .89, .95, .91], .91, .91),
    "1b Bladder": (
        [.90, .95, .92, .90, .82, .93, .95, .95, .94, .93, .94, .95, .93, .83, .95, .94, .95, .91,
         .89, .95, .93, .93, .94, .92, .96, .95, .93, .89, .96, .95], .93, .94),
    "1b Bag_Bowel": (
        [.76, .89, .83, .79, .74, .93, .75, .79, .89, .90, .88, .80, .84, .89, .88, .91, .82, .84,
         .83, .85, .84, .72, .71, .83, .87, .82, .86, .82, .81, .62], .82, .83),
    "2a Femur_Head_R": ([.95, 2.92, 1.58, 2.31, 1.15, 2.36, 1.27, 1.10, 1.98, 1.40], 1.70, 1.49),
    "2a Femur_Head_L": ([1.93, 3.39, 2.79, 1.29, 1.35, 1.41, .86, .92, 1.64, 1.42], 1.70, 1.42),
    "2a Bladder": ([3.62, 2.53, 3.82, 2.35, 3.40, 1.64, 5.18, 6.12, 2.69, 5.82], 3.72, 3.51),
    "2a Bag_Bowel": (
        [5.53, 4.77, 4.77, 6.42, 6.07, 5.09, 9.85, 10.26, 6.35, 3.34], 6.25, 5.80),
    "2a CTVN": ([4.20, 3.57, 4.04, 3.95, 2.97, 3.42, 4.09, 6.22, 3.55, 3.83], 3.98, 3.89),
    "2b Femur_Head_R": (
        [3.33, 2.09, 2.98, 1.17, 1.76, 2.29, 1.98, 1.97, 1.57, 4.00, 1.35, 1.71, 1.65, 2.06, 1.94,
         6.24, 1.80, 1.87, 1.25, 1.27, 1.85, 2.85, 2.14, 1.62, 1.74, 3.70, 1.77, 2.44, 1.77, 1.54],
        2.19, 1.86),
    "2b Femur_Head_L": (
        [3.15, 2.04, 3.08, 1.33, None, 2.16, 2.88, 1.88, 1.92, 2.94, 1.93, 2.25, 1.99, .88, 1.47,
         1.83, 1.40, 1.64, 1.82, 1.44, 2.50, 2.64, 2.12, 1.16, 1.64, 4.23, 2.09, 2.04, .97, 1.76],
        2.04, 1.93),
    "2b Bladder": (
        [2.62, 2.07, 2.33, 3.16, 4.18, 2.08, 1.43, 1.72, 2.58, 2.28, 1.76, 1.91, 2.38, 3.56, 1.70,
         2.50, 1.73, 3.12, 2.34, 1.88, 2.03, 2.59, 1.99, 2.46, 1.57, 1.48, 1.84, 3.88, 1.35, 1.92],
        2.28, 2.07),
    "2b Bag_Bowel": (
        [8.29, 5.42, 10.83, 10.41, 13.04, 4.20, 9.23, 8.21, 6.36, 5.01, 5.05, 7.62, 6.27, 4.97,
         5.02, 7.09, 6.51, 7.25, 5.92, 8.26, 8.00, 9.84, 9.07, 6.17, 5.41, 6.42, 5.67, 8.19, 5.45,
         10.57], 7.32, 6.80),
}  # fmt: skip


@pytest.mark.parametrize("column", SARTOR)
def test_sartors_printed_means_and_medians_are_reproduced(column, row):
    values, mean, median = SARTOR[column]
    table, structure = column.split()
    measure = "dice" if table.startswith("1") else "msd_mm"
    rows = [row(str(n), structure, **{measure: value})
            for n, value in enumerate(values) if value is not None]
    cases = [str(n) for n in range(len(values))]
    (found,) = summarise(rows, cases, [measure])
    assert found.what.mean == pytest.approx(mean, abs=0.0051)
    assert found.what.median == pytest.approx(median, abs=0.0051)
    implants = values.count(None)
    assert (found.what.n, found.what.missing) == (len(values) - implants, implants)
    assert found.not_in_reference == implants and found.missing_in_test == 0


def test_the_description_of_one_to_five_by_hand():
    found = describe([5, 1, math.nan, 4, 2, math.inf, 3])
    assert (found.n, found.missing, found.mean, found.median) == (5, 2, 3, 3)
    assert found.sd == pytest.approx(math.sqrt(2.5))
    assert (found.q1, found.q3, found.lowest, found.highest) == (2, 4, 1, 5)


def test_one_value_has_no_spread_and_none_has_no_mean():
    assert describe([7.0]).mean == 7 and math.isnan(describe([7.0]).sd)
    nothing = describe([math.inf])
    assert (nothing.n, nothing.missing) == (0, 1) and math.isnan(nothing.mean)


def test_missing_values_are_counted_by_their_reason(row):
    rows = [
        row("1", dice=0.8, hd95_mm=2.0), row("2", dice=0.6, hd95_mm=4.0),
        row("3", state=MISSING_IN_TEST, dice=0.0, hd95_mm=math.inf),
        row("4", state=NOT_IN_REFERENCE),
    ]
    dice, distance = summarise(rows, ["1", "2", "3", "4", "5"], ["dice", "hd95_mm"])
    assert dice.what.mean == pytest.approx(1.4 / 3) and dice.what.missing == 2
    assert distance.what.mean == 3 and distance.what.missing == 3 and distance.infinite == 1
    assert (distance.not_in_reference, distance.missing_in_test) == (2, 1)


def test_pooled_dice_sums_over_patients_per_structure(row):
    rows = [row("1", voxels_both=1, voxels_reference=2, voxels_test=2),
            row("2", voxels_both=90, voxels_reference=100, voxels_test=100),
            row("3", state=NOT_IN_REFERENCE)]
    assert pooled_by_structure(rows) == {"Brain": pytest.approx(182 / 204)}


def test_the_bootstrap_interval_of_a_normal_sample_is_near_the_textbooks():
    values = np.random.default_rng(0).normal(10, 2, 100)
    low, high = bootstrap_interval(values)
    half = 1.96 * values.std(ddof=1) / 10
    assert low == pytest.approx(values.mean() - half, abs=0.06)
    assert high == pytest.approx(values.mean() + half, abs=0.06)
    assert bootstrap_interval(values) == (low, high)  # the seed is fixed


def test_the_interval_of_equal_values_is_the_value_and_of_one_there_is_none():
    assert bootstrap_interval([3.0, 3.0, math.nan]) == (3, 3)
    assert all(map(math.isnan, bootstrap_interval([3.0])))


def test_what_nobody_drew_has_no_part_in_any_statistic(row):
    """An empty segment of a template is no contour: the Dice of 0 that its row shows says nothing
    of the test."""
    drawn = [row(str(n), dice=0.9, voxels_both=90, voxels_reference=100, voxels_test=100)
             for n in range(6)]  # fmt: skip
    empty = [row(str(n), state=EMPTY_IN_REFERENCE, dice=0.0, voxels_both=0, voxels_reference=0,
                 voxels_test=50) for n in range(6, 9)]  # fmt: skip
    rows = [*drawn, *empty]
    (found,) = summarise(rows, [r.case for r in rows], ["dice"])
    assert found.what.mean == pytest.approx(0.9) and found.what.n == 6
    assert (found.what.missing, found.not_in_reference) == (3, 3)
    assert pooled_by_structure(rows)["Brain"] == pytest.approx(0.9)
    assert not find_outliers(rows, ["dice"])
    assert find_outliers([*drawn, row("9", dice=0.0)], ["dice"]), "a real 0 stands out"


def test_a_case_with_contours_to_be_matched_by_hand_is_missing_once_or_not_at_all(row):
    """In case 1 one contour is matched and another waits; in case 2 three of them wait."""
    rows = [row("1", dice=0.9), row("1", state=UNMATCHED),
            *[row("2", state=UNMATCHED) for _ in range(3)]]  # fmt: skip
    (found,) = summarise(rows, ["1", "2", "3"], ["dice"])
    assert (found.what.n, found.what.missing, found.not_in_reference) == (1, 2, 1)
