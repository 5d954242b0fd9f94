from __future__ import annotations

import math

import numpy as np
import pytest

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.cohort.cohort import CohortOptions, evaluate_case
from AutoContourRTCore.metrics.inputs.cases import pair_cases
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume


def test_rows_of_all_cases_and_nothing_to_complain_about(folders, evaluated):
    cohort = evaluated(*folders)
    told = {(r.case, r.structure): (r.state, r["dice"]) for r in cohort.rows}
    assert told[("p1", "Brain")] == ("compared", 1.0)
    assert told[("p2", "Heart")] == ("missing in test", 0.0)
    assert told[("p3", "Heart")][0] == "not in reference" and math.isnan(told[("p3", "Heart")][1])
    assert cohort.cases == ("p1", "p2", "p3") and cohort.problems == ()


def test_a_bad_case_does_not_stop_the_others_and_is_told(folders, folder_of, sets, grid, evaluated):
    reference, test = folders
    (test / "p2" / "structures.seg.nrrd").write_bytes(b"")
    folder_of("reference", {"p4": sets(0)})
    folder_of("test", {"p5": sets(0)})
    empty = LabelMap({"Brain": np.zeros(grid.shape, bool)}, grid)
    folder_of("reference", {"p6": empty})
    folder_of("test", {"p6": sets(0)})
    cohort = evaluated(reference, test)
    assert cohort.cases == ("p1", "p3")
    problems = dict(cohort.problems)
    assert set(problems) == {"p2", "p4", "p5", "p6"}
    assert "the test has no such case" in problems["p4"] and "is empty" in problems["p6"]


def test_a_test_in_which_nothing_was_found_is_a_failure_not_a_problem(
    folder_of, sets, grid, evaluated
):
    nothing = LabelMap({"Brain": np.zeros(grid.shape, bool)}, grid)
    reference = folder_of("reference", {"p1": sets(0), "p2": sets(0)})
    cohort = evaluated(reference, folder_of("test", {"p1": sets(0), "p2": nothing}))
    assert [r.state for r in cohort.rows if r.case == "p2"] == ["empty in test", "missing in test"]


def test_no_case_that_works_and_no_common_structure_are_refused(
    folder_of, sets, grid, box, evaluated
):
    other = LabelMap({"Liver": box((1, 1, 1), (2, 2, 2))}, grid)
    reference = folder_of("reference", {"p1": sets(0)})
    test = folder_of("test", {"p1": other})
    with pytest.raises(InputError, match="No case has a structure in common.*Brain.*Liver.*--map"):
        evaluated(reference, test)
    (test / "p1" / "structures.seg.nrrd").write_bytes(b"")
    with pytest.raises(InputError, match="No case could be compared. p1: "):
        evaluated(reference, test)


def test_a_match_by_hand_holds_for_all_cases(folders, evaluated):
    cohort = evaluated(*folders, settings=Settings(by_hand=(("Brain", "Brain"), ("heart", ""))))
    assert {row.structure for row in cohort.rows if row.case == "p1"} == {"Brain", "Heart"}
    assert {row.state for row in cohort.rows if row.structure == "Heart"} == {"not in reference"}


def test_a_dose_of_each_case_is_found_by_its_name(folders, grid, evaluated):
    for case in ("p1", "p2", "p3"):
        path = folders[0] / case / "dose_cGy.nrrd"
        write_volume(Volume(np.full(grid.shape, 3000, np.int16), grid), path)
    cohort = evaluated(*folders, dose="dose_cGy.nrrd", dose_unit="cGy")
    assert cohort.rows[0]["dose_mean_test_gy"] == pytest.approx(30)
    assert "dose_mean_difference_gy" in cohort.columns
    assert cohort.provenance().dose_id.startswith("sha256:")


def test_drawn_slices_of_a_case_reach_its_rows(folders, evaluated):
    cohort = evaluated(*folders, drawn={"p1": {"*": [4, 5]}})
    by = {(r.case, r.structure): r["voxels_reference"] for r in cohort.rows}
    assert by[("p1", "Brain")] == 2 * 42 and by[("p2", "Brain")] == 10 * 42


def test_drawn_slices_of_a_case_that_is_not_there_are_told(folders, evaluated):
    cohort = evaluated(*folders, drawn={"p_1": {"*": [4, 5]}, "p2": {"*": [4]}, "*": {"*": [5]}})
    assert [case for case, _ in cohort.problems] == ["p_1"]
    assert "no such case" in cohort.problems[0][1]


def test_cancel_stops_within_a_case(folders):
    def stop(fraction, message):
        if fraction > 0.4:
            raise Cancelled()

    pair = pair_cases(*folders).pairs[0]
    with pytest.raises(Cancelled):
        evaluate_case(pair, CohortOptions(), provenance_of(Settings()), stop)
