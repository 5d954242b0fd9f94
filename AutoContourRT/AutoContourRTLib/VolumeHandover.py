"""A volume node into a file for the worker, in short steps, without a copy in memory.

NRRD, not compressed: SimpleITK reads it, and writing it costs little more than the disk does.
Slicer's own storage nodes and SimpleITK write in one go, which keeps the event loop for seconds.
Format: https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any, Generator, Iterator, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.VolumeNodes import checkVolume, geometryOfVolumeNode, voxels

CHUNK_BYTES = 1 << 23
_KINDS = {
    "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32",
    "i8": "int64", "u8": "uint64", "f4": "float", "f8": "double",
}  # fmt: skip


def writeVolume(volumeNode: Any, path: Path) -> Generator[float, None, int]:
    """Write the voxels and their grid, in the node's own space, to a .nrrd file.

    Yields the share done; returns a checksum of the voxels (see `checksum`). A file cut short is
    removed. Raises InputError for what cannot be contoured and for a full disk. The volume may be
    changed between two steps: its owner has to notice.
    """
    checkVolume(volumeNode)
    array = voxels(volumeNode)
    geometry = geometryOfVolumeNode(volumeNode)
    try:
        with open(path, "wb") as file:
            file.write(header(array.dtype, geometry))
            sum_ = 0
            for share, chunk in _chunks(array):
                file.write(chunk)
                sum_ = zlib.crc32(chunk, sum_)
                yield share
    except OSError as error:
        path.unlink(missing_ok=True)
        raise InputError(
            f"The volume could not be given to the worker ({error.strerror}: {path}); free some "
            "space on that disk."
        ) from error
    except GeneratorExit:
        path.unlink(missing_ok=True)
        raise
    return sum_


def checksum(volumeNode: Any) -> Generator[float, None, int]:
    """Yields the share done; returns the CRC-32 of the voxels as they are now."""
    sum_ = 0
    for share, chunk in _chunks(voxels(volumeNode)):
        sum_ = zlib.crc32(chunk, sum_)
        yield share
    return sum_


def header(kind: np.dtype, geometry: Geometry) -> bytes:
    """The header of a NRRD file of voxels [k, j, i] of this type."""
    name = _KINDS.get(kind.str[1:])
    if name is None:
        raise InputError(f"Voxels of type {kind} cannot be contoured; convert the volume to int.")
    vectors = " ".join(_vector(row) for row in geometry.step_vectors[::-1])
    lines = [
        "NRRD0004",
        f"type: {name}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(n) for n in geometry.shape[::-1])}",
        f"space directions: {vectors}",
        "kinds: domain domain domain",
        f"endian: {sys.byteorder}",
        "encoding: raw",
        f"space origin: {_vector(geometry.origin)}",
    ]
    return ("\n".join(lines) + "\n\n").encode("ascii")


def _vector(numbers: Any) -> str:
    return "(" + ",".join(repr(float(number)) for number in numbers) + ")"


def _chunks(array: np.ndarray) -> Iterator[Tuple[float, memoryview]]:
    """The bytes of an array in order, and the share that each ends at."""
    data = memoryview(array.reshape(-1)).cast("B")
    for start in range(0, len(data), CHUNK_BYTES):
        chunk = data[start : start + CHUNK_BYTES]
        yield (start + len(chunk)) / len(data), chunk
