"""Everything between MRML nodes and AutoContourRTCore, by the name that modules use."""

from AutoContourRTLib.Appearance import plausibleVolumeMl, segmentStatus, setSegmentStatus
from AutoContourRTLib.Provenance import Provenance, provenance
from AutoContourRTLib.RoiNodes import VoxelBox, voxelBox
from AutoContourRTLib.SegmentationNodes import (
    removeSegmentation,
    segmentationFromFile,
    segmentationFromLabelMap,
    volumesMl,
)
from AutoContourRTLib.SegmentLabels import BridgedLabels, labelMapFromSegmentation, ownGrid
from AutoContourRTLib.Transforms import hardenedCopy, hasNonlinearTransform
from AutoContourRTLib.VolumeNodes import checkVolume, geometryOfVolumeNode, volumeFromNode

__all__ = [
    "BridgedLabels",
    "Provenance",
    "VoxelBox",
    "checkVolume",
    "geometryOfVolumeNode",
    "hardenedCopy",
    "hasNonlinearTransform",
    "labelMapFromSegmentation",
    "ownGrid",
    "plausibleVolumeMl",
    "provenance",
    "removeSegmentation",
    "segmentStatus",
    "segmentationFromFile",
    "segmentationFromLabelMap",
    "setSegmentStatus",
    "volumeFromNode",
    "volumesMl",
    "voxelBox",
]
