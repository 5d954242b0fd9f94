"""Seconds that the measures of one case's organs take, against the public reference library.

Usage: AUTOCONTOURRT_DATA=FOLDER python Testing/Bench/bench_metrics.py [CASE]
Reads both observers' masks of the case first; only the computing is timed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import List, Tuple

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from AutoContourRTCore.metrics import measures
from AutoContourRTCore.metrics.surfaces import surface_distances

Pair = Tuple[np.ndarray, np.ndarray, Tuple[float, ...]]


def read_pairs(case: str) -> List[Pair]:
    """Masks of both observers and the spacing (k, j, i), for each structure both have."""
    root = Path(os.environ["AUTOCONTOURRT_DATA"]) / "masks_tcia" / "validation"
    pairs = []
    for path in sorted((root / "oncologist" / case / "segmentations").glob("*.nrrd")):
        other = root / "radiographer" / case / "segmentations" / path.name
        images = [sitk.ReadImage(str(path)), sitk.ReadImage(str(other))]
        a, b = (sitk.GetArrayFromImage(image) > 0 for image in images)
        pairs.append((a, b, images[0].GetSpacing()[::-1]))
    return pairs


def ours(a: np.ndarray, b: np.ndarray, spacing: Tuple[float, ...]) -> float:
    """All measures of the reference; returns the surface Dice at 2.5 mm."""
    distances = surface_distances(a, b, spacing)
    measures.dice(a, b)
    measures.average_surface_distances(distances)
    measures.hausdorff_distance(distances, 95)
    return measures.surface_dice(distances, 2.5)


def theirs(a: np.ndarray, b: np.ndarray, spacing: Tuple[float, ...]) -> float:
    """The same measures by the reference."""
    import surface_distance as reference

    distances = reference.compute_surface_distances(a, b, spacing)
    reference.compute_dice_coefficient(a, b)
    reference.compute_average_surface_distance(distances)
    reference.compute_robust_hausdorff(distances, 95)
    return float(reference.compute_surface_dice_at_tolerance(distances, 2.5))


def seconds(function, pairs: List[Pair]) -> Tuple[float, List[float]]:
    start = time.perf_counter()
    values = [function(*pair) for pair in pairs]
    return time.perf_counter() - start, values


def main() -> None:
    # Names that today's NumPy and SciPy dropped, lent to the reference.
    np.Inf, np.NaN = np.inf, np.nan
    ndimage.filters = ndimage.morphology = ndimage
    pairs = read_pairs(sys.argv[1] if len(sys.argv) > 1 else "0522c0014")
    seconds(ours, pairs[:1])
    mine, values = seconds(ours, pairs)
    reference, expected = seconds(theirs, pairs)
    worst = float(np.nanmax(np.abs(np.array(values) - np.array(expected))))
    print(f"{len(pairs)} structures of {pairs[0][0].shape}: {mine:.2f} s, reference "
          f"{reference:.2f} s, {reference / mine:.0f} x; surface Dice differs by {worst:.1e}")


if __name__ == "__main__":
    main()
