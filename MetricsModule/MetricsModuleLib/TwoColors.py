"""Reference and test of one structure alone in the views, in two colours; and back again.

Segments of one structure have one colour in both sets. Here they get override colours of the
display node, which leaves the segments' own colours as they are.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

REFERENCE, TEST = (0.0, 0.62, 0.95), (1.0, 0.55, 0.0)
#: For a contour that nobody shall know the set of.
EITHER = (1.0, 0.9, 0.1)
_NONE = (-1.0, -1.0, -1.0)
_THICKNESS = 2


class TwoColors:
    """What it changes, it remembers; `restore` undoes it."""

    def __init__(self) -> None:
        self._before: List[Tuple[Any, Dict[str, Any]]] = []

    def show(
        self, reference: Any, referenceId: str, test: Any, testId: str, blinded: bool = False
    ) -> None:
        """Show these segments alone ("" for none), as outlines in two colours; blinded: in one."""
        if [node for node, _ in self._before] != [reference, test]:
            self.restore()
            self._before = [(node, _stateOf(node)) for node in (reference, test)]
        colors = (EITHER, EITHER) if blinded else (REFERENCE, TEST)
        for node, shown, color in zip((reference, test), (referenceId, testId), colors):
            _showOne(node, shown, color)

    def restore(self) -> None:
        """As it was before; segmentations that are gone are passed over."""
        for node, state in self._before:
            display = _displayOf(node)
            if display is None:
                continue
            wasModifying = display.StartModify()
            display.SetVisibility(state["visible"])
            display.SetVisibility2DFill(state["fill"])
            display.SetVisibility2DOutline(state["outline"])
            display.SetSliceIntersectionThickness(state["thickness"])
            for segmentId, visible in state["segments"].items():
                if node.GetSegmentation().GetSegment(segmentId) is not None:
                    display.SetSegmentVisibility(segmentId, visible)
                    display.SetSegmentOverrideColor(segmentId, *_NONE)
            display.EndModify(wasModifying)
        self._before = []


def _displayOf(node: Any) -> Optional[Any]:
    return node.GetDisplayNode() if node.GetScene() is not None else None


def _stateOf(node: Any) -> Dict[str, Any]:
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    ids = node.GetSegmentation().GetSegmentIDs()
    return {
        "visible": display.GetVisibility(),
        "fill": display.GetVisibility2DFill(),
        "outline": display.GetVisibility2DOutline(),
        "thickness": display.GetSliceIntersectionThickness(),
        "segments": {segmentId: display.GetSegmentVisibility(segmentId) for segmentId in ids},
    }


def _showOne(node: Any, shown: str, color: Tuple[float, float, float]) -> None:
    display = _displayOf(node)
    if display is None:
        return
    wasModifying = display.StartModify()
    display.SetVisibility(True)
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)
    display.SetSliceIntersectionThickness(_THICKNESS)
    for segmentId in node.GetSegmentation().GetSegmentIDs():
        display.SetSegmentVisibility(segmentId, segmentId == shown)
        if segmentId == shown:
            display.SetSegmentOverrideColor(segmentId, *color)
    display.EndModify(wasModifying)
