from __future__ import annotations

import math

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.compare.limits import (
    BORDERLINE,
    DEFAULT_LIMITS,
    FAIL,
    NOT_JUDGED,
    PASS,
    Limit,
    Limits,
    pass_rates,
    read_limits,
    write_limits,
)
from AutoContourRTCore.metrics.compare.rows import (
    MISSING_IN_TEST,
    NOT_IN_REFERENCE,
    UNJUDGED_STATES,
)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(1.0, PASS), (0.95, PASS), (0.949, BORDERLINE), (0.9, BORDERLINE), (0.89, FAIL), (0.0, FAIL),
     (math.nan, NOT_JUDGED)],
)
def test_a_surface_dice_is_judged_at_its_limits(row, value, verdict):
    assert DEFAULT_LIMITS.judge(row(surface_dice=value)) == verdict


def test_lengths_are_better_small_and_differences_near_zero():
    assert Limit("msd_mm", 1.0, 2.0).judge(0.9) == PASS
    assert Limit("msd_mm", 1.0, 2.0).judge(2.0) == BORDERLINE
    assert Limit("msd_mm", 1.0, 2.0).judge(math.inf) == FAIL
    assert Limit("volume_difference_percent", 5, 10).judge(-7) == BORDERLINE
    assert Limit("shift_si_mm", 1, 2).judge(-3) == FAIL


def test_rounding_errors_fail_nothing():
    assert Limit("hd95_mm", 3.0, 5.0).judge(3.0000000000000004) == PASS
    assert Limit("hd95_mm", 3.0, 5.0).judge(5.0000001192) == BORDERLINE
    assert Limit("dice", 0.3, 0.1).judge(0.1 * 3 - 1e-16) == PASS
    assert Limit("hd95_mm", 3.0, 5.0).judge(3.0001) == BORDERLINE
    assert Limit("hd_mm", math.inf, math.inf).judge(math.inf) == PASS


def test_the_worst_of_several_limits_counts(row):
    limits = Limits({"Brain": (Limit("dice", 0.8, 0.7), Limit("msd_mm", 1, 2))})
    assert limits.judge(row(dice=0.9, msd_mm=1.5)) == BORDERLINE
    assert limits.judge(row(dice=0.6, msd_mm=0.5)) == FAIL
    assert limits.judge(row(structure="Heart", dice=0.1)) == NOT_JUDGED


def test_nothing_passes_with_a_limit_that_there_is_no_figure_for(row):
    """A limit of the dose, and no dose was given; or no tolerance is known."""
    limits = Limits({"*": (Limit("dice", 0.8, 0.7), Limit("dose_mean_difference_gy", 0.5, 1))})
    assert limits.judge(row(dice=0.9)) == NOT_JUDGED
    assert limits.judge(row(dice=0.75)) == BORDERLINE and limits.judge(row(dice=0.1)) == FAIL
    assert limits.judge(row(dice=0.9, dose_mean_difference_gy=0.1)) == PASS
    rows = [row("1", dice=0.9), row("2", dice=0.9, dose_mean_difference_gy=0)]
    (rate,) = pass_rates(rows, limits)
    assert (rate.judged, rate.passed) == (1, 1)


def test_limits_of_the_common_range_concern_the_structures_that_have_one(row):
    limits = Limits({"*": (Limit("dice", 0.8, 0.7), Limit("dice_common_range", 0.9, 0.8))})
    assert limits.judge(row(dice=0.9)) == PASS
    assert limits.judgement(row(dice=0.9))["limits"] == "dice 0.8 0.7"
    assert limits.judge(row(dice=0.9, common_range_mm=80, dice_common_range=0.5)) == FAIL
    assert limits.judge(row(dice=0.9, common_range_mm=0)) == NOT_JUDGED


def test_what_the_test_lacks_has_failed_and_what_nobody_drew_is_not_judged(row):
    assert DEFAULT_LIMITS.judge(row(state=MISSING_IN_TEST)) == FAIL
    for state in UNJUDGED_STATES:
        assert DEFAULT_LIMITS.judge(row(state=state, surface_dice=0.0)) == NOT_JUDGED


def test_pass_rates_count_missing_structures_as_failures(row):
    rows = [row("1", surface_dice=0.99), row("2", surface_dice=0.91), row("3", surface_dice=0.5),
            row("4", state=MISSING_IN_TEST, surface_dice=0.0, tolerance_mm=2.0),
            row("5", state=NOT_IN_REFERENCE)]
    (rate,) = pass_rates(rows)
    assert (rate.judged, rate.passed, rate.borderline, rate.failed) == (4, 1, 1, 2)
    assert rate.missing_in_test == 1 and rate.rate == 0.25
    assert math.isnan(pass_rates([row("5", state=NOT_IN_REFERENCE)])[0].rate)


def test_a_rate_is_not_made_of_missing_structures_alone(row):
    """Where those that are there are not judged: no tolerance, no dose, no limit."""
    lacking = row("2", "PTV", MISSING_IN_TEST, dice=0.0, surface_dice=math.nan)
    (rate,) = pass_rates([row("1", "PTV", dice=0.9), lacking])
    assert (rate.judged, rate.failed, rate.missing_in_test) == (0, 0, 1) and math.isnan(rate.rate)
    others = Limits({"Brain": (Limit("dice", 0.8, 0.7),)})
    assert others.judge(lacking) == NOT_JUDGED and pass_rates([lacking], others)[0].judged == 0
    dose = Limits({"*": (Limit("dose_mean_difference_gy", 1, 2),)})
    assert pass_rates([lacking], dose)[0].judged == 0
    given = row("2", "PTV", MISSING_IN_TEST, dose_coverage_reference=1.0)
    assert pass_rates([given], dose)[0].failed == 1


def test_limits_are_read_by_any_name_and_written_again(tmp_path):
    path = tmp_path / "limits.csv"
    path.write_text("structure,measure,pass,borderline\n*,dice,0.8,0.7\nLeft Parotid,msd_mm,1,2\n")
    limits = read_limits(path)
    assert limits.of("Parotid-Lt") == (Limit("msd_mm", 1, 2),)
    assert limits.of("Brain") == (Limit("dice", 0.8, 0.7),)
    write_limits(path, limits)
    assert read_limits(path) == limits


@pytest.mark.parametrize(
    ("line", "message"),
    [("Brain,dice,0.7,0.8", "wrong order"), ("Brain,msd_mm,2,1", "wrong order"),
     ("Brain,dice,high,0.8", "no numbers"), ("Brain,dice,nan,0.8", "wrong order")],
)
def test_bad_limits_are_refused_with_their_message(tmp_path, line, message):
    (tmp_path / "limits.csv").write_text(f"structure,measure,pass,borderline\n{line}\n")
    with pytest.raises(InputError, match=message):
        read_limits(tmp_path / "limits.csv")


@pytest.mark.parametrize("line", ["*,hd95,3,5", "*,Surface_Dice,0.9,0.95", "*,beauty,0,1",
                                  "*,D2%_middle_gy,1,2", "*,dose_coverage_both,1,1"])
def test_limits_of_no_column_are_refused_and_the_nearest_named(tmp_path, line):
    (tmp_path / "limits.csv").write_text(f"structure,measure,pass,borderline\n{line}\n")
    with pytest.raises(InputError, match="is no column that limits can be set for; write for"):
        read_limits(tmp_path / "limits.csv")
    if "hd95" in line:
        with pytest.raises(InputError, match="hd95_mm"):
            read_limits(tmp_path / "limits.csv")


@pytest.mark.parametrize("name", ["dose_mean_difference_gy", "D2%_test_gy", "V20Gy_test_percent"])
def test_limits_can_be_set_for_dose_columns(row, name):
    limits = Limits({"*": (Limit(name, 1, 2),)})
    assert limits.judge(row(**{name: 1.5})) == BORDERLINE
    told = limits.judgement(row(**{name: 3.0}))
    assert told == {"verdict": FAIL, "limits": f"{name} 1 2"}


def test_two_lines_for_one_measure_of_a_structure_are_refused(tmp_path):
    path = tmp_path / "limits.csv"
    path.write_text("structure,measure,pass,borderline\nHeart,dice,0.8,0.7\nheart,dice,0.9,0.85\n")
    with pytest.raises(InputError, match="gives the limits of Heart, dice, twice"):
        read_limits(path)
