"""One run: work in short steps here, a request to the worker, and one last word, come what may."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Callable, Dict, Optional, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.EventLoop import QtTimer, StepRunner, Steps, TimerFactory
from AutoContourRTLib.NodeWatch import NodeWatch
from AutoContourRTLib.Requests import RequestHandler, call, ignore
from AutoContourRTLib.RunFolder import RunFolder


class WorkerRun:
    """onProgress(fraction, sentence), and at the end, from the event loop, exactly one of
    onDone(result), onFailed(message) and onCancelled(reason).

    reason: "" where cancel() was called, else why the result was discarded. worker: something with
    submit and cancel, as WorkerProcess. folderFactory, timerFactory: for tests.

    A derived class says what to check (`_check`) and what to watch and to do first (`_work`); the
    rest it puts together of `_run`, `_ask`, `_discard` and `_finish`.
    """

    def __init__(
        self,
        worker: Any,
        onProgress: Callable[[float, str], None] = ignore,
        onDone: Callable[[Any], None] = ignore,
        onFailed: Callable[[str], None] = ignore,
        onCancelled: Callable[[str], None] = ignore,
        folderFactory: Callable[[], Any] = RunFolder,
        timerFactory: TimerFactory = QtTimer,
    ) -> None:
        self._worker, self._onProgress, self._onDone = worker, onProgress, onDone
        self._onFailed, self._onCancelled = onFailed, onCancelled
        self._makeFolder, self._makeTimer = folderFactory, timerFactory
        self.isRunning = False
        self._steps: Optional[StepRunner] = None
        self._folder: Optional[Any] = None
        self._watches: Tuple[NodeWatch, ...] = ()
        self._request, self._reason = "", ""

    def start(self) -> None:
        """Begin. Raises InputError at once for what can be seen at once; then nothing began."""
        if self.isRunning:
            raise InputError(_("This run has begun already."))
        self._check()
        self._folder = self._makeFolder()
        self._began = time.monotonic()
        self.isRunning = True
        try:
            self._work()
        except Exception:
            self._undo()
            raise

    def cancel(self) -> None:
        """Stop; onCancelled("") comes, at the latest when the worker has been ended."""
        self._discard("")

    @property
    def _seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._began

    def _check(self) -> None:
        """Raise InputError for what can be seen at once."""
        raise NotImplementedError

    def _work(self) -> None:
        """Set `_watches` and begin the first step."""
        raise NotImplementedError

    # Steps

    def _run(
        self, work: Steps, share: Tuple[float, float], sentence: str, then: Callable[[Any], None]
    ) -> None:
        """Work here, in short steps; `then` gets its result. share: of the progress."""

        def ended(result: Any) -> None:
            self._steps = None
            self._goOn(then, result)

        report = partial(self._report, *share, sentence)
        self._steps = StepRunner(work, report, ended, self._failedHere, self._makeTimer)

    def _ask(
        self, request: Any, share: Tuple[float, float], then: Callable[[Dict[str, Any]], None]
    ) -> None:
        """The worker's part; `then` gets its result."""

        def answered(result: Dict[str, Any]) -> None:
            self._request = ""
            self._goOn(then, result)

        handler = RequestHandler(
            onProgress=lambda part, sentence: self._report(*share, sentence, part),
            onDone=answered,
            onFailed=lambda message, cause: self._fail(self._named(message)),
            onCancelled=lambda: self._end(self._onCancelled, self._reason),
        )
        self._request = self._worker.submit(request, handler)

    def _named(self, message: str) -> str:
        """A message of the worker as the user shall read it."""
        return message

    def _goOn(self, then: Callable[[Any], None], result: Any) -> None:
        try:
            then(result)
        except Exception as error:  # whatever it is: the run comes to an end, and says so
            self._failedHere(error)

    # Ends

    def _finish(self, result: Any) -> None:
        self._end(self._onDone, result)

    def _discard(self, reason: str) -> None:
        """Stop for this reason; the last callback comes from the event loop."""
        if not self.isRunning or self._reason:
            return
        self._reason = reason
        self._stopWatching()
        if self._request:
            self._worker.cancel(self._request)
            return
        self._stopSteps()
        self._last = self._makeTimer(0, lambda: self._end(self._onCancelled, reason))

    def _failedHere(self, error: Exception) -> None:
        if not isinstance(error, InputError):
            text = _("{error}. Please report this.")
            self._fail(text.format(error=f"{type(error).__name__}: {error}"))
            raise error
        self._fail(str(error))

    def _fail(self, message: str) -> None:
        self._end(self._onFailed, message)

    def _end(self, callback: Callable[..., None], what: Any) -> None:
        """The last word, once."""
        if not self.isRunning:
            return
        self._request, self._steps = "", None
        self._undo()
        call(callback, what)

    def _undo(self) -> None:
        """Nothing runs any more, and nothing of the patient stays behind."""
        self.isRunning = False
        self._stopSteps()
        self._stopWatching()
        self._folder.remove()

    def _stopSteps(self) -> None:
        if self._steps is not None:
            self._steps.cancel()
            self._steps = None

    def _stopWatching(self) -> None:
        for watch in self._watches:
            watch.stop()

    def _report(self, start: float, end: float, sentence: str, share: float) -> None:
        if self.isRunning:
            call(self._onProgress, start + (end - start) * share, sentence)
