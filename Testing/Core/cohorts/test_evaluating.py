"""A cohort's figures from what its cases gave, also where most of them were done before."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from AutoContourRTCore.cohorts.evaluate_service import EvaluateCaseService
from AutoContourRTCore.cohorts.evaluating import Evaluating, evaluate_cohort
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import read_tolerances
from AutoContourRTCore.metrics.cohort.cohort import Cohort, CohortOptions, evaluate_case
from AutoContourRTCore.metrics.inputs.cases import pair_cases
from AutoContourRTCore.progress import ignore_progress
from in_this_process import InThisProcess

CASES = ["p1", "p2", "p3", "p4"]


@pytest.fixture()
def pool() -> InThisProcess:
    return InThisProcess(EvaluateCaseService())


@pytest.fixture()
def wanted(sides: Callable[..., Any], tmp_path: Path) -> Evaluating:
    return Evaluating(*sides(CASES), tmp_path / "out", CohortOptions(), provenance_of(Settings()))


def cells(cohort: Cohort) -> List[Dict[str, str]]:
    return [row.cells(cohort.columns) for row in cohort.rows]


def table(folder: Path) -> Dict[str, Dict[str, str]]:
    with open(folder / "cases.csv", encoding="utf-8", newline="") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def test_figures_are_those_of_one_process_to_the_last_digit_also_out_of_records(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    plain = [evaluate_case(pair, wanted.options, wanted.provenance, ignore_progress)
             for pair in pair_cases(wanted.reference, wanted.test).pairs]  # fmt: skip
    for _ in range(2):
        rows, cohort = evaluate_cohort(wanted, pool, ignore_progress)
        assert cells(cohort) == [
            row.cells(cohort.columns) for each in plain for row in each.comparison.rows
        ]
        assert [each.comparison.matches for each in cohort.results] == [
            each.comparison.matches for each in plain
        ]
        assert [each.provenance for each in cohort.results] == [each.provenance for each in plain]
        assert [row.state for row in rows] == ["done"] * 4
    assert pool.asked == CASES, "the second time nothing was left"
    assert len({row["surface_dice"] for row in cohort.rows}) > 2, "the cases must differ"


def test_a_bad_case_stops_no_other_is_named_and_is_tried_again(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    good = (wanted.test / "p2.seg.nrrd").read_bytes()
    (wanted.test / "p2.seg.nrrd").write_bytes(good[:-40])
    (wanted.reference / "p9.seg.nrrd").write_bytes(good)
    rows, cohort = evaluate_cohort(wanted, pool, ignore_progress)
    assert {row.case: row.state for row in rows} == {
        "p1": "done", "p2": "failed", "p3": "done", "p4": "done", "p9": "left out"}  # fmt: skip
    assert cohort.cases == ("p1", "p3", "p4") and set(dict(cohort.problems)) == {"p2", "p9"}
    found = table(wanted.folder)
    assert "p2.seg.nrrd" in found["p2"]["message"]
    assert "the test has no such case" in found["p9"]["message"]
    assert float(found["p1"]["seconds"]) > 0 and found["p1"]["output"] == "records/p1.json"
    (wanted.test / "p2.seg.nrrd").write_bytes(good)
    pool.asked.clear()
    assert evaluate_cohort(wanted, pool, ignore_progress)[1].cases == tuple(CASES)
    assert pool.asked == ["p2"]


def test_what_was_changed_is_compared_again_and_nothing_else(
    wanted: Evaluating, pool: InThisProcess, tmp_path: Path
) -> None:
    before = cells(evaluate_cohort(wanted, pool, ignore_progress)[1])
    pool.asked.clear()
    (wanted.test / "p3.seg.nrrd").write_bytes((wanted.test / "p4.seg.nrrd").read_bytes())
    changed = evaluate_cohort(wanted, pool, ignore_progress)[1]
    assert pool.asked == ["p3"]
    after = cells(changed)
    assert [a == b for a, b in zip(before, after)] == [True] * 4 + [False] * 2 + [True] * 2
    assert after[4]["dice"] == before[6]["dice"]

    file = tmp_path / "t.csv"
    for text in ("Brain,0.5,me", "Brain,7,me"):  # another tolerance hash: all of them
        file.write_text(f"structure,tolerance_mm,source\n{text}\n")
        settings = Settings(tolerances=read_tolerances(file))
        stricter = replace(wanted, options=CohortOptions(settings),
                           provenance=provenance_of(settings))  # fmt: skip
        pool.asked.clear()
        found = evaluate_cohort(stricter, pool, ignore_progress)[1]
        assert pool.asked == CASES
        assert found.rows[0]["tolerance_mm"] == float(text.split(",")[1])
    pool.asked.clear()
    evaluate_cohort(replace(stricter, force=True), pool, ignore_progress)
    assert pool.asked == CASES


def test_a_case_keeps_the_time_when_it_was_compared_and_the_tables_tell_theirs(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    early = replace(wanted.provenance, time="2026-01-01T00:00:00+00:00", user="Ada")
    late = replace(wanted.provenance, time="2026-02-02T00:00:00+00:00", user="Bob")
    evaluate_cohort(replace(wanted, provenance=early), pool, ignore_progress)
    (wanted.test / "p1.seg.nrrd").write_bytes((wanted.test / "p2.seg.nrrd").read_bytes())
    cohort = evaluate_cohort(replace(wanted, provenance=late), pool, ignore_progress)[1]
    assert [each.provenance.user for each in cohort.results] == ["Bob", "Ada", "Ada", "Ada"]
    assert cohort.provenance().time == late.time


def test_contours_of_the_same_content_are_not_compared_again(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    evaluate_cohort(wanted, pool, ignore_progress)
    (wanted.test / "p1.seg.nrrd").touch()
    evaluate_cohort(wanted, pool, ignore_progress)
    assert pool.asked == CASES


def test_a_run_that_is_stopped_goes_on_with_what_is_left(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    def stop(share: float, text: str) -> None:
        if text.endswith("p3: starting"):
            raise Cancelled()

    with pytest.raises(Cancelled):
        evaluate_cohort(wanted, pool, stop)
    states = [row["state"] for row in table(wanted.folder).values()]
    assert states == ["done", "done", "waiting", "waiting"]
    assert not (wanted.folder / "lock").exists()
    evaluate_cohort(wanted, pool, ignore_progress)
    assert pool.asked == ["p1", "p2", "p3", "p3", "p4"]


def test_what_segment_cohort_keeps_beside_its_contours_is_no_case(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    for name in ("logs", "records"):
        (wanted.test / name).mkdir()
    assert len(evaluate_cohort(wanted, pool, ignore_progress)[1].problems) == 2
    (wanted.test / "summary.csv").write_text("case")
    for _ in range(2):
        rows, cohort = evaluate_cohort(wanted, pool, ignore_progress)
        assert cohort.problems == () and [row.case for row in rows] == CASES
        for name in ("logs", "records"):  # the second time: on both sides
            (wanted.reference / name).mkdir(exist_ok=True)
        (wanted.reference / "summary.csv").write_text("case")


def test_a_damaged_record_is_compared_again(wanted: Evaluating, pool: InThisProcess) -> None:
    before = cells(evaluate_cohort(wanted, pool, ignore_progress)[1])
    path = wanted.folder / "records" / "p1.json"
    path.write_text(path.read_text()[:200])
    assert cells(evaluate_cohort(wanted, pool, ignore_progress)[1]) == before
    assert pool.asked == [*CASES, "p1"]
    json.loads(path.read_text())


def test_a_record_that_cannot_be_read_fails_its_case_and_no_other(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    evaluate_cohort(wanted, pool, ignore_progress)
    path = wanted.folder / "records" / "p2.json"
    path.unlink()
    path.mkdir()  # OSError, for root too
    rows, cohort = evaluate_cohort(wanted, pool, ignore_progress)
    assert [row.state for row in rows] == ["done", "failed", "done", "done"]
    assert cohort.cases == ("p1", "p3", "p4")
    assert "p2.json cannot be read" in table(wanted.folder)["p2"]["message"]


def test_folders_without_a_common_case_are_refused_before_anything_is_written(
    wanted: Evaluating, pool: InThisProcess
) -> None:
    for case in CASES:
        (wanted.test / f"{case}.seg.nrrd").rename(wanted.test / f"other {case}.seg.nrrd")
    with pytest.raises(InputError, match="No case of .*reference has one of the same name"):
        evaluate_cohort(wanted, pool, ignore_progress)
    assert not wanted.folder.exists() and pool.asked == []
