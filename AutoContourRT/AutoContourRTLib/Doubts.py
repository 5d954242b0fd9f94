"""How much the model was in doubt of a segment, kept in the segment and in every scene with it.

See AutoContourRTCore/segmentation/doubt.py for what the figure means.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional, Sequence, Tuple

import vtk

TAG = "AutoContourRT.doubt"


class Doubt(NamedTuple):
    """edgeMm: how wide the edge is to the model. lookAt: its most doubtful spot, in the RAS (mm)
    of the segmentation node, before any parent transform."""

    edgeMm: float
    lookAt: Tuple[float, float, float]


def keepDoubts(
    segmentationNode: Any,
    edgeMm: Mapping[str, float],
    lookAtLps: Mapping[str, Sequence[float]],
) -> None:
    """Keep the doubts (by segment name; positions LPS, mm) of segments just made."""
    segmentation = segmentationNode.GetSegmentation()
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        name = segment.GetName()
        if name in edgeMm:
            x, y, z = lookAtLps[name]
            segment.SetTag(TAG, f"{edgeMm[name]:.3f} {-x:.2f} {-y:.2f} {z:.2f}")


def doubtOf(segmentationNode: Any, segmentId: str) -> Optional[Doubt]:
    """The doubt about a segment as the model drew it; None for one of other origin."""
    kept = vtk.reference("")
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    if not segment.GetTag(TAG, kept):
        return None
    edgeMm, r, a, s = map(float, str(kept).split())
    return Doubt(edgeMm, (r, a, s))


def lookAtWorld(segmentationNode: Any, segmentId: str) -> Optional[Tuple[float, float, float]]:
    """The most doubtful spot in world RAS (mm); None where nothing is kept."""
    doubt = doubtOf(segmentationNode, segmentId)
    if doubt is None:
        return None
    world = [0.0, 0.0, 0.0]
    segmentationNode.TransformPointToWorld(doubt.lookAt, world)
    return (world[0], world[1], world[2])
