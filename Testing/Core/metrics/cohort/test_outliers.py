from __future__ import annotations

import math

import numpy as np
import pytest

from AutoContourRTCore.metrics.cohort.outliers import find_outliers, robust_z


def test_the_modified_z_score_of_a_sample_by_hand():
    """Median 3, absolute deviations 2 1 0 1 97: MAD 1."""
    assert robust_z([1, 2, 3, 4, 100]) == pytest.approx(
        [-1.349, -0.6745, 0, 0.6745, 0.6745 * 97]
    )


def test_where_most_values_are_equal_the_mean_deviation_serves():
    z = robust_z([1, 1, 1, 1, 6])
    assert z == pytest.approx([0, 0, 0, 0, 5 / 1.253314])
    assert (robust_z([2, 2, 2]) == 0).all()


def test_what_is_not_finite_has_no_score():
    z = robust_z([1, 2, math.inf, 3, math.nan])
    assert np.isnan(z[[2, 4]]).all() and np.isfinite(z[[0, 1, 3]]).all()
    assert np.isnan(robust_z([math.nan])).all()


def test_the_case_that_stands_out_is_found_and_the_farthest_comes_first(row):
    rows = [row(str(n), dice=0.80 + 0.01 * n, msd_mm=1.0 + 0.3 * n) for n in range(6)]
    rows += [row("odd", dice=0.2, msd_mm=30.0)]
    found = find_outliers(rows)
    assert [(o.case, o.measure) for o in found] == [("odd", "msd_mm"), ("odd", "dice")]
    assert found[0].z > 0 > found[1].z and found[1].median == pytest.approx(0.82)


def test_a_spread_finer_than_contours_makes_nobody_an_outlier(row):
    rows = [row(str(n), surface_dice=value)
            for n, value in enumerate([1, 1, 1, 0.9999, 0.9998, 0.98])]
    assert find_outliers(rows) == ()


def test_few_cases_do_not_tell_what_is_usual(row):
    assert find_outliers([row(str(n), dice=v) for n, v in enumerate([0.9, 0.9, 0.91, 0.1])]) == ()
