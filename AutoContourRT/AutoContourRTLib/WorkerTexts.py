"""What the user reads when the worker ends in a way that nobody wanted."""

from __future__ import annotations

from typing import Sequence

LINES_SHOWN = 8
_KILLED = 9  # the signal by which systems end a process when memory runs out


def couldNotStart(program: str, reason: str) -> str:
    """The system does not start the launcher."""
    return (
        f"{program} could not be started ({reason}). Check that it is there and that no virus "
        "scanner blocks it, or reinstall 3D Slicer."
    )


def wrongVersion(worker: str, module: str) -> str:
    """The worker is of another version than the module that started it."""
    return (
        f"The worker is of version {worker}, this module of {module}: the extension was updated "
        "while 3D Slicer ran. Restart 3D Slicer."
    )


def silent(seconds: float, ready: bool) -> str:
    """It was ended because it said nothing."""
    what = "gave no sign of life" if ready else "did not start"
    return (
        f"The worker {what} for {seconds:g} seconds and was ended. Try again; if it happens again, "
        "close other programs, or choose the CPU as device."
    )


def ended(code: int, crashed: bool, ready: bool) -> str:
    """It ended by itself or was ended from outside."""
    if not ready:
        return (
            f"The worker could not start (exit code {code}). Check in the module's settings that "
            "everything it needs is installed."
        )
    if crashed and code == _KILLED:
        return (
            "The worker was killed from outside, probably because memory ran out. Close other "
            "programs, or choose fewer structures or a box around the region."
        )
    how = f"signal {code}" if crashed else f"exit code {code}"
    return (
        f"The worker ended unexpectedly ({how}). Try again; if it happens again, choose the CPU "
        "as device and report the log."
    )


def lastLines(log: Sequence[str]) -> str:
    """The end of the log, to be put behind a message; "" where the log is empty."""
    lines = [line for line in log if line.strip()][-LINES_SHOWN:]
    return "\n\nThe last lines of its log:\n" + "\n".join(lines) if lines else ""
