"""The bounding box of a case as a markups ROI."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.correction.annotation import Box
from AutoContourRTLib.RoiNodes import voxelBox
from AutoContourRTLib.VolumeNodes import geometryOfVolumeNode, ijkToRasOf, toVtk


def showBox(volumeNode: Any, box: Optional[Box]) -> Any:
    """A new ROI along the volume's axes, around a box of voxels; None: its middle half."""
    geometry = geometryOfVolumeNode(volumeNode)
    size = np.array(geometry.shape[::-1], dtype=float)  # i, j, k, as the box
    if box is None:
        low, high = size / 4.0, size * 3.0 / 4.0
    else:
        low, high = np.array(box[0::2], dtype=float), np.array(box[1::2], dtype=float)
    matrix = ijkToRasOf(geometry)
    spacing = np.array(geometry.spacing[::-1])
    node = volumeNode.GetScene().AddNewNodeByClass("vtkMRMLMarkupsROINode", _("Predict inside"))
    node.SetSaveWithScene(False)
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    pose = np.eye(4)
    pose[:3, :3] = matrix[:3, :3] / spacing
    pose[:3, 3] = (matrix @ np.array([*((low + high - 1) / 2.0), 1.0]))[:3]
    node.SetSize(*((high - low) * spacing).tolist())
    node.SetAndObserveObjectToNodeMatrix(toVtk(pose))
    display = node.GetDisplayNode()
    display.SetFillVisibility(False)
    display.SetPropertiesLabelVisibility(False)
    return node


def boxOf(roiNode: Optional[Any], volumeNode: Any) -> Optional[Box]:
    """The voxels inside an ROI; None without one. Raises InputError for one beside the volume."""
    return None if roiNode is None else voxelBox(roiNode, volumeNode).bounds
