"""What the user does in the slice views, for the interaction log: slices, zoom, mouse buttons."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

import slicer
import vtk

from CorrectiveTrainingLib import Views

_BUTTONS = {
    "LeftButtonPressEvent": ("press", "left"), "LeftButtonReleaseEvent": ("release", "left"),
    "MiddleButtonPressEvent": ("press", "middle"),
    "MiddleButtonReleaseEvent": ("release", "middle"),
    "RightButtonPressEvent": ("press", "right"), "RightButtonReleaseEvent": ("release", "right"),
}  # fmt: skip
_FIRST = 1000.0  # priority: before an effect that keeps the event for itself


class Interaction:
    """log(event, **values): "slice" (view, mm), "zoom" (view, mm), "press" and "release" (view,
    button)."""

    def __init__(self, log: Callable[..., None]) -> None:
        self._log = log
        self._tags: List[Tuple[Any, int]] = []
        self._seen: Dict[str, Tuple[float, float]] = {}

    def start(self) -> None:
        """Listen; nothing where it does already."""
        if self._tags:
            return
        for node in Views.sliceNodes(slicer.mrmlScene):
            self._seen[node.GetID()] = _place(node)
            self._add(node, vtk.vtkCommand.ModifiedEvent, self._onSliceNode)
        manager = slicer.app.layoutManager()
        for name in () if manager is None else (Views.AXIAL, Views.SAGITTAL):
            self._listenToButtons(name, manager.sliceWidget(name))

    def stop(self) -> None:
        """Listen no longer."""
        for item, tag in self._tags:
            item.RemoveObserver(tag)
        self._tags = []

    def _listenToButtons(self, view: str, widget: Any) -> None:
        if widget is None:  # not in this layout
            return
        interactor = widget.sliceView().renderWindow().GetInteractor()
        for event, (name, button) in _BUTTONS.items():
            self._add(interactor, event, self._button(name, view, button), _FIRST)

    def _button(self, name: str, view: str, button: str) -> Callable[..., None]:
        return lambda caller, event: self._log(name, view=view, button=button)

    def _add(self, item: Any, event: Any, callback: Any, priority: float = 0.0) -> None:
        self._tags.append((item, item.AddObserver(event, callback, priority)))

    def _onSliceNode(self, node: Any, event: Any) -> None:
        before, now = self._seen.get(node.GetID()), _place(node)
        self._seen[node.GetID()] = now
        if before is None:
            return
        view = node.GetLayoutName()
        if abs(before[0] - now[0]) > 1e-3:
            self._log("slice", view=view, mm=round(now[0], 3))
        if abs(before[1] - now[1]) > 1e-3:
            self._log("zoom", view=view, mm=round(now[1], 3))


def _place(node: Any) -> Tuple[float, float]:
    """Offset and height of the field of view, both mm."""
    return node.GetSliceOffset(), node.GetFieldOfView()[1]
