"""Is the segmentation still the one that was compared?"""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

import numpy as np
import slicer
import vtk

from AutoContourRTLib.Transforms import hasNonlinearTransform, toWorld


class SegmentationWatch:
    """Remembers a segmentation node by its identity, place, and the contours of its segments.

    Colours, visibility and notes do not matter. onGone(reason) is called at once when the node is
    removed or its scene is closed.
    """

    def __init__(self, segmentationNode: Any, onGone: Callable[[str], None]) -> None:
        self._node, self._onGone = segmentationNode, onGone
        self._name, self._id = segmentationNode.GetName(), segmentationNode.GetID()
        self._scene = segmentationNode.GetScene()
        self._world = toWorld(segmentationNode)
        self._segments = self._segmentsNow()
        self._tags: List[int] = []
        for event, callback in self._events():
            self._tags.append(self._scene.AddObserver(event, callback))

    def stop(self) -> None:
        """Hear of no removal any longer; difference() can still be asked."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._tags = []

    def difference(self) -> str:
        """Why the contours are not the ones that they were; "" when they are."""
        if self._scene.GetNodeByID(self._id) is not self._node:
            return f"The segmentation {self._name!r} is no longer in the scene."
        if hasNonlinearTransform(self._node) or not np.array_equal(
            toWorld(self._node), self._world
        ):
            return f"The segmentation {self._name!r} was moved (its transform) meanwhile."
        if self._segmentsNow() != self._segments:
            return f"The contours of {self._name!r} were changed meanwhile."
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

    def _events(self) -> List[Tuple[int, Any]]:
        @vtk.calldata_type(vtk.VTK_OBJECT)
        def removed(caller: Any, event: str, node: Any) -> None:
            if node is self._node:
                self._gone(f"The segmentation {self._name!r} was removed.")

        def closed(caller: Any, event: str) -> None:
            self._gone("The scene was closed.")

        scene = slicer.vtkMRMLScene
        return [(scene.NodeAboutToBeRemovedEvent, removed), (scene.StartCloseEvent, closed)]

    def _gone(self, reason: str) -> None:
        self.stop()
        self._onGone(reason)
