"""Seconds of active work on each case."""

from __future__ import annotations

import time
from typing import Any, Dict, Iterable, List

from AutoContourRTCore.correction.interaction import Event, active_seconds


class WorkTime:
    """earlier: the events of a project so far. The log of a large project takes seconds to read,
    so it is read once; the case that is open now is counted when it is left."""

    def __init__(self, earlier: Iterable[Event] = ()) -> None:
        self._seconds = active_seconds(earlier)
        self._events: List[Event] = []  # since the open case was opened

    def note(self, event: str, case: str, values: Dict[str, Any]) -> None:
        """Something was done in the open case just now."""
        self._events.append(Event(time.time(), event, case, values))

    def leave(self, case: str) -> None:
        """The open case is left."""
        self.note("close", case, {})
        for name, seconds in active_seconds(self._events).items():
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds
        self._events = []

    def seconds(self) -> Dict[str, float]:
        """Case -> seconds, without those of the case that is open now."""
        return dict(self._seconds)
