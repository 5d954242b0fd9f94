"""Segmentations and doses into files for the worker, in short steps, all in world space.

NRRD, not compressed, with the keys of a .seg.nrrd file that Core reads: name, layer and label value
of each segment. Slicer's storage nodes write in one go, which keeps the event loop for seconds.
Format: https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Generator, List, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Layers import boundingBox
from AutoContourRTLib.MrmlBridge import checkVolume, labelMapFromSegmentation, ownGrid
from AutoContourRTLib.Transforms import refuseNonlinear, toWorld
from AutoContourRTLib.VolumeHandover import writeVolume
from AutoContourRTLib.VolumeNodes import geometryOf, ijkToRasOf

#: Bytes that are written together.
CHUNK_BYTES = 1 << 23


def segmentNames(segmentationNode: Any) -> Tuple[str, ...]:
    """Names of the segments, in order."""
    segmentation = segmentationNode.GetSegmentation()
    return tuple(segmentation.GetSegment(n).GetName() for n in segmentation.GetSegmentIDs())


def segmentIdOf(segmentationNode: Any, name: str) -> str:
    """The ID of the segment of a name; "" where there is none."""
    return str(segmentationNode.GetSegmentation().GetSegmentIdBySegmentName(name)) if name else ""


def checkContours(segmentationNode: Any, side: str) -> None:
    """Raise InputError for what cannot be compared, as far as it can be seen at once.

    side: "reference" or "test", for the message.
    """
    if segmentationNode is None:
        raise InputError(f"No {side} is chosen; choose a segmentation.")
    names = segmentNames(segmentationNode)
    if not names:
        raise InputError(f"{segmentationNode.GetName()!r} has no segments; choose another {side}.")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputError(
            f"{segmentationNode.GetName()!r} has two segments named {doubled[0]!r}; rename one."
        )
    refuseNonlinear(segmentationNode)
    worldGrid(segmentationNode)


def checkDose(doseNode: Any) -> None:
    """Raise InputError for a dose that cannot be handed over."""
    checkVolume(doseNode)
    if not np.allclose(toWorld(doseNode), np.eye(4)):
        raise InputError(
            f"The dose {doseNode.GetName()!r} lies under a transform; harden it in the module "
            "Transforms (on a copy)."
        )


def worldGrid(segmentationNode: Any) -> Geometry:
    """The segmentation's own grid where it lies in the world (LPS).

    Raises InputError where it has none, or a transform shears it.
    """
    grid, matrix = ownGrid(segmentationNode), toWorld(segmentationNode)
    if np.array_equal(matrix, np.eye(4)):
        return grid
    ends = [number for count in grid.shape[::-1] for number in (0, count - 1)]
    try:
        return geometryOf(matrix @ ijkToRasOf(grid), ends)
    except InputError as error:
        raise InputError(f"{segmentationNode.GetName()!r}: {error}") from error


def oneContour(segmentationNode: Any, name: str) -> Tuple[LabelMap, Tuple[str, ...]]:
    """One segment on the segmentation's own grid in the world, and notes on how it came there."""
    found = labelMapFromSegmentation(segmentationNode, None, [segmentIdOf(segmentationNode, name)])
    return LabelMap(found.labelMap.masks, worldGrid(segmentationNode)), found.notes


def writeContours(
    segmentationNode: Any, path: Path
) -> Generator[float, None, Tuple[str, ...]]:
    """Write all segments on the segmentation's own grid in the world.

    Yields the share done; returns notes on how segments became masks. A file cut short is removed.
    The segments may be changed between two steps: the owner has to notice. Raises InputError for
    what cannot be handed over and for a full disk.
    """
    names, grid = segmentNames(segmentationNode), worldGrid(segmentationNode)
    kind = np.dtype(np.uint8 if len(names) < 256 else np.uint16)
    layers: List[np.ndarray] = []
    places: List[int] = []
    notes: List[str] = []
    for number, name in enumerate(names):
        contour, told = oneContour(segmentationNode, name)
        places.append(_lay(layers, contour.masks[name], number + 1, kind))
        notes += told
        yield 0.8 * (number + 1) / len(names)
    try:
        with open(path, "wb") as file:
            file.write(_header(names, places, len(layers), kind, grid))
            for share, chunk in _chunks(layers):
                file.write(chunk)
                yield 0.8 + 0.2 * share
    except OSError as error:
        path.unlink(missing_ok=True)
        raise InputError(
            f"{segmentationNode.GetName()!r} could not be given to the worker ({error.strerror}: "
            f"{path}); free some space on that disk."
        ) from error
    except GeneratorExit:
        path.unlink(missing_ok=True)
        raise
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


def _header(
    names: Tuple[str, ...], places: List[int], count: int, kind: np.dtype, grid: Geometry
) -> bytes:
    """The header of a NRRD file of layers, interleaved, with the keys of the segments."""
    vectors = [_vector(row) for row in grid.step_vectors[::-1]]
    sizes = [str(n) for n in grid.shape[::-1]]
    kinds = ["domain"] * 3
    if count > 1:
        vectors, sizes, kinds = ["none", *vectors], [str(count), *sizes], ["vector", *kinds]
    lines = [
        "NRRD0004",
        f"type: {'unsigned char' if kind.itemsize == 1 else 'unsigned short'}",
        f"dimension: {len(sizes)}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(sizes)}",
        f"space directions: {' '.join(vectors)}",
        f"kinds: {' '.join(kinds)}",
        f"endian: {sys.byteorder}",
        "encoding: raw",
        f"space origin: {_vector(grid.origin)}",
    ]
    for number, (name, layer) in enumerate(zip(names, places)):
        text = name.replace("\\", "\\\\").replace("\n", "\\n")
        lines += [
            f"Segment{number}_ID:=Segment_{number + 1}", f"Segment{number}_Name:={text}",
            f"Segment{number}_LabelValue:={number + 1}", f"Segment{number}_Layer:={layer}",
        ]  # fmt: skip
    return ("\n".join(lines) + "\n\n").encode("utf-8")


def _vector(numbers: Any) -> str:
    return "(" + ",".join(repr(float(number)) for number in numbers) + ")"


def _chunks(layers: List[np.ndarray]) -> Generator[Tuple[float, bytes], None, None]:
    """The bytes of interleaved layers, and the share that each piece ends at."""
    planes = len(layers[0])
    step = max(1, CHUNK_BYTES // (layers[0][0].nbytes * len(layers)))
    for first in range(0, planes, step):
        last = min(planes, first + step)
        piece = np.stack([layer[first:last] for layer in layers], axis=-1)
        yield last / planes, np.ascontiguousarray(piece).tobytes()
