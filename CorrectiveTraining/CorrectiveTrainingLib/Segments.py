"""Masks of a case into and out of the segments of a node, on the grid of the case's volume."""

from __future__ import annotations

from itertools import product
from typing import Any, Dict, Iterable, Optional, Sequence, Tuple

import numpy as np
import slicer

from AutoContourRTCore.correction.annotation import WHOLE, Part
from AutoContourRTCore.volumes.boxes import box_of
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.Appearance import known
from AutoContourRTLib.Layers import NO_VOXELS, Layer, layersOf
from AutoContourRTLib.SegmentationNodes import LABELMAP, labelsOf, orientedImage
from AutoContourRTLib.SegmentLabels import labelMapFromSegmentation
from AutoContourRTLib.Transforms import toArray
from AutoContourRTLib.VolumeNodes import geometryOfVolumeNode, ijkToRasOf, toVtk

#: First voxel and the one after the last, k, j, i.
Box = Tuple[Tuple[int, ...], Tuple[int, ...]]
NOWHERE: Box = ((0, 0, 0), (0, 0, 0))
Color = Tuple[float, float, float]
_GREY = (128, 128, 128)


def colorOf(structure: str, lighter: float = 0.0) -> Color:
    """The catalogue's colour of a structure, 0..1; lighter: share of white mixed in."""
    found = known(structure)
    red, green, blue = (part / 255.0 for part in (found.color if found else _GREY))
    return (
        red + lighter * (1 - red), green + lighter * (1 - green), blue + lighter * (1 - blue)
    )


def addSegments(
    volumeNode: Any, name: str, colors: Dict[str, Color], isHidden: bool = False
) -> Any:
    """A new segmentation node with empty segments (ID and name -> colour), on the volume's grid.

    It is not saved with the scene: the project holds what it shows, and a copy in a scene would be
    taken for it. isHidden: other modules do not offer it for editing.
    """
    scene = volumeNode.GetScene()
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(scene.GetUniqueNameByString(name))
    node.SetSaveWithScene(False)
    node.SetHideFromEditors(isHidden)
    node = scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetSaveWithScene(False)
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    for segmentId, color in colors.items():
        node.GetSegmentation().AddEmptySegment(segmentId, segmentId, color)
    return node


def setMask(
    segmentationNode: Any, segmentId: str, mask: np.ndarray, geometry: Geometry,
    part: Part = WHOLE,
) -> Box:
    """Let a segment be a mask (bool [k, j, i], of a part of a grid), and nothing else.

    Other segments stay as they are. Returns where it lies.
    """
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    inside = box_of(mask)
    if inside is None:
        logic.ClearSegment(segmentationNode, segmentId)
        return NOWHERE
    cropped = mask[inside]
    start = tuple((one.start or 0) + at.start for one, at in zip(part, inside))
    layer = Layer(np.ascontiguousarray(cropped, dtype=np.uint8), start)
    image = orientedImage(layer, geometry)
    logic.SetBinaryLabelmapToSegment(image, segmentationNode, segmentId, logic.MODE_REPLACE)
    return start, tuple(a + n for a, n in zip(start, cropped.shape))


def maskOf(segmentationNode: Any, volumeNode: Any, segmentId: str) -> Layer:
    """A segment on the volume's grid, only the part that holds it. Raises InputError.

    Segments that lie on that grid, which is what editors leave, are read without looking at the
    rest of it; others as AutoContourRTLib.SegmentLabels does it.
    """
    grid = geometryOfVolumeNode(volumeNode)
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    image = segment.GetRepresentation(LABELMAP)
    if image is None:
        return NO_VOXELS
    extent = np.array(image.GetExtent())
    low, high = extent[4::-2], extent[5::-2] + 1
    if not _isOn(image, grid):
        labels = labelMapFromSegmentation(segmentationNode, volumeNode, [segmentId]).labelMap
        return layersOf(labels).layers[0]
    start, stop = np.maximum(low, 0), np.minimum(high, grid.shape)
    if np.any(start >= stop):
        return NO_VOXELS
    inside = tuple(slice(a - n, b - n) for a, b, n in zip(start, stop, low))
    return Layer(labelsOf(image)[inside] == segment.GetLabelValue(), tuple(start.tolist()))


def _isOn(image: Any, grid: Geometry) -> bool:
    """Whether an image's indices are those of a grid, to a hundredth of a voxel at its corners."""
    matrix = toVtk(np.eye(4))
    image.GetImageToWorldMatrix(matrix)
    toIndex = np.linalg.inv(ijkToRasOf(grid)) @ toArray(matrix)
    extent = np.array(image.GetExtent(), dtype=float)
    ends = zip(extent[0::2], extent[1::2])
    corners = np.array([(*corner, 1.0) for corner in product(*ends)]).T
    return bool(np.abs(toIndex @ corners - corners).max() < 0.01)


def boxOf(layer: Layer) -> Box:
    """Where a layer lies."""
    return layer.start, tuple(a + n for a, n in zip(layer.start, layer.array.shape))


def boxOfPart(part: Part) -> Box:
    """A part of a grid, with its ends given, as a box."""
    return tuple(one.start for one in part), tuple(one.stop for one in part)


def around(boxes: Iterable[Box]) -> Optional[Part]:
    """The part of a grid that holds all boxes; None where all are empty."""
    filled = [box for box in boxes if all(a < b for a, b in zip(*box))]
    if not filled:
        return None
    low = np.min([start for start, _stop in filled], axis=0).tolist()
    high = np.max([stop for _start, stop in filled], axis=0).tolist()
    k, j, i = (slice(a, b) for a, b in zip(low, high))
    return (k, j, i)


def boxIn(mask: np.ndarray, part: Part) -> Box:
    """Where a mask (bool) of a part lies in the grid."""
    inside = box_of(mask)
    if inside is None:
        return NOWHERE
    start, stop = (
        tuple(one.start + getattr(at, end) for one, at in zip(part, inside))
        for end in ("start", "stop")
    )
    return start, stop


def inPart(layer: Layer, part: Part) -> np.ndarray:
    """A layer that lies within a part, as a mask (bool) of the part."""
    mask = np.zeros(tuple(one.stop - one.start for one in part), dtype=bool)
    if layer.array.size:
        places = zip(layer.start, layer.array.shape, part)
        mask[tuple(slice(a - one.start, a - one.start + n) for a, n, one in places)] = layer.array
    return mask


def masksOf(
    segmentationNode: Any, volumeNode: Any, segmentIds: Sequence[str]
) -> Dict[str, np.ndarray]:
    """Segment ID -> its mask (bool [k, j, i]) on the whole grid of the volume. InputError."""
    shape = geometryOfVolumeNode(volumeNode).shape
    whole = tuple(slice(0, count) for count in shape)
    layers = {name: maskOf(segmentationNode, volumeNode, name) for name in segmentIds}
    return {name: inPart(layer, whole) for name, layer in layers.items()}


def isLabelmap(segmentationNode: Any) -> bool:
    """Whether labelmaps are what the segments of a node are made of (their source)."""
    return segmentationNode.GetSegmentation().GetSourceRepresentationName() == LABELMAP


def makeLabelmap(segmentationNode: Any) -> None:
    """Let the segments of a node be made of labelmaps again: converted as well as Slicer can, empty
    where it cannot."""
    segmentation = segmentationNode.GetSegmentation()
    segmentation.CreateRepresentation(LABELMAP)
    segmentation.SetSourceRepresentationName(LABELMAP)
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        if segment.GetRepresentation(LABELMAP) is None:
            segment.AddRepresentation(LABELMAP, slicer.vtkOrientedImageData())


def stamp(segmentationNode: Any, segmentId: str) -> int:
    """A number that differs once the voxels of a segment may have changed; 0 without a segment.

    Slicer does not tell of every segment that an overwriting effect changes in passing.
    """
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    image = None if segment is None else segment.GetRepresentation(LABELMAP)
    return 0 if image is None else int(image.GetMTime())
