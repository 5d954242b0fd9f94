"""The requests that wait for the worker's last word, and who hears of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Dict, List


def ignore(*arguments: Any) -> None:
    """A callback for those who do not care."""


@dataclass(frozen=True)
class RequestHandler:
    """Who hears of a request: fraction 0..1 and a sentence; a result; a message and its cause.

    cause: "input" (the user can mend it) or "failure". The messages are for the user.
    """

    onProgress: Callable[[float, str], None] = ignore
    onEvent: Callable[[str, Dict[str, Any]], None] = ignore
    onDone: Callable[[Dict[str, Any]], None] = ignore
    onFailed: Callable[[str, str], None] = ignore
    onCancelled: Callable[[], None] = ignore


@dataclass
class OpenRequest:
    """A request without its last word. sent: to the worker that runs now."""

    request: Any
    handler: RequestHandler
    sent: bool = False
    answered: bool = False
    cancelled: bool = False
    restarts: int = 0
    timers: List[Any] = field(default_factory=list)

    def tell(self, callback: Callable[..., None], *values: Any) -> None:
        """Something on the way; nothing once it is cancelled."""
        if not self.cancelled:
            call(callback, *values)


class OpenRequests(Dict[str, OpenRequest]):
    """By id. `close` is the only way out, and calls exactly one of a handler's last callbacks."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def add(self, request: Any, handler: RequestHandler) -> str:
        """Take in a request under an id of its own, which is returned."""
        self._count += 1
        number = f"r{self._count}"
        self[number] = OpenRequest(replace(request, id=number), handler)
        return number

    def close(self, number: str, callback: Callable[..., None] = ignore, *values: Any) -> None:
        """The last word on a request; on a cancelled one that is onCancelled, whatever came."""
        entry = self.pop(number, None)
        if entry is None:
            return
        for timer in entry.timers:
            timer.stop()
        if entry.cancelled:
            call(entry.handler.onCancelled)
        else:
            call(callback, *values)

    def fail(self, number: str, message: str) -> None:
        """Close a request with a message for the user."""
        if number in self:
            self.close(number, self[number].handler.onFailed, message, "failure")

    def failAll(self, message: str) -> None:
        """Close all requests that are open now."""
        for number in list(self):
            self.fail(number, message)


def call(callback: Callable[..., None], *values: Any) -> None:
    """An error in a callback is its owner's; it is logged and does not stop other requests."""
    try:
        callback(*values)
    except Exception:
        logging.exception("A callback of the worker's requests failed")
