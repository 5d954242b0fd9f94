"""How well two masks agree: Dice, surface Dice, average and percentile distances.

Where a mask is empty the results follow the public reference library (PyPI ``surface-distance``
0.1): both empty - Dice, surface Dice and average distances are NaN, the Hausdorff distance is
infinite; one empty - Dice and surface Dice 0, the Hausdorff distance infinite, the average
distance infinite from the drawn to the empty mask and NaN the other way.
"""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.surfaces import SurfaceDistances, voxel_distances
from AutoContourRTCore.metrics.tolerances import rounded_tolerance
from AutoContourRTCore.volumes.boxes import cropped_pair

#: Files keep spacings with rounding errors (NIfTI seven digits, others the last bit): a slice of
#: 3 mm may be one of 3.0000000000000004 mm. What is beyond a tolerance by less, relatively, is
#: within.
SAME = 1e-6


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Overlap 2 |a and b| / (|a| + |b|) of two masks (bool [k, j, i], same shape); 0..1.

    Raises InputError for masks of different shapes or not three dimensions.
    """
    first, second = cropped_pair(a, b)
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2.0 * np.count_nonzero(first & second) / total if total else float("nan")


def surface_dice(
    distances: SurfaceDistances, tolerance_mm: float, round_to_grid: bool = False
) -> float:
    """Share (0..1) of both surfaces' area that lies within the tolerance of the other surface.

    round_to_grid: round the tolerance to a distance that the spacing allows, as in the paper
    (Nikolov 2021); the reference library does not. Raises InputError for a tolerance below 0.
    """
    tau = _tolerance(distances, tolerance_mm, round_to_grid)
    total = distances.area_a.sum() + distances.area_b.sum()
    if total == 0:
        return float("nan")
    near_a = distances.area_a[distances.a_to_b <= tau].sum()
    near_b = distances.area_b[distances.b_to_a <= tau].sum()
    return float((near_a + near_b) / total)


def surface_overlaps(
    distances: SurfaceDistances, tolerance_mm: float, round_to_grid: bool = False
) -> Tuple[float, float]:
    """Share (0..1) of surface a within the tolerance of b, and of b within it of a.

    NaN for a mask without a surface. Arguments and errors as in surface_dice.
    """
    tau = _tolerance(distances, tolerance_mm, round_to_grid)
    return (
        _weighted_mean((distances.a_to_b <= tau).astype(float), distances.area_a),
        _weighted_mean((distances.b_to_a <= tau).astype(float), distances.area_b),
    )


def average_surface_distances(distances: SurfaceDistances) -> Tuple[float, float]:
    """Area-weighted average distance (mm) from surface a to b, and from b to a."""
    return (
        _weighted_mean(distances.a_to_b, distances.area_a),
        _weighted_mean(distances.b_to_a, distances.area_b),
    )


def hausdorff_distance(distances: SurfaceDistances, percent: float = 100.0) -> float:
    """The larger of both directions' percentile distance (mm); areas weigh the percentile.

    percent: 100 for the maximum, 95 for the usual robust form. Raises InputError outside 0..100.
    """
    if not 0 <= percent <= 100:
        raise InputError(f"The percentile {percent} must lie between 0 and 100.")
    return max(
        _weighted_percentile(distances.a_to_b, distances.area_a, percent),
        _weighted_percentile(distances.b_to_a, distances.area_b, percent),
    )


def mean_surface_distance(a: np.ndarray, b: np.ndarray, spacing: Sequence[float]) -> float:
    """Mean surface distance (mm) of two masks as in Sartor 2020: voxels count, areas do not.

    For every surface voxel of a the distance to the nearest surface voxel of b, averaged; the
    same from b to a; the mean of both. The paper does not define a surface voxel: see
    surfaces.voxel_distances. Both masks empty: NaN; one empty: infinite.
    """
    a_to_b, b_to_a = voxel_distances(a, b, spacing)
    if not len(a_to_b) and not len(b_to_a):
        return float("nan")
    if not len(a_to_b) or not len(b_to_a):
        return float("inf")
    return float((a_to_b.mean() + b_to_a.mean()) / 2)


def _tolerance(distances: SurfaceDistances, tolerance_mm: float, round_to_grid: bool) -> float:
    if not tolerance_mm >= 0:
        raise InputError(f"The tolerance {tolerance_mm} mm must be 0 or more.")
    tau = rounded_tolerance(tolerance_mm, distances.spacing) if round_to_grid else tolerance_mm
    return tau * (1 + SAME)


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    return float((values * weights).sum() / weights.sum()) if len(values) else float("nan")


def _weighted_percentile(ascending: np.ndarray, weights: np.ndarray, percent: float) -> float:
    """The first value at which the weights reach the percentage of their sum."""
    if not len(ascending):
        return float("inf")
    share = np.cumsum(weights) / weights.sum()
    index = int(np.searchsorted(share, percent / 100.0))
    return float(ascending[min(index, len(ascending) - 1)])
