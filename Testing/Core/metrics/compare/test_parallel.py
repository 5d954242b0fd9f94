from __future__ import annotations

import threading
import time

import pytest

from AutoContourRTCore.cores import cores
from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.metrics.compare.parallel import on_threads
from AutoContourRTCore.progress import ignore_progress


def test_results_come_in_the_order_of_the_items():
    found = on_threads(lambda n: (time.sleep(0.02 * (4 - n)), n)[1], range(4), ignore_progress,
                       str, 4)
    assert found == [0, 1, 2, 3]


def test_no_items_give_no_results():
    assert on_threads(str, [], ignore_progress, str) == []


def test_the_first_error_is_raised_and_what_waits_is_not_begun():
    begun = []

    def work(n):
        begun.append(n)
        raise ValueError(f"item {n}")

    with pytest.raises(ValueError, match="item 0"):
        on_threads(work, range(100), ignore_progress, str, 1)
    assert len(begun) < 100


def test_cancel_is_heard_while_the_first_item_is_still_computed():
    release = threading.Event()
    calls = []

    def stop(fraction, message):
        calls.append(fraction)
        if len(calls) > 2:
            raise Cancelled()

    began = time.monotonic()
    with pytest.raises(Cancelled):
        on_threads(lambda n: release.wait(20), range(3), stop, str, 1)
    waited = time.monotonic() - began
    release.set()
    assert waited < 5 and calls == [0.0] * 3


def test_several_are_computed_at_the_same_time():
    together = threading.Barrier(2, timeout=20)
    on_threads(lambda n: together.wait(), range(2), ignore_progress, str, 2)
    assert cores() >= 1
