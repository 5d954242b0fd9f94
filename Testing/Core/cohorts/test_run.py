"""The board of a cohort; scripted replies stand for workers."""

from __future__ import annotations

import csv
import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence

import pytest

from AutoContourRTCore import messages
from AutoContourRTCore.cohorts.request import CaseRequest
from AutoContourRTCore.cohorts.run import Order, run_cohort
from AutoContourRTCore.cohorts.segment_service import SegmentCaseService
from AutoContourRTCore.cohorts.service import UNFINISHED
from AutoContourRTCore.cohorts.summary import FAILED, Row
from AutoContourRTCore.correction.lock import Lock
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.progress import ignore_progress


class Pool:
    """Does cases in this process; `instead` replaces what is said of some."""

    def __init__(self, service: SegmentCaseService) -> None:
        self._service, self.asked, self.closed = service, [], False
        self.instead: Dict[str, messages.Reply] = {}
        self.before_each: Callable[[], Any] = lambda: None

    def run(self, requests: Sequence[CaseRequest]) -> Iterator[Any]:
        try:
            for request in requests:
                self.before_each()
                self.asked.append(request.id)
                yield messages.Progress(request.id, 0.0, "starting")
                yield None
                yield self.instead.get(request.id) or messages.Done(
                    request.id, self._service(request)
                )
        finally:
            self.closed = True


@pytest.fixture()
def pool(segment: Any, store: Any) -> Pool:
    pytest.importorskip("torch")
    return Pool(SegmentCaseService(segment, store))


@pytest.fixture()
def order(ask: Any, out: Path) -> Order:
    return Order(out, tuple(map(ask, "abc")), (Row("p", FAILED, 0.0, "two images"),))


def of_run(order: Order, run: str, force: bool = False) -> Order:
    """The same order of a later command."""
    requests = tuple(replace(each, run=run, force=force) for each in order.requests)
    return replace(order, requests=requests)


def table(folder: Path) -> Dict[str, Dict[str, str]]:
    with open(folder / "summary.csv", encoding="utf-8", newline="") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def states(folder: Path) -> List[str]:
    return [row["state"] for row in table(folder).values()]


def test_the_table_is_right_after_each_case_and_a_bad_one_stops_nothing(
    pool: Pool, order: Order, out: Path
) -> None:
    seen: List[List[str]] = []
    pool.before_each = lambda: seen.append(states(out))
    pool.instead["b"] = messages.Failed("b", "truncated", "input")
    rows = run_cohort(order, pool, ignore_progress)
    assert seen == [["waiting"] * 3 + ["failed"], ["done", "waiting", "waiting", "failed"],
                    ["done", "failed", "waiting", "failed"]]  # fmt: skip
    assert [row.state for row in rows] == states(out) == ["done", "failed", "done", "failed"]
    found = table(out)
    assert found["b"]["message"] == "truncated" and found["p"]["message"] == "two images"
    assert (found["a"]["output"], found["b"]["output"]) == ("a.seg.nrrd", "")
    assert sorted(each.name for each in out.iterdir()) == [
        "a.seg.nrrd", "c.seg.nrrd", "records", "summary.csv"]  # fmt: skip


def test_a_table_that_another_program_has_open_stops_no_case_and_is_written_later(
    pool: Pool, order: Order, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file, told = os.replace, []  # type: Any, List[str]

    def locked(source: Any, target: Any) -> None:
        if Path(target).name == "summary.csv" and pool.asked in (["a"], ["a", "b"]):
            raise PermissionError(errno.EACCES, "Access is denied")
        replace_file(source, target)

    monkeypatch.setattr(os, "replace", locked)
    rows = run_cohort(order, pool, lambda share, text: told.append(text))
    assert [row.state for row in rows] == states(out) == ["done", "done", "done", "failed"]
    assert any("close the program that has the file open" in text for text in told)


def test_a_table_that_stays_locked_is_told_when_all_cases_are_done(
    pool: Pool, order: Order, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file = os.replace

    def locked(source: Any, target: Any) -> None:
        if Path(target).name == "summary.csv" and pool.asked:
            raise PermissionError(errno.EACCES, "Access is denied")
        replace_file(source, target)

    monkeypatch.setattr(os, "replace", locked)
    with pytest.raises(InputError, match="summary.csv was not written"):
        run_cohort(order, pool, ignore_progress)
    assert pool.asked == ["a", "b", "c"]
    monkeypatch.undo()
    assert [r.state for r in run_cohort(order, pool, ignore_progress)][:3] == ["done"] * 3
    assert pool.asked == ["a", "b", "c"], "nothing is done twice"


def test_progress_rises_to_one_over_all_cases(pool: Pool, order: Order) -> None:
    told: List[float] = []
    run_cohort(order, pool, lambda share, text: told.append(share))
    assert told == sorted(told) and told[-1] == 1.0 and 0.5 in told


def test_a_stopped_run_goes_on_with_what_is_left(
    pool: Pool, order: Order, out: Path, segment: Any
) -> None:
    def stop(share: float, text: str) -> None:
        if text.endswith("b: starting"):
            raise Cancelled()

    with pytest.raises(Cancelled):
        run_cohort(order, pool, stop)
    assert pool.closed and states(out) == ["done", "waiting", "waiting", "failed"]
    assert not (out / "lock").exists()
    before = table(out)["a"]
    run_cohort(order, pool, ignore_progress)
    assert pool.asked == ["a", "b", "b", "c"] and segment.calls == 3
    assert table(out)["a"] == before
    run_cohort(order, pool, ignore_progress)  # nothing is left: no worker is asked
    assert pool.asked == ["a", "b", "b", "c"]
    run_cohort(of_run(order, "run 2", force=True), pool, ignore_progress)
    assert pool.asked[4:] == ["a", "b", "c"] and segment.calls == 6


def test_an_edited_case_is_kept_and_told(pool: Pool, order: Order, out: Path) -> None:
    run_cohort(order, pool, ignore_progress)
    (out / "b.seg.nrrd").write_bytes(b"edited")
    run_cohort(order, pool, ignore_progress)
    assert states(out)[:3] == ["done", "kept", "done"] and pool.asked == ["a", "b", "c"]
    assert "b.seg.nrrd was changed since" in table(out)["b"]["message"]


def test_contours_that_a_worker_wrote_where_we_do_not_see_them_are_a_failure(
    pool: Pool, order: Order, out: Path
) -> None:
    result = {"state": "done", "seconds": 1.0, "message": "", "output": "a.seg.nrrd"}
    pool.instead["a"] = messages.Done("a", result)
    run_cohort(order, pool, ignore_progress)
    assert table(out)["a"]["state"] == "failed" and "same path" in table(out)["a"]["message"]


def test_a_users_folder_among_the_results_is_left_alone(
    pool: Pool, order: Order, out: Path
) -> None:
    for name in ("unfinished", "records of mine"):
        (out / name).mkdir(parents=True)
        (out / name / "contours.seg.nrrd").write_bytes(b"x")
    run_cohort(order, pool, ignore_progress)
    assert all((out / name / "contours.seg.nrrd").exists()
               for name in ("unfinished", "records of mine"))
    assert not (out / UNFINISHED).exists()


def test_two_commands_do_not_write_into_one_folder(pool: Pool, order: Order, out: Path) -> None:
    other = Lock(out / "lock", "it")
    other.take()
    with pytest.raises(InputError, match="in use by"):
        run_cohort(order, pool, ignore_progress)
    assert pool.asked == []
    other.release()
    run_cohort(order, pool, ignore_progress)
    assert states(out)[0] == "done"
