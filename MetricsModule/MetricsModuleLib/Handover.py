"""Segmentations and doses into files for the worker, in short steps, all in world space.

Segmentations are NRRD files with the keys of a .seg.nrrd file that Core reads: name, layer and
label value of each segment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Collection, Generator, List, Optional, Tuple

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Layers import boundingBox
from AutoContourRTLib.MrmlBridge import checkVolume, labelMapFromSegmentation, ownGrid
from AutoContourRTLib.NrrdFile import header, segmentKeys, writeFile
from AutoContourRTLib.SegmentationNodes import segmentNames
from AutoContourRTLib.SegmentLabels import checkNames
from AutoContourRTLib.Transforms import refuseNonlinear, toWorld
from AutoContourRTLib.VolumeHandover import writeVolume
from AutoContourRTLib.VolumeNodes import geometryOf, ijkToRasOf

#: Bytes that are written together.
CHUNK_BYTES = 1 << 23


def segmentIdOf(segmentationNode: Any, name: str) -> str:
    """The ID of the segment of this very name; "" where there is none.

    (GetSegmentIdBySegmentName takes capitals and small letters for the same.)
    """
    segmentation = segmentationNode.GetSegmentation()
    ids = segmentation.GetSegmentIDs() if name else ()
    return next((n for n in ids if segmentation.GetSegment(n).GetName() == name), "")


def checkContours(segmentationNode: Any) -> None:
    """Raise InputError for what cannot be compared, as far as it can be seen at once."""
    ids = segmentationNode.GetSegmentation().GetSegmentIDs()
    if not ids:
        text = _("{name!r} has no segments; choose another segmentation.")
        raise InputError(text.format(name=segmentationNode.GetName()))
    checkNames(segmentationNode, ids)
    refuseNonlinear(segmentationNode)
    worldGrid(segmentationNode)


def checkDose(doseNode: Any) -> None:
    """Raise InputError for a dose that cannot be handed over."""
    checkVolume(doseNode)
    if not np.allclose(toWorld(doseNode), np.eye(4)):
        text = _(
            "The dose {name!r} lies under a transform; harden it in the module Transforms (on a "
            "copy)."
        )
        raise InputError(text.format(name=doseNode.GetName()))


def worldGrid(segmentationNode: Any, own: Optional[Geometry] = None) -> Geometry:
    """The segmentation's own grid (own: where known already) where it lies in the world (LPS).

    Raises InputError where it has none, or a transform shears it.
    """
    grid, matrix = own or ownGrid(segmentationNode), toWorld(segmentationNode)
    if np.array_equal(matrix, np.eye(4)):
        return grid
    ends = [number for count in grid.shape[::-1] for number in (0, count - 1)]
    try:
        return geometryOf(matrix @ ijkToRasOf(grid), ends)
    except InputError as error:
        raise InputError(f"{segmentationNode.GetName()!r}: {error}") from error


def oneContour(
    segmentationNode: Any, name: str, own: Optional[Geometry] = None
) -> Tuple[LabelMap, Tuple[str, ...]]:
    """One segment on the segmentation's own grid in the world, and notes on how it came there. own:
    that grid, where it is known already.

    Raises InputError for a segment that is gone, and for a surface that reaches beyond that grid.
    """
    segmentId, own = segmentIdOf(segmentationNode, name), own or ownGrid(segmentationNode)
    if not segmentId:
        text = _("{name!r} is no longer in {node!r}. Compare again.")
        raise InputError(text.format(name=name, node=segmentationNode.GetName()))
    found = labelMapFromSegmentation(segmentationNode, None, [segmentId], own)
    masks = found.whole(segmentationNode.GetName()).masks
    return LabelMap(masks, worldGrid(segmentationNode, own)), found.notes


def writeContours(
    segmentationNode: Any, path: Path, leftOut: Collection[str] = ()
) -> Generator[float, None, Tuple[str, ...]]:
    """Write all segments on the segmentation's own grid in the world; one of leftOut that cannot be
    handed over is written without voxels.

    Yields the share done; returns notes on how segments became masks. A file cut short is removed.
    The segments may be changed between two steps: the owner has to notice. Raises InputError for
    what cannot be handed over and for a full disk.
    """
    names, own = segmentNames(segmentationNode), ownGrid(segmentationNode)
    grid = worldGrid(segmentationNode, own)
    kind = np.dtype(np.uint8 if len(names) < 256 else np.uint16)
    layers: List[np.ndarray] = []
    places: List[int] = []
    notes: List[str] = []
    for number, name in enumerate(names):
        try:
            contour, told = oneContour(segmentationNode, name, own)
            mask = contour.masks[name]
        except InputError as error:
            if name not in leftOut:
                raise
            mask, told = np.zeros(grid.shape, dtype=bool), (f"{name}: {error}",)
        places.append(_lay(layers, mask, number + 1, kind))
        notes += told
        yield 0.8 * (number + 1) / len(names)
    head = header(kind, grid, len(layers), segmentKeys(names, places))
    chunks = ((0.8 + 0.2 * share, chunk) for share, chunk in _chunks(layers))
    yield from writeFile(path, head, chunks, segmentationNode.GetName())
    return tuple(dict.fromkeys(notes))


def writeDose(doseNode: Any, path: Path) -> Generator[float, None, int]:
    """Write a dose as it is, in its own unit; see writeVolume."""
    checkDose(doseNode)
    return writeVolume(doseNode, path)


def _lay(layers: List[np.ndarray], mask: np.ndarray, value: int, kind: np.dtype) -> int:
    """Put a mask into the first layer in which it overlaps none; returns that layer's number."""
    start, stop = boundingBox(mask)
    box = tuple(slice(a, b) for a, b in zip(start, stop))
    inside = mask[box]
    free = (n for n, layer in enumerate(layers) if not layer[box][inside].any())
    number = next(free, len(layers))
    if number == len(layers):
        layers.append(np.zeros(mask.shape, kind))
    layers[number][box][inside] = value
    return number


def _chunks(layers: List[np.ndarray]) -> Generator[Tuple[float, bytes], None, None]:
    """The bytes of interleaved layers, and the share that each piece ends at."""
    planes = len(layers[0])
    step = max(1, CHUNK_BYTES // (layers[0][0].nbytes * len(layers)))
    for first in range(0, planes, step):
        last = min(planes, first + step)
        piece = np.stack([layer[first:last] for layer in layers], axis=-1)
        yield last / planes, np.ascontiguousarray(piece).tobytes()
