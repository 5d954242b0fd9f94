"""Whether a process runs; ending whole trees is tested with the worker."""

from __future__ import annotations

import os
import subprocess
import sys

from AutoContourRTCore.process_tree import is_running


def test_a_process_runs_until_it_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(child.pid) and is_running(os.getpid())
    child.communicate(b"\n")
    assert not is_running(child.pid)
