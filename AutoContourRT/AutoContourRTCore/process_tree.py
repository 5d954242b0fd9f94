"""Ends processes with all that they started, and notices when the one above is gone.

Standard library only. A worker makes a process group of its own (POSIX), so that one signal
reaches everything it started and never the program that started it. Between the two there may be
a launcher (as in front of Slicer's Python, or python.exe of a virtual environment on Windows):
give `terminate_tree` both numbers, the launcher's and the worker's own from its Ready message.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Callable, NoReturn

_SYNCHRONIZE = 0x00100000  # Windows: the right to wait for a process
_WAIT_TIMEOUT = 0x00000102


def terminate_tree(*pids: int) -> None:
    """Kill processes at once, with everything in the groups that they lead (POSIX) or everything
    they started (Windows: taskkill /T). A process that is gone already is no error.

    A worker holds nothing that must be saved. What a killed write left behind is removed by
    volumes.atomic.remove_leftovers(output).
    """
    for pid in pids:
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/PID", str(pid), "/T", "/F"], capture_output=True)
        else:
            _kill_group_or_process(pid)


def own_group() -> None:
    """Make this process the leader of a group of its own (POSIX; elsewhere nothing to do)."""
    if sys.platform != "win32" and os.getpgrp() != os.getpid():
        os.setpgid(0, 0)


def end_now(code: int) -> NoReturn:
    """End this process in this instant, from any thread, and what it started; never returns.

    Without children the exit code is `code`; with some all die together by SIGKILL (POSIX; on
    Windows children are left, so that a worker there must start none).
    """
    if sys.platform != "win32" and os.getpgrp() == os.getpid() and _has_children():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(code)


def is_running(pid: int) -> bool:
    """Whether a process with this number runs now (a zombie counts; numbers are used again)."""
    if sys.platform == "win32":
        return _windows_watch(pid)()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def parent_watch() -> Callable[[], bool]:
    """A function that says whether the process that started this one still runs."""
    first = os.getppid()
    if sys.platform != "win32":
        return lambda: os.getppid() == first
    return _windows_watch(first)


def _kill_group_or_process(pid: int) -> None:
    """Where pid leads a group, not this process's own, the whole group; else it alone."""
    try:
        if pid != os.getpgrp():
            os.killpg(pid, signal.SIGKILL)
            return
    except ProcessLookupError:
        pass  # it leads no group
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # gone already


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _windows_watch(pid: int) -> Callable[[], bool]:
    """Keeps a handle, so that another process that gets the same number does not count."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
    if not handle:
        return lambda: False
    return lambda: bool(kernel.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)
