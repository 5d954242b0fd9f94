"""What the user did and when: one JSON object a line, only ever appended.

Time spent on an image (Smith 2021): from opening it to opening the next, leaving out gaps of 20 s
or more without an event.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterable, List, NamedTuple, Optional

from AutoContourRTCore.errors import InputError

#: A gap of so many seconds or more is no work (Smith 2021).
IDLE_SECONDS = 20.0


@dataclass(frozen=True)
class Event:
    """time: seconds since 1970. name: "open" (starts an image's time), "save", "slice", "zoom",
    "press", "release" (Smith 2021), "close" or another. values: what else was noted (view, ...)."""

    time: float
    name: str
    case: str
    values: Dict[str, Any]


class Events(NamedTuple):
    """The events of a file, in its order, and how many lines could not be read."""

    events: List[Event]
    damaged: int


class InteractionLog:
    """Appends events to a file; opened at the first one. clock: seconds since 1970."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._file: Optional[BinaryIO] = None

    def write(self, name: str, case: str = "", **values: Any) -> None:
        """Note an event now. Raises InputError where the disk is full or protected."""
        line = json.dumps({"time": self._clock(), "event": name, "case": case, **values})
        try:
            self._opened().write(line.encode("utf-8") + b"\n")
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written: {error.strerror}; free some space. The contours "
                "are not affected."
            ) from error

    def tried(self, name: str, case: str = "", **values: Any) -> str:
        """As write; why it could not, "" for nothing: for what is done already."""
        try:
            self.write(name, case, **values)
        except InputError as error:
            return str(error)
        return ""

    def read(self) -> Events:
        """All events so far."""
        return read_events(self.path)

    def close(self) -> None:
        """Close the file; `write` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = open(self.path, "ab", buffering=0)  # each line goes out at once
            if self._file.tell() and not _ends_a_line(self.path):
                self._file.write(b"\n")  # a crash cut the last line; the next must not join it
        return self._file


def read_events(path: Path) -> Events:
    """The events of a log; none where there is no file."""
    if not path.exists():
        return Events([], 0)
    events, damaged = [], 0
    for line in path.read_bytes().splitlines():
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            event = Event(
                float(values.pop("time")), values.pop("event"), values.pop("case"), values
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            damaged += 1
            continue
        events.append(event)
    return Events(events, damaged)


def active_seconds(events: Iterable[Event]) -> Dict[str, float]:
    """Case -> seconds of work, over all the times it was open, in the order of first opening.

    events: in the order in which they were noted, for a clock may be set back meanwhile; the gap in
    which that happened is no work. Events before the first `open` belong to no image. The event
    that opens the next image, or one named `close`, ends the time of this one.
    """
    seconds: Dict[str, float] = {}
    case, before = "", 0.0
    for event in events:
        if case and 0 <= event.time - before < IDLE_SECONDS:
            seconds[case] += event.time - before
        if event.name == "open":
            case = event.case
            seconds.setdefault(case, 0.0)
        elif event.name == "close":
            case = ""
        before = event.time
    return seconds


def _ends_a_line(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
