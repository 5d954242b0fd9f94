"""Is the volume still the one that was contoured?"""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

import slicer
import vtk

from AutoContourRTLib.Transforms import hasNonlinearTransform, toArray


class VolumeWatch:
    """Remembers a volume node by its identity, grid and voxels; names do not matter.

    onGone(reason) is called at once when the node is removed or its scene is closed.
    """

    def __init__(self, volumeNode: Any, onGone: Callable[[str], None]) -> None:
        self._node, self._onGone = volumeNode, onGone
        self._name, self._id = volumeNode.GetName(), volumeNode.GetID()
        self._scene = volumeNode.GetScene()
        self._image = volumeNode.GetImageData()
        self._grid = self._gridNow()
        self._modified = self._image.GetMTime()
        self._tags: List[int] = []
        for event, callback in self._events():
            self._tags.append(self._scene.AddObserver(event, callback))

    def stop(self) -> None:
        """Watch no longer."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._tags = []

    def difference(self) -> str:
        """Why the node is not the one that it was; "" when it is, or when only its voxels may have
        changed (see `voxelsMayDiffer`).
        """
        if self._scene.GetNodeByID(self._id) is not self._node:
            return f"The volume {self._name!r} is no longer in the scene."
        if self._node.GetImageData() is None or self._gridNow() != self._grid:
            return f"The grid of the volume {self._name!r} was changed meanwhile."
        if hasNonlinearTransform(self._node):
            return f"The volume {self._name!r} was put under a transform that is not linear."
        return ""

    def voxelsMayDiffer(self) -> bool:
        """Whether the voxels were touched or replaced: compare them then."""
        image = self._node.GetImageData()
        return image is not self._image or image.GetMTime() != self._modified

    def _gridNow(self) -> Tuple[Any, ...]:
        matrix = vtk.vtkMatrix4x4()
        self._node.GetIJKToRASMatrix(matrix)
        return (*toArray(matrix).ravel(), *self._node.GetImageData().GetExtent())

    def _events(self) -> List[Tuple[int, Any]]:
        @vtk.calldata_type(vtk.VTK_OBJECT)
        def removed(caller: Any, event: str, node: Any) -> None:
            if node is self._node:
                self._gone(f"The volume {self._name!r} was removed.")

        def closed(caller: Any, event: str) -> None:
            self._gone("The scene was closed.")

        scene = slicer.vtkMRMLScene
        return [(scene.NodeAboutToBeRemovedEvent, removed), (scene.StartCloseEvent, closed)]

    def _gone(self, reason: str) -> None:
        self.stop()
        self._onGone(reason)
