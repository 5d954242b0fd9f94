"""NRRD files, not compressed, written in short steps.

SimpleITK reads them, and writing them costs little more than the disk does. Slicer's own storage
nodes and SimpleITK write in one go, which keeps the event loop for seconds.
Format: https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any, Generator, Iterable, List, Sequence, Tuple

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry

_KINDS = {
    "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32",
    "i8": "int64", "u8": "uint64", "f4": "float", "f8": "double",
}  # fmt: skip
#: Share of the file at which it ends, and bytes.
Chunk = Tuple[float, Any]


def header(kind: np.dtype, geometry: Geometry, layers: int = 1, keys: Sequence[str] = ()) -> bytes:
    """The header of a file of voxels [k, j, i], or [k, j, i, layer], of this type.

    keys: further lines, "name:=text". Raises InputError for a type that NRRD has no name for.
    """
    name = _KINDS.get(kind.str[1:])
    if name is None:
        text = _("Voxels of type {kind} cannot be contoured; convert the volume to int.")
        raise InputError(text.format(kind=kind))
    vectors = [_vector(row) for row in geometry.step_vectors[::-1]]
    sizes = [str(n) for n in geometry.shape[::-1]]
    kinds = ["domain"] * 3
    if layers > 1:
        vectors, sizes, kinds = ["none", *vectors], [str(layers), *sizes], ["vector", *kinds]
    lines = [
        "NRRD0004",
        f"type: {name}",
        f"dimension: {len(sizes)}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(sizes)}",
        f"space directions: {' '.join(vectors)}",  # no tr
        f"kinds: {' '.join(kinds)}",
        f"endian: {sys.byteorder}",
        "encoding: raw",
        f"space origin: {_vector(geometry.origin)}",  # no tr
        *keys,
    ]
    return ("\n".join(lines) + "\n\n").encode("utf-8")


def writeFile(
    path: Path, head: bytes, chunks: Iterable[Chunk], name: str
) -> Generator[float, None, int]:
    """Write head and chunks. Yields the share done; returns the CRC-32 of the chunks.

    A file cut short is removed. Raises InputError, about a node of this name, for a full disk.
    """
    sum_ = 0
    try:
        with open(path, "wb") as file:
            file.write(head)
            for share, chunk in chunks:
                file.write(chunk)
                sum_ = zlib.crc32(chunk, sum_)
                yield share
    except OSError as error:
        path.unlink(missing_ok=True)
        text = _(
            "{name!r} could not be given to the worker ({why}: {path}); free some space on that "
            "disk."
        )
        raise InputError(text.format(name=name, why=error.strerror, path=path)) from error
    except GeneratorExit:
        path.unlink(missing_ok=True)
        raise
    return sum_


def segmentKeys(names: Sequence[str], places: Sequence[int]) -> List[str]:
    """Lines that say which segment is which label, 1, 2, ..., and in which layer it lies."""
    lines = []
    for number, (name, layer) in enumerate(zip(names, places)):
        text = name.replace("\\", "\\\\").replace("\n", "\\n")
        lines += [
            f"Segment{number}_ID:=Segment_{number + 1}", f"Segment{number}_Name:={text}",
            f"Segment{number}_LabelValue:={number + 1}", f"Segment{number}_Layer:={layer}",
        ]  # fmt: skip
    return lines


def _vector(numbers: Any) -> str:
    return "(" + ",".join(repr(float(number)) for number in numbers) + ")"
