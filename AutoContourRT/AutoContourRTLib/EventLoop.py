"""Timers, long work in short steps, and the application's end: what the event loop gives.

`qt` and `slicer` are imported when something is made, so that tests can put others in their place.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Generator, Optional

#: How long a step of long work may keep the event loop, in seconds.
STEP_SECONDS = 0.03


class QtTimer:
    """Calls a function after some seconds, once or again and again, until it is stopped."""

    def __init__(self, seconds: float, callback: Callable[[], None], repeat: bool = False) -> None:
        import qt

        self._callback: Optional[Callable[[], None]] = callback
        self._repeat, self._isStopped = repeat, False
        self._timer = qt.QTimer()
        self._timer.setSingleShot(not repeat)
        self._timer.connect("timeout()", self._fire)
        self._timer.start(int(seconds * 1000))

    def stop(self) -> None:
        """No further call. The connection holds this object, and what the callback holds: both go
        with the Qt timer, which must live until its slot has returned."""
        self._callback = None
        if not self._isStopped:
            self._isStopped = True
            self._timer.stop()
            self._timer.deleteLater()

    def _fire(self) -> None:
        callback = self._callback
        if not self._repeat:
            self.stop()
        if callback is not None:
            callback()


#: Makes a timer: (seconds, callback, repeat=False) -> something with stop().
TimerFactory = Callable[..., Any]
#: Work in short steps: yields the share that is done (0..1), returns its result.
Steps = Generator[float, None, Any]


class StepRunner:
    """Lets the event loop run between the steps of long work.

    onDone gets what the work returns, onError what it raises. Nothing is called after cancel().
    """

    def __init__(
        self,
        steps: Steps,
        onProgress: Callable[[float], None],
        onDone: Callable[[Any], None],
        onError: Callable[[Exception], None],
        timerFactory: TimerFactory = QtTimer,
    ) -> None:
        self._steps: Optional[Steps] = steps
        self._onProgress, self._onDone, self._onError = onProgress, onDone, onError
        self._timer = timerFactory(0, self._advance, True)

    def cancel(self) -> None:
        """Stop; the work is closed, so that it can tidy up."""
        self._timer.stop()
        if self._steps is not None:
            self._steps.close()
            self._steps = None

    def _advance(self) -> None:
        if self._steps is None:
            return
        end = time.monotonic() + STEP_SECONDS
        try:
            share = next(self._steps)
            while time.monotonic() < end:
                share = next(self._steps)
        except StopIteration as stop:
            self._end(self._onDone, stop.value)
        except Exception as error:  # told to the owner, whatever it is
            self._end(self._onError, error)
        else:
            self._onProgress(share)

    def _end(self, tell: Callable[[Any], None], what: Any) -> None:
        self._timer.stop()
        self._steps = None
        tell(what)


def runToEnd(steps: Steps) -> Any:
    """The result of work in steps, without returning to the event loop in between."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def atQuit(callback: Callable[[], None]) -> None:
    """Call a function when the application is about to quit."""
    import slicer

    slicer.app.connect("aboutToQuit()", callback)
