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
from pathlib import Path
from typing import Any, Callable, NoReturn

_SYNCHRONIZE = 0x00100000  # Windows: the right to wait for a process
_WAIT_TIMEOUT = 0x00000102
_ACCESS_DENIED = 5


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
    """Whether a process with this number runs on this machine now, also another user's.

    Numbers are used again: another program may have it by now.
    """
    if sys.platform == "win32":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


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


def _is_zombie(pid: int) -> bool:
    """A process that has ended and was not yet waited for (Linux tells; elsewhere: no)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[:1] == ["Z"]


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _runs_on_windows(pid: int) -> bool:
    import ctypes

    kernel = _kernel()
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
    if not handle:
        denied = ctypes.get_last_error() == _ACCESS_DENIED  # type: ignore[attr-defined,unused-ignore]
        return bool(denied)
    running = kernel.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT
    kernel.CloseHandle(handle)
    return bool(running)


def _windows_watch(pid: int) -> Callable[[], bool]:
    """Keeps a handle, so that another process that gets the same number does not count."""
    kernel = _kernel()
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
    if not handle:
        return lambda: False
    return lambda: bool(kernel.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)


def _kernel() -> Any:
    """Windows' functions for processes; what they say of errors is in ctypes.get_last_error."""
    import ctypes

    kernel = ctypes.WinDLL(  # type: ignore[attr-defined,unused-ignore]
        "kernel32", use_last_error=True
    )
    kernel.OpenProcess.restype = ctypes.c_void_p
    kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
    return kernel
