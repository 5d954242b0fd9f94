"""The worker's .seg.nrrd file into arrays, in short steps.

Slicer's storage node and SimpleITK read in one go: seconds for a long CT with overlapping segments,
in which the event loop stands still. Only files as Core's segfile.py writes them are read here.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Dict, Generator, Iterator, List, Tuple

import numpy as np
import SimpleITK
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.imagefile import geometry_of
from AutoContourRTCore.volumes.sitk_path import sitk_path
from AutoContourRTLib.Layers import NO_VOXELS, Layer, LayeredSegments

CHUNK_BYTES = 1 << 22
_TYPES = {"unsigned char": "u1", "unsigned short": "u2"}  # no tr
_LONGEST_HEADER = 1 << 24


@dataclass(frozen=True)
class _Extent:
    """Half-open box of a layer, k, j, i."""

    start: Tuple[int, int, int]
    stop: Tuple[int, int, int]


def readSegments(path: Path) -> Generator[float, None, LayeredSegments]:
    """Yields the share done; returns the segments. Raises InputError for a damaged file."""
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(sitk_path(Path(path)))
    try:
        reader.ReadImageInformation()
        geometry = geometry_of(reader, path)
        segments = _segments(reader)
        extents = _extents(reader, segments)
        layers = [Layer(np.zeros(_shape(e), np.uint8), e.start) for e in extents]
        with open(path, "rb") as file:
            kind = _data(file)
            layers = [Layer(layer.array.astype(kind), layer.start) for layer in layers]
            size = (*geometry.shape, reader.GetNumberOfComponents())
            done = 0
            for planes in _planes(file, size, kind):
                _fill(layers, extents, planes, done)
                done += len(planes)
                yield done / geometry.shape[0]
    except (OSError, RuntimeError, ValueError, KeyError, zlib.error) as error:
        text = _("The worker's result {path} cannot be read ({why}).")
        raise InputError(text.format(path=path, why=error)) from error
    if done != geometry.shape[0]:
        raise InputError(_("The worker's result {path} is cut short.").format(path=path))
    whole = tuple(layer if layer.array.size else NO_VOXELS for layer in layers)
    return LayeredSegments(geometry, whole, tuple(segments))


def _segments(reader: Any) -> List[Tuple[str, int, int]]:
    """Name, layer and label value of each segment."""
    found = []
    while reader.HasMetaDataKey(f"Segment{len(found)}_Name"):
        values = [reader.GetMetaData(f"Segment{len(found)}_{key}") for key in _KEYS]
        found.append((values[0], int(values[1]), int(values[2])))
    return found


_KEYS = ("Name", "Layer", "LabelValue")


def _extents(reader: Any, segments: List[Tuple[str, int, int]]) -> List[_Extent]:
    """The box of each layer, from its segments' Extent (first and last index along i, j, k)."""
    boxes: Dict[int, _Extent] = {}
    for number, (_name, layer, _value) in enumerate(segments):
        ends = [int(word) for word in reader.GetMetaData(f"Segment{number}_Extent").split()]
        i0, i1, j0, j1, k0, k1 = ends
        boxes[layer] = _Extent((k0, j0, i0), (k1 + 1, j1 + 1, i1 + 1))
    nothing = _Extent((0, 0, 0), (0, 0, 0))
    return [boxes.get(layer, nothing) for layer in range(reader.GetNumberOfComponents())]


def _shape(extent: _Extent) -> Tuple[int, ...]:
    return tuple(b - a for a, b in zip(extent.start, extent.stop))


def _data(file: BinaryIO) -> np.dtype:
    """The type of the voxels; the file then stands at the first byte of its gzip stream."""
    head = b""
    while b"\n\n" not in head and len(head) < _LONGEST_HEADER:
        piece = file.read(1 << 16)
        if not piece:
            raise ValueError(_("its header has no end"))
        head += piece
    end = head.index(b"\n\n") + 2
    fields = dict(line.split(b": ", 1) for line in head[:end].split(b"\n") if b": " in line)
    if fields[b"encoding"].strip() not in (b"gzip", b"gz"):
        raise ValueError(_("it is not compressed with gzip"))
    file.seek(end)
    order = ">" if fields.get(b"endian", b"little").strip() == b"big" else "<"
    return np.dtype(order + _TYPES[fields[b"type"].strip().decode("ascii")])


def _planes(
    file: BinaryIO, size: Tuple[int, int, int, int], kind: np.dtype
) -> Iterator[np.ndarray]:
    """Whole planes [k, j, i, layer] in order, as many at a time as were unpacked; maybe none."""
    plane = int(np.prod(size[1:])) * kind.itemsize
    gzip, rest, packed = zlib.decompressobj(31), bytearray(), b""
    while not gzip.eof:
        packed = gzip.unconsumed_tail or file.read(CHUNK_BYTES)
        if not packed:
            return
        rest += gzip.decompress(packed, CHUNK_BYTES)
        count = len(rest) // plane
        values = np.frombuffer(bytes(rest[: count * plane]), kind)
        del rest[: count * plane]
        yield values.reshape(count, *size[1:])


def _fill(
    layers: List[Layer], extents: List[_Extent], planes: np.ndarray, first: int
) -> None:
    """Put planes, of which the first one has this index k, into the layers that they cross."""
    for number, (layer, extent) in enumerate(zip(layers, extents)):
        k0 = max(extent.start[0], first)
        k1 = min(extent.stop[0], first + len(planes))
        if k0 < k1:
            rows = slice(extent.start[1], extent.stop[1])
            columns = slice(extent.start[2], extent.stop[2])
            part = planes[k0 - first : k1 - first, rows, columns, number]
            layer.array[k0 - extent.start[0] : k1 - extent.start[0]] = part
