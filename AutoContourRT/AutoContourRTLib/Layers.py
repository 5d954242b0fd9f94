"""Segments as arrays: layers of label values, cropped, on one grid.

The form between a file or a LabelMap and a segmentation node. Segments that do not overlap share a
layer, as in Slicer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap

Start = Tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """Label values [k, j, i] (unsigned integers; 0: nothing); start: their first k, j, i.

    A layer without voxels has the shape (0, 0, 0).
    """

    array: np.ndarray
    start: Start = (0, 0, 0)


@dataclass(frozen=True)
class LayeredSegments:
    """Segments on a grid: (name, number of the layer, label value in it)."""

    geometry: Geometry
    layers: Tuple[Layer, ...]
    segments: Tuple[Tuple[str, int, int], ...]


NO_VOXELS = Layer(np.zeros((0, 0, 0), np.uint8))


def layersOf(labelMap: LabelMap) -> LayeredSegments:
    """The masks of a LabelMap, each cropped, in a layer of its own."""
    layers = tuple(_cropped(mask) for mask in labelMap.masks.values())
    segments = tuple((name, number, 1) for number, name in enumerate(labelMap.names))
    return LayeredSegments(labelMap.geometry, layers, segments)


def _cropped(mask: np.ndarray) -> Layer:
    start, stop = boundingBox(mask)
    if start == stop:
        return NO_VOXELS
    part = mask[tuple(slice(a, b) for a, b in zip(start, stop))]
    return Layer(np.ascontiguousarray(part, dtype=np.uint8), start)


def boundingBox(mask: np.ndarray) -> Tuple[Start, Start]:
    """First and last plus one index k, j, i of the True voxels; zeros where there are none."""
    start, stop = [], []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        if len(used) == 0:
            return (0, 0, 0), (0, 0, 0)
        start.append(int(used[0]))
        stop.append(int(used[-1]) + 1)
    return (start[0], start[1], start[2]), (stop[0], stop[1], stop[2])
