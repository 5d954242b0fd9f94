"""Reference and test of one structure alone in the views, in two colours; and back again.

Segments of one structure have one colour in both sets. Here they get override colours of the
display node, which leaves the segments' own colours as they are.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Tuple

import slicer

REFERENCE, TEST = (0.0, 0.62, 0.95), (1.0, 0.55, 0.0)
#: For a contour that nobody shall know the set of.
EITHER = (1.0, 0.9, 0.1)
_THICKNESS = 2
#: Of the display node: how it was, as JSON. It is saved with the scene, so that a scene that was
#: saved while two colours are shown is mended when it is opened again.
_BEFORE = "MetricsModule.Before"


def show(
    reference: Any, referenceId: str, test: Any, testId: str, blinded: bool = False
) -> None:
    """Show these segments alone ("" for none), as outlines in two colours; blinded: in one.

    Two others that were shown so before are given back.
    """
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        if node is not reference and node is not test:
            _giveBack(node)
    colors = (EITHER, EITHER) if blinded else (REFERENCE, TEST)
    for node, shown, color in zip((reference, test), (referenceId, testId), colors):
        if node.GetScene() is not None:
            _showOne(node, shown, color)


def restore() -> None:
    """Every segmentation of the scene as it was before."""
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        _giveBack(node)


def _giveBack(node: Any) -> None:
    display = node.GetDisplayNode()
    if display is None or not display.GetAttribute(_BEFORE):
        return
    state = json.loads(display.GetAttribute(_BEFORE))
    wasModifying = display.StartModify()
    display.SetVisibility(state["visible"])
    display.SetVisibility2DFill(state["fill"])
    display.SetVisibility2DOutline(state["outline"])
    display.SetSliceIntersectionThickness(state["thickness"])
    for segmentId, (visible, color) in state["segments"].items():
        if node.GetSegmentation().GetSegment(segmentId) is not None:
            display.SetSegmentVisibility(segmentId, visible)
            display.SetSegmentOverrideColor(segmentId, *color)
    display.RemoveAttribute(_BEFORE)
    display.EndModify(wasModifying)


def _stateOf(node: Any, display: Any) -> Dict[str, Any]:
    return {
        "visible": display.GetVisibility(),
        "fill": display.GetVisibility2DFill(),
        "outline": display.GetVisibility2DOutline(),
        "thickness": display.GetSliceIntersectionThickness(),
        "segments": {
            segmentId: (
                display.GetSegmentVisibility(segmentId),
                tuple(display.GetSegmentOverrideColor(segmentId)),
            )
            for segmentId in node.GetSegmentation().GetSegmentIDs()
        },
    }


def _showOne(node: Any, shown: str, color: Tuple[float, float, float]) -> None:
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    wasModifying = display.StartModify()
    if not display.GetAttribute(_BEFORE):
        display.SetAttribute(_BEFORE, json.dumps(_stateOf(node, display)))
    display.SetVisibility(True)
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)
    display.SetSliceIntersectionThickness(_THICKNESS)
    for segmentId in node.GetSegmentation().GetSegmentIDs():
        display.SetSegmentVisibility(segmentId, segmentId == shown)
        if segmentId == shown:
            display.SetSegmentOverrideColor(segmentId, *color)
    display.EndModify(wasModifying)
