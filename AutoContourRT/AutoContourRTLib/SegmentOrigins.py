"""Where a single segment comes from, and what a clinic's file says of it: tags that go with it when
it is copied into another segmentation."""

from __future__ import annotations

from typing import Any, Callable, Dict

import vtk

from AutoContourRTLib.Provenance import provenance

#: "id version" of the model that made it.
MODEL = "AutoContourRT.model"
#: RT ROI Interpreted Type, as the clinic's file has it.
KIND = "AutoContourRT.roiType"


def keepModel(segmentationNode: Any) -> None:
    """Note in each segment the model that the node's provenance names."""
    segmentation, model = segmentationNode.GetSegmentation(), _modelOfNode(segmentationNode)
    for segmentId in segmentation.GetSegmentIDs():
        segmentation.GetSegment(segmentId).SetTag(MODEL, model)


def models(segmentationNode: Any) -> Dict[str, str]:
    """"id version" of the model by segment name, where it is known; that of the node for segments
    of an older scene, which carry none."""
    ofNode = _modelOfNode(segmentationNode)
    return _byName(segmentationNode, lambda segment: tag(segment, MODEL) or ofNode)


def kinds(segmentationNode: Any) -> Dict[str, str]:
    """Interpreted type by segment name, of those that came with one."""
    return _byName(segmentationNode, lambda segment: tag(segment, KIND))


def colors(segmentationNode: Any) -> Dict[str, str]:
    """"red green blue" (0..255) by segment name, as they are seen."""

    def color(segment: Any) -> str:
        return " ".join(str(round(255 * part)) for part in segment.GetColor())

    return _byName(segmentationNode, color)


def tag(segment: Any, name: str) -> str:
    """A tag of a vtkSegment; "" where it has none."""
    kept = vtk.reference("")
    return str(kept) if segment.GetTag(name, kept) else ""


def _modelOfNode(segmentationNode: Any) -> str:
    made = provenance(segmentationNode)
    return f"{made.get('model', '')} {made.get('modelVersion', '')}".strip()


def _byName(segmentationNode: Any, of: Callable[[Any], str]) -> Dict[str, str]:
    segmentation = segmentationNode.GetSegmentation()
    segments = [segmentation.GetSegment(n) for n in segmentation.GetSegmentIDs()]
    found = {segment.GetName(): of(segment) for segment in segments}
    return {name: text for name, text in found.items() if text}
