"""Added path length: how much contour a person would have to draw anew."""

from __future__ import annotations

import math
from typing import Sequence

import numpy as np

from AutoContourRTCore.volumes.boxes import cropped_pair


def added_path_length(
    reference: np.ndarray, test: np.ndarray, spacing: Sequence[float], axial_axis: int = 0
) -> float:
    """Length (mm) of the reference's contour that is not in the test's (Vaassen 2020).

    Per axial slice, the edge pixels of the reference that are no edge pixels of the test, times
    the in-plane spacing (where a pixel is not square, the root of its area). An edge pixel lies
    inside and has one of its four neighbours in the slice outside; beyond the edge of the volume
    all is outside. Masks: bool [k, j, i], one shape; spacing: mm (k, j, i); axial_axis: the axis
    along which slices lie. 0 where the reference is empty.
    """
    a, b = cropped_pair(reference, test)
    along = [float(mm) for axis, mm in enumerate(spacing) if axis != axial_axis]
    edges = [_slice_edges(np.moveaxis(mask, axial_axis, 0)) for mask in (a, b)]
    return float(np.count_nonzero(edges[0] & ~edges[1])) * math.sqrt(along[0] * along[1])


def _slice_edges(mask: np.ndarray) -> np.ndarray:
    """The edge pixels in each plane of the first axis."""
    core = mask.copy()
    for axis in (1, 2):
        inner, near = np.moveaxis(core, axis, 0), np.moveaxis(mask, axis, 0)
        inner[1:] &= near[:-1]
        inner[:-1] &= near[1:]
        if len(inner):
            inner[0] = inner[-1] = False
    edges: np.ndarray = mask & ~core
    return edges
