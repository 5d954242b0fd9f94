"""A worker that only takes requests, and who hears of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List


class AskedWorker:
    """Takes requests as WorkerProcess does; a test says what becomes of them."""

    def __init__(self) -> None:
        self.requests: List[Any] = []
        self._handlers: List[Any] = []
        self.cancelled: List[str] = []

    def submit(self, request: Any, handler: Any) -> str:
        number = f"r{len(self.requests)}"
        self.requests.append(replace(request, id=number))
        self._handlers.append(handler)
        return number

    def cancel(self, number: str) -> None:
        self.cancelled.append(number)
        self._handlers[int(number[1:])].onCancelled()


class Heard:
    """Hears of a run: progress (share, sentence); ends ("done", "failed" or "cancelled", what)."""

    def __init__(self) -> None:
        self.progress: List[Any] = []
        self.ends: List[Any] = []

    @property
    def callbacks(self) -> Dict[str, Callable[..., None]]:
        """For a WorkerRun."""
        return {
            "onProgress": lambda share, text: self.progress.append((share, text)),
            "onDone": lambda result: self.ends.append(("done", result)),
            "onFailed": lambda message: self.ends.append(("failed", message)),
            "onCancelled": lambda reason: self.ends.append(("cancelled", reason)),
        }
