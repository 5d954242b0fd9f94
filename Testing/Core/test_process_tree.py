"""Whether a process runs; ending whole trees is tested with the worker."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from AutoContourRTCore.process_tree import is_running


def test_a_process_runs_until_it_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(child.pid) and is_running(os.getpid())
    child.communicate(b"\n")
    assert not is_running(child.pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of zombies")
def test_a_process_that_ended_and_was_not_waited_for_does_not_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    end = time.monotonic() + 60.0
    while is_running(child.pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(child.pid)
    assert child.wait() == 0, "it was there to be waited for all the time"
