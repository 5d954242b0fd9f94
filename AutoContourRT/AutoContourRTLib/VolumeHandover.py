"""A volume node into a file for the worker, in short steps, without a copy in memory."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Generator, Iterator, Tuple

import numpy as np

from AutoContourRTLib.NrrdFile import header, writeFile
from AutoContourRTLib.VolumeNodes import checkVolume, geometryOfVolumeNode, voxels

CHUNK_BYTES = 1 << 23


def writeVolume(volumeNode: Any, path: Path) -> Generator[float, None, int]:
    """Write the voxels and their grid, in the node's own space, to a .nrrd file.

    Yields the share done; returns a checksum of the voxels (see `checksum`). A file cut short is
    removed. Raises InputError for what cannot be contoured and for a full disk. The volume may be
    changed between two steps: its owner has to notice.
    """
    checkVolume(volumeNode)
    array = voxels(volumeNode)
    head = header(array.dtype, geometryOfVolumeNode(volumeNode))
    return (yield from writeFile(path, head, _chunks(array), volumeNode.GetName()))


def checksum(volumeNode: Any) -> Generator[float, None, int]:
    """Yields the share done; returns the CRC-32 of the voxels as they are now."""
    sum_ = 0
    for share, chunk in _chunks(voxels(volumeNode)):
        sum_ = zlib.crc32(chunk, sum_)
        yield share
    return sum_


def _chunks(array: np.ndarray) -> Iterator[Tuple[float, memoryview]]:
    """The bytes of an array in order, and the share that each ends at."""
    data = memoryview(array.reshape(-1)).cast("B")
    for start in range(0, len(data), CHUNK_BYTES):
        chunk = data[start : start + CHUNK_BYTES]
        yield (start + len(chunk)) / len(data), chunk
