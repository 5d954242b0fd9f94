"""All cases of a cohort on some pool of workers, with a table that is always up to date."""

from __future__ import annotations

import shutil
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Protocol, Sequence, Tuple

from AutoContourRTCore import messages
from AutoContourRTCore.cohorts.record import TAKEN, WHOLE, condition
from AutoContourRTCore.cohorts.request import RECORDS, CaseRequest, Replies
from AutoContourRTCore.cohorts.service import UNFINISHED, asked_of, kept_result, result_of
from AutoContourRTCore.cohorts.summary import (
    DONE,
    FAILED,
    SUMMARY,
    WAITING,
    Row,
    write_summary,
)
from AutoContourRTCore.correction.lock import Lock
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.progress import Progress

#: Where local workers write what they print.
LOGS = "logs"


class Pool(Protocol):
    """Workers somewhere: LocalWorkers, DaskCluster."""

    def run(self, requests: Sequence[CaseRequest]) -> Replies:
        """What is said of the cases as it comes; Done or Failed is the last word on each.

        Now and then None, where nothing is said for a while.
        """


@dataclass(frozen=True)
class Order:
    """What is wanted. folder: where everything goes; refused: rows of cases that are not asked for.

    table: name of the table of states in the folder.
    """

    folder: Path
    requests: Tuple[CaseRequest, ...]
    refused: Tuple[Row, ...] = ()
    table: str = SUMMARY


def run_cohort(order: Order, pool: Pool, progress: Progress) -> Tuple[Row, ...]:
    """Do what is not done yet; returns the rows of the table that lies in the folder.

    A case that goes wrong is a row. Raises InputError for a folder that cannot be written or is
    being written by another command, and what the callback raises; the table then says what is
    done, and the same order goes on from there.
    """
    for each in (order.folder, order.folder / RECORDS):
        _make_folder(each)
    with _held(order.folder) as lock:
        board = _Board(order, lock, progress)
        requests = board.look()
        board.write()
        if requests:
            with closing(pool.run(requests)) as replies:
                for reply in replies:
                    board.hear(reply)
        if board.is_behind:
            board.write()
        return tuple(board.rows.values())


class _Board:
    """The table, and what is said of the cases under way.

    is_behind: the table could not be written after the last case, as another program has it open.
    """

    def __init__(self, order: Order, lock: Lock, progress: Progress) -> None:
        self._order, self._lock, self._progress = order, lock, progress
        self._began: Dict[str, float] = {}
        self._shares: Dict[str, float] = {}  # of the cases under way, 0..1
        self.is_behind = False
        rows = [*order.refused, *(Row(each.id) for each in order.requests)]
        self.rows = {row.case: row for row in sorted(rows, key=lambda row: row.case)}

    def look(self) -> Tuple[CaseRequest, ...]:
        """Fill in the cases that are done or must be left alone; returns the others."""
        requests = self._order.requests
        for n, request in enumerate(requests):
            self._progress(0.0, f"looking what is done: {n} of {len(requests)}")
            self._lock.beat()  # to look at a case may be to read all its files
            if not request.force:
                self._look_at(request)
        return tuple(each for each in requests if self.rows[each.id].state == WAITING)

    def hear(self, reply: Optional[messages.Reply]) -> None:
        """Take what a worker says; after the last word on a case the table is written."""
        self._lock.beat()
        if isinstance(reply, messages.Progress):
            self._began.setdefault(reply.id, time.monotonic())
            self._shares[reply.id] = reply.fraction
            self._show(f"{reply.id}: {reply.message}")
        elif isinstance(reply, messages.Done):
            self._finish(reply.id, reply.result)
        elif isinstance(reply, messages.Failed):
            seconds = round(time.monotonic() - self._began.get(reply.id, time.monotonic()), 2)
            self._put(Row(reply.id, FAILED, seconds, reply.message))

    def write(self) -> None:
        """Write the table."""
        self._lock.check()
        write_summary(self.rows.values(), self._order.folder / self._order.table)

    def _look_at(self, request: CaseRequest) -> None:
        try:
            state, record = condition(request, asked_of(request))
            if state == WHOLE and record is not None:
                self.rows[request.id] = Row(request.id, **result_of(record))
            elif state == TAKEN:
                self.rows[request.id] = Row(request.id, **kept_result(request))
        except InputError:
            return  # its worker meets the same, and tells it

    def _finish(self, case: str, result: Dict[str, Any]) -> None:
        """A done case counts once its files are seen from here."""
        output = self._order.folder / result["output"]
        if result["state"] == DONE and not output.is_file():
            self._put(Row(case, FAILED, result["seconds"], (
                f"its worker wrote {output}, but there is none here; every machine must see the "
                "folder under the same path"
            )))  # fmt: skip
            return
        self._put(Row(case, **result))

    def _put(self, row: Row) -> None:
        self.rows[row.case] = row
        self._shares.pop(row.case, None)
        self._lock.check()
        try:
            self.write()
            self.is_behind = False
        except InputError as error:  # tried again after the next case; at the end it counts
            self.is_behind = True
            self._show(str(error))
        else:
            self._show(f"{row.case}: {row.state}")

    def _show(self, text: str) -> None:
        states = [row.state for row in self.rows.values()]
        over = len(states) - states.count(WAITING)
        failed = f", {states.count(FAILED)} failed" if FAILED in states else ""
        share = (over + sum(self._shares.values())) / len(states)
        self._progress(share, f"{over} of {len(states)}{failed}; {text}")


@contextmanager
def _held(folder: Path) -> Iterator[Lock]:
    """The folder as this command's alone; what was not finished is removed before and after."""
    lock = Lock(folder / "lock", f"The folder {folder}")
    lock.take()
    try:
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)  # of a computer that stopped
        yield lock
    finally:
        if lock.held():
            shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
        lock.release()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be made: {error.strerror}; choose another."
        ) from error
