"""The segments of a node as masks on the grid of a volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Layers import Layer, boundingBox
from AutoContourRTLib.Placing import place
from AutoContourRTLib.SegmentationNodes import LABELMAP, labelsOf
from AutoContourRTLib.Transforms import between, toArray
from AutoContourRTLib.VolumeNodes import geometryOf, geometryOfVolumeNode, ijkToRasOf, toVtk

_REFERENCE = "Reference image geometry"  # no tr


@dataclass(frozen=True)
class BridgedLabels:
    """Masks by segment name; how many voxels of a segment lie outside the grid, where any do; and
    sentences for the user about what was converted or resampled.
    """

    labelMap: LabelMap
    outsideVoxels: Dict[str, int]
    notes: Tuple[str, ...] = ()

    def whole(self, name: str) -> LabelMap:
        """The masks; InputError where a segment of the segmentation `name` was cut."""
        if self.outsideVoxels:
            text = _(
                "{segments} of {name!r} reach beyond the segmentation's reference geometry and "
                "would be cut. Create a binary labelmap in the module Segmentations, section "
                "Representations: that makes room for them. In a comparison they can be left out, "
                "too, under Matching."
            )
            raise InputError(text.format(segments=", ".join(self.outsideVoxels), name=name))
        return self.labelMap


def labelMapFromSegmentation(
    segmentationNode: Any,
    referenceVolumeNode: Optional[Any] = None,
    segmentIds: Optional[Sequence[str]] = None,
    own: Optional[Geometry] = None,
) -> BridgedLabels:
    """Segments (None: all) as masks on the grid of a volume, in the volume's own space.

    Without a volume: on the segmentation's own grid (its reference geometry, enlarged to hold all
    segments), in its own space. Labelmaps whose voxels fall on the grid are taken over exactly,
    axes swapped or flipped as need be; others take the nearest voxel, which a note says. Contours
    and surfaces are converted on the grid, on a copy. Parent transforms are followed. own: ownGrid,
    where it is known already; it costs time in large segmentations.

    Raises InputError for two segments of one name, for transforms that are not linear (unless both
    nodes lie under the same one), and for contours that Slicer cannot convert.
    """
    segmentation = segmentationNode.GetSegmentation()
    ids = list(segmentation.GetSegmentIDs()) if segmentIds is None else list(segmentIds)
    checkNames(segmentationNode, ids)
    if referenceVolumeNode is None:
        grid, toGrid = own or ownGrid(segmentationNode), np.eye(4)
    else:
        grid = geometryOfVolumeNode(referenceVolumeNode)
        toGrid = between(segmentationNode, referenceVolumeNode)
    notes: List[str] = []
    source = segmentation.GetSourceRepresentationName()
    if segmentation.ContainsRepresentation(LABELMAP):
        if source != LABELMAP:
            made = _("The voxels were converted from {source!r} in this scene before.")
            notes.append(made.format(source=source))
    else:
        segmentation = _converted(segmentationNode, ids, grid, toGrid)
        converted = _("The segments were converted from {source!r} on this grid.")
        notes.append(converted.format(source=source))
    return _masks(segmentation, ids, grid, toGrid, notes)


def ownGrid(segmentationNode: Any) -> Geometry:
    """The segmentation's reference geometry, enlarged to hold all segments; its own space.

    Raises InputError where it has neither.
    """
    segmentation = segmentationNode.GetSegmentation()
    image = slicer.vtkOrientedImageData()
    extent = segmentation.EXTENT_UNION_OF_EFFECTIVE_SEGMENTS_AND_REFERENCE_GEOMETRY
    text = segmentation.DetermineCommonLabelmapGeometry(extent, None)
    if not text:  # no labelmaps, or none with a voxel: contours of an RT structure set, say
        text = segmentation.GetConversionParameter(_REFERENCE)
    made = text and slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, image, False)
    if not made or min(image.GetDimensions()) < 1:
        text = _(
            "{name!r} has no grid of its own; choose the volume that its contours were drawn on."
        )
        raise InputError(text.format(name=segmentationNode.GetName()))
    return geometryOf(_matrixOf(image), image.GetExtent())


def segmentLayer(segment: Any) -> Tuple[Layer, np.ndarray]:
    """The voxels of one vtkSegment's labelmap, cropped, and its matrix (4, 4): index i, j, k of the
    layer -> RAS mm.
    """
    image = segment.GetRepresentation(LABELMAP)
    matrix = np.eye(4) if image is None else _matrixOf(image)
    return _layerOf(image, segment.GetLabelValue()), matrix


def _masks(
    segmentation: Any, ids: Sequence[str], grid: Geometry, toGrid: np.ndarray, notes: List[str]
) -> BridgedLabels:
    """The labelmaps of a vtkSegmentation on a grid."""
    rasToIndex = np.linalg.inv(ijkToRasOf(grid)) @ toGrid
    masks, outside, resampled = {}, {}, []
    for segmentId in ids:
        segment = segmentation.GetSegment(segmentId)
        layer, matrix = segmentLayer(segment)
        placed = place(layer, rasToIndex @ matrix, grid.shape)
        masks[segment.GetName()] = placed.mask
        if placed.outside:
            outside[segment.GetName()] = placed.outside
        if not placed.exact:
            resampled.append(segment.GetName())
    if resampled:
        nearest = _("On another grid, nearest voxels were taken: {names}.")
        notes = [*notes, nearest.format(names=", ".join(resampled))]
    return BridgedLabels(LabelMap(masks, grid), outside, tuple(notes))


def _layerOf(image: Optional[Any], value: int) -> Layer:
    """The voxels of one segment, cropped; the layer's indices are those of the image."""
    if image is None:
        return Layer(np.zeros((0, 0, 0), bool))
    labels = labelsOf(image) == value
    start, stop = boundingBox(labels)
    part = labels[tuple(slice(a, b) for a, b in zip(start, stop))]
    first = image.GetExtent()[::2][::-1]
    return Layer(part, (start[0] + first[0], start[1] + first[1], start[2] + first[2]))


def _matrixOf(image: Any) -> np.ndarray:
    matrix = toVtk(np.eye(4))
    image.GetImageToWorldMatrix(matrix)
    return toArray(matrix)


def checkNames(segmentationNode: Any, segmentIds: Sequence[str]) -> None:
    """Raise InputError for a segment that is not there, for one without a name, and for two of one
    name."""
    name, segmentation = segmentationNode.GetName(), segmentationNode.GetSegmentation()
    seen = set()
    for segmentId in segmentIds:
        segment = segmentation.GetSegment(segmentId)
        if segment is None:
            raise InputError(
                _("{name!r} has no segment {segment!r}.").format(name=name, segment=segmentId)
            )
        if not segment.GetName():
            text = _("{name!r} has a segment without a name; give it one.")
            raise InputError(text.format(name=name))
        if segment.GetName() in seen:
            text = _("{name!r} has two segments named {segment!r}; rename one.")
            raise InputError(text.format(name=name, segment=segment.GetName()))
        seen.add(segment.GetName())


def _converted(
    segmentationNode: Any, ids: Sequence[str], grid: Geometry, toGrid: np.ndarray
) -> Any:
    """A vtkSegmentation with labelmaps on the grid; the node's own is left alone."""
    original = segmentationNode.GetSegmentation()
    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(original.GetSourceRepresentationName())
    copy.CopyConversionParameters(original)
    for segmentId in ids:
        copy.CopySegmentFromSegmentation(original, segmentId)
    matrix = toVtk(np.linalg.inv(toGrid) @ ijkToRasOf(grid))
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*grid.shape[::-1])
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(matrix, image)
    copy.SetConversionParameter(_REFERENCE, geometry)
    if not copy.CreateRepresentation(LABELMAP):
        text = _(
            "The contours of {name!r} are of the kind {kind!r}, which cannot become voxels here. "
            "Create a binary labelmap in the module Segmentations, or load the RT structure set "
            "again in Auto Contour RT, section Load structure set or dose."
        )
        kind = original.GetSourceRepresentationName()
        raise InputError(text.format(name=segmentationNode.GetName(), kind=kind))
    return copy
