"""What the user reads when the worker ends in a way that nobody wanted."""

from __future__ import annotations

from typing import Sequence

from slicer.i18n import tr as _

LINES_SHOWN = 8
STARTING = "Starting "  # so begins the line of the log with which a worker is started
_KILLED = 9  # the signal by which systems end a process when memory runs out
#: Slicer's launcher stands between: it turns every signal into exit code 1, and says this.
_BY_LAUNCHER = "exit abnormally"  # no tr


def couldNotStart(program: str, reason: str) -> str:
    """The system does not start the launcher."""
    text = _(
        "{program} could not be started ({reason}). Check that it is there and that no virus "
        "scanner blocks it, or reinstall 3D Slicer."
    )
    return text.format(program=program, reason=reason)


def wrongVersion(worker: str, module: str) -> str:
    """The worker is of another version than the module that started it."""
    text = _(
        "The worker is of version {worker}, this module of {module}: the extension was updated "
        "while 3D Slicer ran. Restart 3D Slicer."
    )
    return text.format(worker=worker, module=module)


def notUnderstood(message: str) -> str:
    """It does not know what it was asked for."""
    return _("The worker did not understand a request. {message}").format(message=message)


def silent(seconds: float, ready: bool) -> str:
    """It was ended because it said nothing."""
    gone = _(
        "The worker gave no sign of life for {seconds:g} seconds and was ended. Try again; if it "
        "happens again, close other programs, or choose the CPU as device."
    )
    late = _(
        "The worker did not start for {seconds:g} seconds and was ended. Try again; if it happens "
        "again, close other programs, or choose the CPU as device."
    )
    return (gone if ready else late).format(seconds=seconds)


def ended(code: int, crashed: bool, ready: bool, log: Sequence[str] = ()) -> str:
    """It ended by itself or was ended from outside. log: its lines."""
    if not ready:
        text = _(
            "The worker could not start (exit code {code}). See at the top of the panel "
            "Auto Contour RT whether all that it needs is installed."
        )
        return text.format(code=code)
    if crashed and code == _KILLED:
        return _(
            "The worker was killed from outside, probably because memory ran out. Close other "
            "programs, or choose fewer structures or a box around the region."
        )
    if not crashed and _launcherSaysCrashed(log):
        return _(
            "The worker crashed or was killed from outside, perhaps because memory ran out. Close "
            "other programs, or choose fewer structures or a box around the region. If it happens "
            "again, choose the CPU as device and report the log."
        )
    text = _(
        "The worker ended unexpectedly ({how}). Try again; if it happens again, choose the CPU as "
        "device and report the log."
    )
    how = _("signal {code}") if crashed else _("exit code {code}")
    return text.format(how=how.format(code=code))


def _launcherSaysCrashed(log: Sequence[str]) -> bool:
    """In the lines since the last start."""
    for line in reversed(log):
        if _BY_LAUNCHER in line:
            return True
        if line.startswith(STARTING):
            break
    return False


def lastLines(log: Sequence[str]) -> str:
    """The end of the log, to be put behind a message; "" where the log is empty."""
    lines = [line for line in log if line.strip()][-LINES_SHOWN:]
    return "\n".join(["\n", _("The last lines of its log:"), *lines]) if lines else ""
