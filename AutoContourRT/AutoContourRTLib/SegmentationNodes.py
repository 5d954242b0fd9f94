"""Segments into a new segmentation node, exactly, without a file behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import get_vtk_array_type, numpy_to_vtk, vtk_to_numpy

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Appearance import dress
from AutoContourRTLib.EventLoop import runToEnd
from AutoContourRTLib.Layers import Layer, LayeredSegments, layersOf
from AutoContourRTLib.Patients import putBeside
from AutoContourRTLib.Provenance import Provenance, setProvenance
from AutoContourRTLib.SegmentFile import readSegments
from AutoContourRTLib.Transforms import refuseNonlinear
from AutoContourRTLib.VolumeNodes import geometryOfVolumeNode, ijkToRasOf, toVtk

LABELMAP = "Binary labelmap"  # no tr
Names = Tuple[str, ...]


def segmentationFromLabelMap(
    labelMap: LabelMap, volumeNode: Any, name: str, origin: Optional[Provenance] = None
) -> Any:
    """A new segmentation node in the volume's scene; see `addSegmentation`."""
    return addSegmentation(layersOf(labelMap), volumeNode, name, origin)


def segmentationFromFile(
    path: Path, volumeNode: Any, name: str, origin: Optional[Provenance] = None
) -> Any:
    """The same from a .seg.nrrd file that the worker wrote; the node does not remember the file."""
    return addSegmentation(runToEnd(readSegments(Path(path))), volumeNode, name, origin)


def addSegmentation(
    segments: LayeredSegments, volumeNode: Any, name: str, origin: Optional[Provenance] = None
) -> Any:
    """A new segmentation node of segments that lie on the grid of a volume.

    It has names, colours, terminology and the status Flagged, the volume's grid as reference
    geometry, its parent transform, and its place in the subject hierarchy. There is no storage
    node: saving the scene writes the segments. Raises InputError for another grid and for a
    transform that is not linear; the scene is then as it was.
    """
    refuseNonlinear(volumeNode)
    if not segments.geometry.same_grid(geometryOfVolumeNode(volumeNode)):
        text = _(
            "The contours lie on another grid than {name!r}: was the volume changed? Contour it "
            "again."
        )
        raise InputError(text.format(name=volumeNode.GetName()))
    scene = volumeNode.GetScene()
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(scene.GetUniqueNameByString(name))
    _fill(node.GetSegmentation(), segments)
    if origin is not None:
        setProvenance(node, origin)
    scene.AddNode(node)
    try:
        _settle(node, volumeNode)
    except Exception:
        removeSegmentation(node)
        raise
    return node


def removeSegmentation(segmentationNode: Any) -> None:
    """Take a segmentation node and its display nodes out of the scene."""
    scene = segmentationNode.GetScene()
    for number in reversed(range(segmentationNode.GetNumberOfDisplayNodes())):
        scene.RemoveNode(segmentationNode.GetNthDisplayNode(number))
    scene.RemoveNode(segmentationNode)


def referenceVolume(segmentationNode: Any) -> Optional[Any]:
    """The volume on whose grid the segments were made; None where it is no longer there."""
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    return segmentationNode.GetNodeReference(role)


def segmentNames(segmentationNode: Any, segmentIds: Optional[Sequence[str]] = None) -> Names:
    """Names of the segments (None: of all), in order."""
    segmentation = segmentationNode.GetSegmentation()
    ids = segmentation.GetSegmentIDs() if segmentIds is None else segmentIds
    return tuple(segmentation.GetSegment(segmentId).GetName() for segmentId in ids)


def volumesMl(segmentationNode: Any) -> Dict[str, float]:
    """Volume in ml of each segment by its ID, in the node's own space.

    Segments without a labelmap are left out.
    """
    segmentation = segmentationNode.GetSegmentation()
    volumes = {}
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        image = segment.GetRepresentation(LABELMAP)
        if image is not None:
            count = np.count_nonzero(labelsOf(image) == segment.GetLabelValue())
            volumes[segmentId] = float(count * np.prod(image.GetSpacing()) / 1000.0)
    return volumes


def labelsOf(image: Any) -> np.ndarray:
    """The label values [k, j, i] of a vtkOrientedImageData: a view; maybe without voxels."""
    scalars = image.GetPointData().GetScalars()
    i0, i1, j0, j1, k0, k1 = image.GetExtent()
    if scalars is None or i1 < i0 or j1 < j0 or k1 < k0:
        return np.zeros((0, 0, 0), np.uint8)
    return vtk_to_numpy(scalars).reshape(k1 - k0 + 1, j1 - j0 + 1, i1 - i0 + 1)


def orientedImage(layer: Layer, geometry: Geometry) -> Any:
    """A vtkOrientedImageData of a layer; its indices are those of the grid."""
    start, shape = np.array(layer.start), np.array(layer.array.shape)
    last = start + shape - 1
    image = slicer.vtkOrientedImageData()
    image.SetExtent(*(int(n) for ends in zip(start[::-1], last[::-1]) for n in ends))
    image.SetImageToWorldMatrix(toVtk(ijkToRasOf(geometry)))
    if layer.array.size == 0:
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        return image
    flat = np.ascontiguousarray(layer.array).astype(layer.array.dtype.newbyteorder("="), copy=False)
    kind = get_vtk_array_type(flat.dtype)
    image.GetPointData().SetScalars(numpy_to_vtk(flat.ravel(), deep=True, array_type=kind))
    return image


def _fill(segmentation: Any, segments: LayeredSegments) -> None:
    """Add the segments; those of one layer share its image."""
    segmentation.SetSourceRepresentationName(LABELMAP)
    images = [orientedImage(layer, segments.geometry) for layer in segments.layers]
    for name, layer, value in segments.segments:
        segment = slicer.vtkSegment()
        segment.AddRepresentation(LABELMAP, images[layer])
        segment.SetLabelValue(value)
        dress(segment, name)
        segmentation.AddSegment(segment, segmentation.GenerateUniqueSegmentID(segment.GetName()))


def _settle(node: Any, volumeNode: Any) -> None:
    """What a node can have in a scene only."""
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    putBeside(node, volumeNode)
