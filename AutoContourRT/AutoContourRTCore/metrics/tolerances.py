"""Tolerances of surface Dice on a given grid."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from AutoContourRTCore.errors import InputError

#: Distances that differ by less, relatively, are one distance with rounding errors.
_SAME = 1e-9


def rounded_tolerance(tolerance_mm: float, spacing: Sequence[float]) -> float:
    """The distance between two raster points that is nearest to a tolerance (Nikolov 2021).

    Such distances are sqrt((n1 d1)^2 + (n2 d2)^2 + (n3 d3)^2) for spacings d (mm) and whole
    numbers n, not all 0. Half-way between two, the lower is taken. Distances that come out equal
    but for rounding errors count as one; their largest value is returned, so that ``<=`` holds
    for all of them. Raises InputError for a tolerance that is negative or not finite.
    """
    if not 0 <= tolerance_mm < np.inf:
        raise InputError(f"The tolerance {tolerance_mm} mm must be 0 or more, and finite.")
    distances = _raster_distances(tolerance_mm, spacing)
    gaps = np.abs(distances - tolerance_mm)
    nearest = gaps <= gaps.min() + _SAME * max(tolerance_mm, distances.min())
    lowest = distances[nearest].min()
    return float(distances[distances <= lowest * (1 + _SAME)].max())


def _raster_distances(reach_mm: float, spacing: Sequence[float]) -> np.ndarray:
    """All distances > 0 between raster points up to one step beyond a reach (mm) on each axis."""
    steps = [np.arange(int(reach_mm / d) + 2) * float(d) for d in spacing]
    k, j, i = np.meshgrid(*steps, indexing="ij")
    return np.sqrt(k * k + j * j + i * i).ravel()[1:]
