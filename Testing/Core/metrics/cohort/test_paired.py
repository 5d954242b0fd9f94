from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.cohort.paired import ALL, compare_methods, holm, wilcoxon_p
from AutoContourRTCore.metrics.compare.rows import EMPTY_IN_REFERENCE, UNMATCHED


def test_holms_correction_of_a_textbook_family():
    """Holm 1979: sorted p times 4, 3, 2, 1, never falling, at most 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1, 1]
    found = holm([0.01, math.nan, 0.02])
    assert found[0] == pytest.approx(0.02) and math.isnan(found[1])
    assert holm([]) == []


def test_the_signed_rank_test_of_six_equal_signs_has_p_two_in_sixty_four():
    assert wilcoxon_p([1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 64)
    assert wilcoxon_p([0, 1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 64)
    assert wilcoxon_p([0.0, 0.0]) == 1 and math.isnan(wilcoxon_p([]))


def method(row, values, structure="Brain", measure="dice"):
    return [row(str(n), structure, **{measure: value}) for n, value in enumerate(values)]


def test_a_method_that_is_worse_by_three_points_is_not_inferior_at_five_but_at_two(row):
    base = np.random.default_rng(0).uniform(0.7, 0.9, 20)
    worse = base - 0.03 + np.random.default_rng(1).normal(0, 0.005, 20)
    first, second = method(row, worse), method(row, base)
    at = {m: compare_methods(first, second, ["dice"], m)[0] for m in (5.0, 2.0)}
    result = at[5.0]
    assert result.difference == pytest.approx(np.mean(worse - base))
    assert result.low < result.difference < result.high < 0
    assert result.p == pytest.approx(stats.wilcoxon(worse - base).pvalue)
    assert result.non_inferior is True and at[2.0].non_inferior is False
    assert (result.margin, at[2.0].margin) == (0.05, 0.02)


def test_for_distances_more_is_worse_and_a_margin_must_be_stated(row):
    base = np.linspace(1, 2, 10)
    first, second = (method(row, v, measure="msd_mm") for v in (base + 0.4, base))
    assert compare_methods(first, second, ["msd_mm"])[0].non_inferior is None
    assert compare_methods(first, second, ["msd_mm"], margin_mm=0.5)[0].non_inferior is True
    assert compare_methods(first, second, ["msd_mm"], margin_mm=0.3)[0].non_inferior is False
    assert compare_methods(second, first, ["msd_mm"], margin_mm=0.0)[0].non_inferior is True


def test_patients_without_a_figure_of_both_are_left_out_and_counted(row):
    first = method(row, [0.8, 0.7, math.nan, 0.9])
    second = method(row, [0.8, 0.6, 0.5])
    (result, _) = compare_methods(first, second, ["dice"])
    assert (result.n, result.left_out) == (2, 2)
    assert result.difference == pytest.approx(0.05)


def test_contours_to_be_matched_by_hand_are_left_out_and_a_structure_twice_is_refused(row):
    first, second = method(row, [1.0, 0.9]), method(row, [0.5, 0.4])
    doubtful = row("0", "Brain", state=UNMATCHED)
    assert compare_methods([*first, doubtful], second, ["dice"]) == (
        compare_methods(first, second, ["dice"])
    )
    with pytest.raises(InputError, match="0 has 2 contours of Brain; match one of them by hand"):
        compare_methods([*first, row("0", "Brain", dice=0.0)], second, ["dice"])


def test_over_all_structures_each_patient_counts_once(row):
    first = method(row, [0.9, 0.9]) + method(row, [0.5], "Heart")
    second = method(row, [0.8, 0.8]) + method(row, [0.2], "Heart")
    overall = compare_methods(first, second, ["dice"])[-1]
    assert overall.structure == ALL and overall.n == 2
    assert overall.difference == pytest.approx(((0.1 + 0.3) / 2 + 0.1) / 2)
    assert math.isnan(overall.p_holm)


def test_holm_counts_the_structures_of_one_measure(row):
    values = [0.1 * n for n in range(1, 7)]
    first = [*method(row, values), *method(row, values, "Heart"), *method(row, values, "Liver")]
    second = [*method(row, [0] * 6), *method(row, [0] * 6, "Heart"), *method(row, values, "Liver")]
    found = compare_methods(first, second, ["dice"])
    assert [r.p_holm for r in found[:3]] == pytest.approx([6 / 64, 6 / 64, 1])


def test_other_patients_and_a_negative_margin_are_refused(row):
    with pytest.raises(InputError, match="no patient in common"):
        compare_methods([row("a", dice=1)], [row("b", dice=1)])
    with pytest.raises(InputError, match="0 or more"):
        compare_methods([row("a", dice=1)], [row("a", dice=1)], margin_points=-1)


def test_too_few_patients_are_no_proof_that_a_method_is_not_inferior(row):
    for n, stated in ((5, None), (6, True)):
        first, second = method(row, [0.8] * n), method(row, [0.81] * n)
        assert compare_methods(first, second, ["dice"])[0].non_inferior is stated


def test_a_method_that_misses_organs_the_other_finds_is_not_shown_to_be_not_inferior(row):
    second = method(row, [3.0] * 10, measure="hd95_mm")
    good = method(row, [3.1] * 10, measure="hd95_mm")
    lacking = method(row, [3.1] * 8 + [math.inf] * 2, measure="hd95_mm")
    for first, shown in ((good, True), (lacking, False)):
        results = compare_methods(first, second, ["hd95_mm"], margin_mm=1.0)
        assert [result.non_inferior for result in results] == [shown, shown]
    (again, _) = compare_methods(second, lacking, ["hd95_mm"], margin_mm=1.0)
    assert again.non_inferior is True, "what the second lacks does not count against the first"


def test_patients_that_the_first_method_lacks_are_missing_too(row):
    """It gave no contours for two patients, or contours that nobody has matched."""
    second = method(row, [0.8] * 8)
    for lacking in ([], [row("6", state=UNMATCHED), row("7", state=UNMATCHED)]):
        results = compare_methods([*method(row, [0.8] * 6), *lacking], second, ["dice"])
        assert [result.non_inferior for result in results] == [False, False]
        assert results[0].left_out == 2
    assert compare_methods(second, second[:6], ["dice"])[0].non_inferior is True


def test_a_structure_that_nobody_drew_does_not_dilute_a_difference(row):
    rows = [method(row, [value] * 6) + [row(f"e{n}", state=EMPTY_IN_REFERENCE, dice=0.0)
            for n in range(16)] for value in (0.7, 0.8)]  # fmt: skip
    result = compare_methods(*rows, ["dice"])[0]
    assert (result.n, result.left_out) == (6, 16)
    assert result.difference == pytest.approx(-0.1) and result.non_inferior is False
