"""Segmentations that were loaded from a file know their grid, but no volume: tie them to theirs."""

from __future__ import annotations

from typing import Any, Optional

import slicer

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.DicomProvenance import sliceInstances
from AutoContourRTLib.Patients import putBeside
from AutoContourRTLib.SegmentationNodes import referenceVolume
from AutoContourRTLib.SegmentLabels import ownGrid
from AutoContourRTLib.VolumeNodes import geometryOfVolumeNode


def likelyVolume(segmentationNode: Any) -> Optional[Any]:
    """A volume on the very grid, and under the same transform, of a segmentation that is tied to
    none; rather one that was loaded from DICOM. None where there is none, or no need."""
    if referenceVolume(segmentationNode) is not None:
        return None
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    try:
        grid = ownGrid(segmentationNode)
    except InputError:  # no grid of its own, or a sheared one: it fits nothing
        return None
    above = segmentationNode.GetParentTransformNode()
    found = [volume for volume in volumes if _fits(grid, above, volume)]
    return next((each for each in found if sliceInstances(each)), next(iter(found), None))


def tie(segmentationNode: Any, volumeNode: Any) -> None:
    """From now on the segmentation was drawn on this volume; its segments stay as they are."""
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    segmentationNode.SetNodeReferenceID(role, volumeNode.GetID())
    putBeside(segmentationNode, volumeNode)


def _fits(grid: Geometry, above: Optional[Any], volumeNode: Any) -> bool:
    if volumeNode.GetImageData() is None or volumeNode.GetClassName() != "vtkMRMLScalarVolumeNode":
        return False
    if volumeNode.GetParentTransformNode() is not above:
        return False
    try:
        return grid.same_grid(geometryOfVolumeNode(volumeNode))
    except InputError:  # sheared
        return False
