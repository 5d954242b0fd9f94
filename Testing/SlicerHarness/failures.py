"""Exceptions that nobody catches: in slots, timers and VTK observers.

Slicer prints them and goes on; so does the harness, and it remembers them for the tests.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from typing import Any, Iterator, List

_uncaught: List[BaseException] = []


def uncaught() -> List[BaseException]:
    """What slots, timers and observers have raised since `forget`."""
    return list(_uncaught)


def forget() -> None:
    _uncaught.clear()


def install() -> None:
    """PySide and VTK report what escapes from a callback to sys.excepthook."""
    sys.excepthook = _hook


def _hook(kind: type, error: BaseException, trace: Any) -> None:
    _uncaught.append(error)
    traceback.print_exception(kind, error, trace)


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Runs a slot: an exception is printed and remembered, the sender goes on."""
    try:
        yield
    except Exception as error:
        _hook(type(error), error, error.__traceback__)
