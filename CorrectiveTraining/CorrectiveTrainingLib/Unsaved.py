"""What was drawn and the project cannot take now: told, tried again, kept when it is given up."""

from __future__ import annotations

from typing import Any, Callable, Optional

from slicer.i18n import tr as _

from AutoContourRTLib.EventLoop import QtTimer

RETRY_SECONDS = 5.0


class Unsaved:
    """problem: why what was drawn last is not in the project, "" where it is.

    onProblem(problem): told once, and with "" as soon as all is saved. retry(): tries again.
    """

    def __init__(self, retry: Callable[[], None], onProblem: Callable[[str], None]) -> None:
        self._retry, self._onProblem = retry, onProblem
        self.problem = ""
        self._timer: Optional[Any] = None

    def found(self, problem: str) -> None:
        """It could not be saved."""
        isNew, self.problem = problem != self.problem, problem
        if isNew:
            self._onProblem(problem)
        if self._timer is None and self.problem:
            self._timer = QtTimer(RETRY_SECONDS, self._again)

    def over(self) -> None:
        """All is saved."""
        wasOne, self.problem = bool(self.problem), ""
        self.stop()
        if wasOne:
            self._onProblem("")

    def stop(self) -> None:
        """Try no more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _again(self) -> None:
        self._timer = None
        self._retry()


def keepCopy(segmentationNode: Any) -> Any:
    """A copy of the contours that stays in the scene, to be saved from there; its node."""
    name = _("{contours}, not in the project").format(contours=segmentationNode.GetName())
    copy = segmentationNode.GetScene().AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    copy.GetSegmentation().DeepCopy(segmentationNode.GetSegmentation())
    copy.CreateDefaultDisplayNodes()
    copy.SetAndObserveTransformNodeID(segmentationNode.GetTransformNodeID())
    return copy
