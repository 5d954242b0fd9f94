"""Training, predicting and promoting, all in the worker; here only what is asked and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Optional, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.correction.project import TRAINING
from AutoContourRTCore.correction.requests import CorrectRequest, PredictRequest, PromoteRequest
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.correction_state import read_status, request_stop
from AutoContourRTLib.EventLoop import QtTimer
from AutoContourRTLib.Requests import RequestHandler, ignore

STOPPED, STARTING, RUNNING, STOPPING = "stopped", "starting", "running", "stopping"
#: A trainer that was asked to stop ends its step and saves; then it is cancelled.
MOST_STOP_SECONDS = 60.0


class Training:
    """Of one project folder. onChanged(): state, status or problem changed.

    status: see CorrectionTrainer.status, {} where nothing is known. problem: why training ended,
    "" for no reason but the user's. onBetter(): another network predicts from now on.
    """

    def __init__(
        self,
        worker: Any,
        project: Path,
        onChanged: Callable[[], None] = ignore,
        onBetter: Callable[[], None] = ignore,
    ) -> None:
        self._worker, self._project = worker, project
        self._onChanged, self._onBetter = onChanged, onBetter
        self.state, self.problem, self.said = STOPPED, "", ""
        self.status: Dict[str, Any] = self._lastStatus()
        self._request, self._stopTimer = "", None
        self._predicting: Dict[str, str] = {}  # case -> request
        self._again: Dict[str, Tuple[Any, ...]] = {}  # asked for while it was under way
        self._promotion = ""

    # Training

    def start(self, device: str = "auto") -> None:
        """Begin, or go on; nothing where it runs."""
        if self.state != STOPPED:
            return
        self.problem = ""
        handler = RequestHandler(
            onEvent=self._heard,
            onDone=lambda result: self._ended(""),
            onFailed=lambda message, cause: self._ended(message),
            onCancelled=lambda: self._ended(""),
        )
        self._set(STARTING)
        self._request = self._worker.submit(
            CorrectRequest("", str(self._project), device), handler
        )

    def stop(self) -> None:
        """Let the trainer finish its step, save, and stop. Raises InputError (a full disk)."""
        if self.state not in (STARTING, RUNNING):
            return
        isHeard = self.state == RUNNING  # one that starts takes the request for one of the past
        self._set(STOPPING)
        if not isHeard:
            self._cancel()
            return
        self._stopTimer = QtTimer(MOST_STOP_SECONDS, self._cancel)
        try:
            request_stop(self._project / TRAINING)
        except OSError:  # the folder cannot be written: the worker itself can be told
            self._cancel()

    def _cancel(self) -> None:
        self._worker.cancel(self._request)

    def close(self) -> None:
        """Stop everything of this project and say nothing more of it."""
        self._onChanged = self._onBetter = ignore
        self._again = {}
        for request in (self._request, self._promotion, *self._predicting.values()):
            if request:
                self._worker.cancel(request)

    def _heard(self, name: str, values: Dict[str, Any]) -> None:
        before = _bestEpoch(self.status)
        if self.state == STARTING:
            self.state = RUNNING
        self.said = values.get("said", "")
        if name == "status":
            self.status = values
        self._onChanged()
        if _bestEpoch(self.status) != before:
            self._onBetter()

    def _ended(self, problem: str) -> None:
        if self._stopTimer is not None:
            self._stopTimer.stop()
            self._stopTimer = None
        self._request, self.problem = "", problem
        self._set(STOPPED)

    def _set(self, state: str) -> None:
        self.state = state
        self._onChanged()

    def _lastStatus(self) -> Dict[str, Any]:
        try:
            return read_status(self._project / TRAINING)
        except (OSError, ValueError):  # being written just now; the trainer will tell again
            return {}

    # Predicting

    def isPredicting(self, caseId: str) -> bool:
        """Whether a prediction of a case is under way."""
        return caseId in self._predicting

    def predict(
        self,
        caseId: str,
        device: str = "auto",
        onDone: Callable[[bool], None] = ignore,
        onFailed: Callable[[str], None] = ignore,
    ) -> None:
        """Predict a case; onDone(whether there was a network to predict with).

        One that is under way is not disturbed, but made again, for the network may be better now.
        """
        if self.isPredicting(caseId):
            self._again[caseId] = (device, onDone, onFailed)
            return
        handler = RequestHandler(
            onDone=lambda result: self._predicted(caseId, onDone, bool(result["predicted"])),
            onFailed=lambda message, cause: self._predicted(caseId, onFailed, message),
            onCancelled=lambda: self._predicted(caseId, ignore),
        )
        request = PredictRequest("", str(self._project), caseId, device)
        self._predicting[caseId] = self._worker.submit(request, handler)
        self._onChanged()

    def _predicted(self, caseId: str, then: Callable[..., None], *values: Any) -> None:
        self._predicting.pop(caseId, None)
        again = self._again.pop(caseId, None)
        if again is not None:
            self.predict(caseId, *again)
        self._onChanged()
        then(*values)

    # Promoting

    @property
    def hasNetwork(self) -> bool:
        """Whether training has made a network yet, which can become a model."""
        isStored = (self._project / TRAINING / "best.pt").exists()
        return isStored or bool(self.status.get("best"))

    @property
    def isPromoting(self) -> bool:
        """Whether a model is being made."""
        return bool(self._promotion)

    def promote(
        self,
        modelId: str,
        device: str,
        onProgress: Callable[[float, str], None],
        onDone: Callable[[Dict[str, Any]], None],
        onFailed: Callable[[str], None],
    ) -> None:
        """Make a model of the best network; see PromoteRequest. Raises InputError for no name."""
        if not modelId:
            raise InputError(_("Give the new model a name, for example heart_2."))
        handler = RequestHandler(
            onProgress=onProgress,
            onDone=lambda result: self._promoted(onDone, result),
            onFailed=lambda message, cause: self._promoted(onFailed, message),
            onCancelled=lambda: self._promoted(ignore),
        )
        request = PromoteRequest("", str(self._project), modelId, device)
        self._promotion = self._worker.submit(request, handler)
        self._onChanged()

    def _promoted(self, then: Callable[..., None], *values: Any) -> None:
        self._promotion = ""
        then(*values)
        self._onChanged()


def _bestEpoch(status: Dict[str, Any]) -> Optional[int]:
    best = status.get("best")
    return None if best is None else best.get("epoch")
