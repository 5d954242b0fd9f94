"""How long work reports where it is, and how it is told to stop."""

from __future__ import annotations

from typing import Any, Callable, Dict, Protocol

#: Called with the share of the work that is done (0..1) and a short sentence.
#: To cancel, the callee raises :class:`AutoContourRTCore.errors.Cancelled`.
Progress = Callable[[float, str], None]


class Reporter(Protocol):
    """A progress callback that can tell more: what the worker gives to its services."""

    def __call__(self, fraction: float, message: str) -> None:
        """How far the work is; raises Cancelled."""

    def event(self, name: str, values: Dict[str, Any]) -> None:
        """Something met on the way, such as the scores of an epoch; raises Cancelled."""


def ignore_progress(fraction: float, message: str) -> None:
    """A progress callback for callers that do not care."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """A callback for a sub-task that covers the share ``start``..``end`` of the whole."""

    def report(fraction: float, message: str) -> None:
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), message)

    return report
