"""Structure sets and doses of the clinic as nodes, beside the volume they belong to."""

from __future__ import annotations

from typing import Any, Dict, Sequence

import numpy as np
import slicer

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib.Appearance import setSegmentStatus
from AutoContourRTLib.Layers import LayeredSegments
from AutoContourRTLib.Patients import putBeside
from AutoContourRTLib.SamplePhantom import addVolume
from AutoContourRTLib.SegmentationNodes import addSegmentation
from AutoContourRTLib.SegmentOrigins import KIND
from AutoContourRTLib.Transforms import refuseNonlinear

#: What a structure is called in its file: a tag of the segment.
ROI_NAME = "AutoContourRT.roiName"
#: SOP instance UID of the file: an attribute of the node.
INSTANCE = "AutoContourRT.dicomInstance"
#: By this attribute SlicerRT's modules know a dose.
SLICER_RT_DOSE = "DicomRtImport.DoseVolume"
#: Slicer's colours from blue (low) to red (high).
COLORS = "vtkMRMLColorTableNodeFileColdToHotRainbow.txt"
SHOWN_FROM = 0.005  # of the highest dose; what is below is not drawn


def addStructures(
    segments: LayeredSegments, structures: Sequence[Dict[str, Any]], volumeNode: Any, name: str,
    instance: str,
) -> Any:  # fmt: skip
    """A new segmentation node of segments on the grid of a volume, with names and colours as
    `structures` has them (see ReadStructure), in the same order. Nobody has begun their review.

    Raises InputError as addSegmentation.
    """
    node = addSegmentation(segments, volumeNode, name)
    node.SetAttribute(INSTANCE, instance)
    segmentation = node.GetSegmentation()
    for segmentId, each in zip(segmentation.GetSegmentIDs(), structures):
        segment = segmentation.GetSegment(segmentId)
        segment.SetName(each["name"])
        segment.SetTag(ROI_NAME, each["roi_name"].replace("|", "/"))  # Slicer's own separator
        if each["kind"]:
            segment.SetTag(KIND, each["kind"])
        if each["color"]:
            segment.SetColor(*(part / 255 for part in each["color"]))
        setSegmentStatus(node, segmentId, "notstarted")
    return node


def addDose(
    array: np.ndarray, geometry: Geometry, volumeNode: Any, name: str, instance: str
) -> Any:
    """A new volume node of a dose, Gy [k, j, i], in the space of a volume: under its transform, and
    beside it in the subject hierarchy.

    Raises InputError, the scene unchanged, where that transform is not linear.
    """
    refuseNonlinear(volumeNode)
    node = addVolume(Volume(array, geometry), name)
    node.SetAttribute(INSTANCE, instance)
    node.SetAttribute(SLICER_RT_DOSE, "1")
    node.SetVoxelValueQuantity(_code("128513", "DCM", "Absorbed Dose"))  # no tr
    node.SetVoxelValueUnits(_code("Gy", "UCUM", "Gray"))
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    _show(node.GetDisplayNode(), float(array.max()))
    putBeside(node, volumeNode)
    return node


def _show(display: Any, highest: float) -> None:
    """Colours, grey where Slicer has them not, from nothing to the highest dose."""
    highest = highest if highest > 0 else 1.0
    if display.GetScene().GetNodeByID(COLORS) is not None:
        display.SetAndObserveColorNodeID(COLORS)
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0.0, highest)
    display.SetThreshold(SHOWN_FROM * highest, highest)
    display.SetApplyThreshold(True)


def _code(value: str, scheme: str, meaning: str) -> Any:
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(value, scheme, meaning)
    return entry
