"""Is the volume still the one that was contoured?"""

from __future__ import annotations

from typing import Any, Callable, Tuple

import vtk
from slicer.i18n import tr as _

from AutoContourRTLib.NodeWatch import NodeWatch
from AutoContourRTLib.Transforms import hasNonlinearTransform, toArray


class VolumeWatch(NodeWatch):
    """Remembers a volume node by its identity, grid and voxels; a change of the voxels is no
    `difference`, see `voxelsMayDiffer`.
    """

    def __init__(self, volumeNode: Any, onGone: Callable[[str], None]) -> None:
        super().__init__(volumeNode, onGone)
        self._image = volumeNode.GetImageData()
        self._grid = self._gridNow()
        self._modified = self._image.GetMTime()

    def voxelsMayDiffer(self) -> bool:
        """Whether the voxels were touched or replaced: compare them then."""
        image = self._node.GetImageData()
        return image is not self._image or image.GetMTime() != self._modified

    def _change(self) -> str:
        if self._node.GetImageData() is None or self._gridNow() != self._grid:
            return _("The grid of {name!r} was changed meanwhile.").format(name=self._name)
        if hasNonlinearTransform(self._node):
            text = _("{name!r} was put under a transform that is not linear.")
            return text.format(name=self._name)
        return ""

    def _gridNow(self) -> Tuple[Any, ...]:
        matrix = vtk.vtkMatrix4x4()
        self._node.GetIJKToRASMatrix(matrix)
        return (*toArray(matrix).ravel(), *self._node.GetImageData().GetExtent())
