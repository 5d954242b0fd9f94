"""Is the segmentation still the one that was compared?"""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTLib.NodeWatch import NodeWatch
from AutoContourRTLib.Transforms import hasNonlinearTransform, toWorld


class SegmentationWatch(NodeWatch):
    """Remembers a segmentation node by its identity, place, and the contours of its segments.

    Colours, visibility and notes do not matter.
    """

    def __init__(self, segmentationNode: Any, onGone: Callable[[str], None]) -> None:
        super().__init__(segmentationNode, onGone)
        self._world = toWorld(segmentationNode)
        self._segments = self._segmentsNow()

    def _change(self) -> str:
        if hasNonlinearTransform(self._node) or not np.array_equal(
            toWorld(self._node), self._world
        ):
            return _("{name!r} was moved (its transform) meanwhile.").format(name=self._name)
        if self._segmentsNow() != self._segments:
            return _("The contours of {name!r} were changed meanwhile.").format(name=self._name)
        return ""

    def _segmentsNow(self) -> List[Tuple[Any, ...]]:
        """Name, label, and the data of each segment with the time of its last change."""
        segmentation = self._node.GetSegmentation()
        source = segmentation.GetSourceRepresentationName()
        found = []
        for segmentId in segmentation.GetSegmentIDs():
            segment = segmentation.GetSegment(segmentId)
            data = segment.GetRepresentation(source)
            changed = 0 if data is None else data.GetMTime()
            found.append((segmentId, segment.GetName(), segment.GetLabelValue(), data, changed))
        return found
