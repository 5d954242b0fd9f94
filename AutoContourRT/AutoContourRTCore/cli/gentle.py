"""Ctrl-C that lets a training step end and be saved."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import Iterator

from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.progress import Progress


@contextmanager
def gentle(progress: Progress, message: str) -> Iterator[Progress]:
    """The first Ctrl-C lets the step end, the callback then raises Cancelled; the second stops at
    once. message: what Cancelled says."""
    asked = False

    def on_signal(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("Stopping after this step (again: at once) ...", file=sys.stderr, flush=True)

    def report(fraction: float, said: str) -> None:
        progress(fraction, said)
        if asked:
            raise Cancelled(message)

    if threading.current_thread() is not threading.main_thread():
        yield report
        return
    before = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield report
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
