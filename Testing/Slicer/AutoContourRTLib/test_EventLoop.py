"""Timers and work in steps."""

from __future__ import annotations

import time
from typing import Any, Generator, List

import pytest

from AutoContourRTLib.EventLoop import QtTimer, StepRunner, runToEnd


def counting(count: int, log: List[str], fail: bool = False) -> Generator[float, None, str]:
    try:
        for number in range(count):
            time.sleep(0.005)
            yield (number + 1) / count
        if fail:
            raise ValueError("no")
        return "result"
    finally:
        log.append("tidied")


class Told:
    def __init__(self, steps: Any) -> None:
        self.shares: List[float] = []
        self.done: List[Any] = []
        self.errors: List[Any] = []
        self.runner = StepRunner(
            steps, self.shares.append, self.done.append, self.errors.append
        )


def test_work_is_done_step_by_step_between_other_events(slicer_app: Any, waitFor: Any) -> None:
    log: List[str] = []
    ticks: List[float] = []
    told = Told(counting(60, log))
    timer = QtTimer(0, lambda: ticks.append(time.monotonic()), True)
    assert told.shares == [] and log == []  # begins in the event loop
    waitFor(lambda: told.done)
    timer.stop()
    assert told.done == ["result"] and told.errors == [] and log == ["tidied"]
    assert told.shares == sorted(told.shares) and len(told.shares) > 3
    assert len(ticks) > 3


def test_an_error_is_passed_on(slicer_app: Any, waitFor: Any) -> None:
    log: List[str] = []
    told = Told(counting(2, log, fail=True))
    waitFor(lambda: told.errors)
    assert isinstance(told.errors[0], ValueError) and told.done == [] and log == ["tidied"]


def test_cancelled_work_is_tidied_up_and_says_nothing_more(slicer_app: Any, waitFor: Any) -> None:
    log: List[str] = []
    told = Told(counting(1000, log))
    waitFor(lambda: told.shares)
    told.runner.cancel()
    told.runner.cancel()
    said = len(told.shares)
    waited: List[int] = []
    timer = QtTimer(0.05, lambda: waited.append(1))
    waitFor(lambda: waited)
    assert log == ["tidied"] and len(told.shares) == said
    assert told.done == [] and told.errors == [] and timer is not None


def test_a_stopped_timer_is_silent(slicer_app: Any, waitFor: Any) -> None:
    fired: List[str] = []
    stopped = QtTimer(0.01, lambda: fired.append("stopped"))
    QtTimer.stop(stopped)
    once = QtTimer(0.02, lambda: fired.append("once"))
    again = QtTimer(0.02, lambda: fired.append("again"), True)
    waitFor(lambda: fired.count("again") > 2)
    again.stop()
    assert fired.count("once") == 1 and "stopped" not in fired and once is not None


def test_the_same_work_runs_without_an_event_loop() -> None:
    log: List[str] = []
    assert runToEnd(counting(3, log)) == "result"
    with pytest.raises(ValueError):
        runToEnd(counting(3, log, fail=True))
