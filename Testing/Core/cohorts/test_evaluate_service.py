"""Comparisons on real processes of this machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from AutoContourRTCore import messages
from AutoContourRTCore.cohorts.evaluate_service import EvaluateCaseService
from AutoContourRTCore.cohorts.evaluating import Evaluating, evaluate_cohort
from AutoContourRTCore.cohorts.local_workers import LocalWorkers
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.cohort import cohort as compared
from AutoContourRTCore.metrics.cohort.cohort import CohortOptions
from AutoContourRTCore.progress import ignore_progress
from in_this_process import InThisProcess

CASES = ["a", "b ü", "c", "d"]


def test_two_processes_give_the_figures_of_one_to_the_last_digit(
    sides: Callable[..., Any], tmp_path: Path
) -> None:
    folders, options = sides(CASES), CohortOptions()
    (folders[1] / "c.seg.nrrd").write_bytes(b"no contours")
    found: Dict[str, Any] = {}
    pools = {"one": InThisProcess(EvaluateCaseService()),
             "two": LocalWorkers(2, tmp_path / "logs")}  # fmt: skip
    for name, pool in pools.items():
        wanted = Evaluating(*folders, tmp_path / name, options, provenance_of(Settings(), "", "A"))
        rows, found[name] = evaluate_cohort(wanted, pool, ignore_progress)
        assert Counter(row.state for row in rows) == {"done": 3, "failed": 1}
    one, two = found["one"], found["two"]
    columns = one.columns
    assert [row.cells(columns) for row in two.rows] == [row.cells(columns) for row in one.rows]
    assert two.matches == one.matches and two.problems == one.problems


def test_the_threads_are_those_of_the_request_unless_the_settings_tell(
    sides: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = compared.evaluate_case

    def noted(pair: Any, options: Any, *rest: Any) -> Any:
        seen.append(options.settings.workers)
        return real(pair, options, *rest)

    monkeypatch.setattr(compared, "evaluate_case", noted)
    for workers in (0, 3):
        settings = Settings(workers=workers)
        wanted = Evaluating(*sides(["a"]), tmp_path / f"{workers}", CohortOptions(settings),
                            provenance_of(settings))  # fmt: skip
        evaluate_cohort(wanted, InThisProcess(EvaluateCaseService()), ignore_progress)
    assert seen == [1, 3]


def test_it_is_a_kind_of_request_that_the_worker_knows() -> None:
    from AutoContourRTCore.worker import SERVICES

    assert messages.load(SERVICES["evaluate_case"]) is EvaluateCaseService
