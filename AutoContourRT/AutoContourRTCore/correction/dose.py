"""How much a correction changes the mean dose of a structure (Smith 2021)."""

from __future__ import annotations

import math
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.metrics.dose import dose_figures
from AutoContourRTCore.metrics.grids import Pair
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

#: Smith 2021 counts deviations of 0.25 to 1 Gy, and above 1 Gy.
LOW_GY, HIGH_GY = 0.25, 1.0


def dose_deviation_gy(
    predicted: np.ndarray,
    corrected: np.ndarray,
    geometry: Geometry,
    dose: Volume,
    start: Tuple[int, int, int] = (0, 0, 0),
) -> Optional[float]:
    """|mean dose (predicted) - mean dose (corrected)| in Gy, of masks bool [k, j, i].

    start: index of their first voxel in the grid, where they are a part of it.

    None where one of them is empty or not wholly covered by the dose grid: a mean over a part
    would be no mean of the structure.
    """
    figures, _ = dose_figures(Pair(predicted, corrected, start, geometry), dose, ())
    found = abs(figures["dose_mean_reference_gy"] - figures["dose_mean_test_gy"])
    return None if math.isnan(found) else found


def bands(deviations: Sequence[Optional[float]]) -> Dict[str, float]:
    """Shares (0..1) of the deviations (Gy) below 0.25, from 0.25 to 1 and above 1 Gy, and their
    number; those that are not known (None) do not count. Without any the shares are NaN."""
    known = np.array([d for d in deviations if d is not None], dtype=float)
    count = len(known)
    share = {
        "below_0.25": known < LOW_GY,
        "0.25_to_1": (known >= LOW_GY) & (known <= HIGH_GY),
        "above_1": known > HIGH_GY,
    }
    shares = {name: float(hits.mean()) if count else float("nan") for name, hits in share.items()}
    return {"count": float(count), **shares}
