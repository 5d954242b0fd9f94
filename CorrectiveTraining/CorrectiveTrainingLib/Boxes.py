"""The bounding box of a case as a markups ROI."""

from __future__ import annotations

from typing import Any, Optional

from slicer.i18n import tr as _

from AutoContourRTCore.correction.annotation import Box
from AutoContourRTLib.RoiNodes import placeBox, voxelBox


def showBox(volumeNode: Any, box: Optional[Box]) -> Any:
    """A new ROI along the volume's axes, around a box of voxels; None: its middle half."""
    node = volumeNode.GetScene().AddNewNodeByClass("vtkMRMLMarkupsROINode", _("Predict inside"))
    node.SetSaveWithScene(False)
    node.CreateDefaultDisplayNodes()
    placeBox(node, volumeNode, box)
    display = node.GetDisplayNode()
    display.SetFillVisibility(False)
    display.SetPropertiesLabelVisibility(False)
    return node


def boxOf(roiNode: Optional[Any], volumeNode: Any) -> Optional[Box]:
    """The voxels inside an ROI; None without one. Raises InputError for one beside the volume."""
    return None if roiNode is None else voxelBox(roiNode, volumeNode).bounds
