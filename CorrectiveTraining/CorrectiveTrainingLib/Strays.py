"""Segments that a user added to a node of a case: the project has no place for what they hold."""

from __future__ import annotations

from typing import Any, Collection, Iterable, List

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTLib.SegmentationNodes import LABELMAP, labelsOf


def straysOf(node: Any, wanted: Collection[str]) -> List[str]:
    """IDs of the segments of a node that hold voxels and are none of the wanted ones."""
    segmentation = node.GetSegmentation()
    others = [name for name in segmentation.GetSegmentIDs() if name not in wanted]
    return [name for name in others if _holdsVoxels(segmentation.GetSegment(name))]


def strayText(node: Any, strays: Iterable[str], wanted: Iterable[str]) -> str:
    """What the user should know of the strays of a node, and do."""
    names = [node.GetSegmentation().GetSegment(stray).GetName() for stray in strays]
    return _(
        "'{node}': only {wanted} are taken into the project, but there is also {names}. Copy what "
        "you drew there into one of them (Segment Editor, Logical operators) and remove that "
        "segment; else it is lost when the case is closed."
    ).format(node=node.GetName(), wanted=", ".join(wanted), names=", ".join(names))


def _holdsVoxels(segment: Any) -> bool:
    image = segment.GetRepresentation(LABELMAP)
    return image is not None and bool(np.any(labelsOf(image) == segment.GetLabelValue()))
