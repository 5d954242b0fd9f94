from __future__ import annotations

import json
import math

from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerance, Tolerances
from AutoContourRTCore.metrics.cohort.cohort import CohortOptions, evaluate_case
from AutoContourRTCore.metrics.cohort.packed import (
    options_of,
    packed_options,
    packed_result,
    result_of,
)
from AutoContourRTCore.metrics.inputs.cases import pair_cases
from AutoContourRTCore.progress import ignore_progress


def through_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_every_option_comes_back(tmp_path):
    settings = Settings(
        Tolerances({"Brain": Tolerance(0.1 + 0.2, "me")}, "t.csv", "a" * 64), True,
        (1 / 3, 1.0, 2.5), (("x", "y"), ("z", "")), ("SpinalCord",), ("D95%", "V20Gy"), 3,
    )
    drawn = {"p": {"Brain": [1, 2]}, "q": {"*": [3]}}
    given = CohortOptions(settings, "dose.nrrd", "cGy", drawn, tmp_path / "labels.csv")
    back = options_of(through_json(packed_options(given, "p")), "p")
    assert back.settings == settings
    assert (back.dose, back.dose_unit, back.labels) == ("dose.nrrd", "cGy", given.labels)
    assert back.drawn_of("p") == {"Brain": [1, 2]}
    plain = CohortOptions()
    assert options_of(through_json(packed_options(plain, "p")), "p") == plain


def test_slices_drawn_for_all_cases_reach_each(tmp_path):
    given = CohortOptions(drawn={"*": {"Brain": [4]}})
    assert options_of(through_json(packed_options(given, "p")), "p").drawn_of("p") == {"Brain": [4]}


def test_a_result_comes_back_to_the_last_digit_with_nan_inf_and_notes(folders):
    told = provenance_of(Settings(), "m", "Ada")
    seen = set()
    for pair in pair_cases(*folders).pairs:
        result = evaluate_case(pair, CohortOptions(), told, ignore_progress)
        result.comparison.rows[0].figures["extra"] = -1 / 3
        back = result_of(pair.name, through_json(packed_result(result)))
        assert back.provenance == result.provenance
        assert back.comparison.matches == result.comparison.matches
        assert back.comparison.columns == result.comparison.columns
        assert back.comparison.warnings == result.comparison.warnings
        for ours, theirs in zip(back.comparison.rows, result.comparison.rows):
            columns = (*result.comparison.columns, "extra")
            assert ours.cells(columns) == theirs.cells(columns) and ours.notes == theirs.notes
            seen |= {repr(x) for x in ours.figures.values() if not math.isfinite(x)}
    assert seen == {"nan", "inf"}
