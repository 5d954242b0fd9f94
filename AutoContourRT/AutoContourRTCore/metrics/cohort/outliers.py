"""Cases that stand out from their cohort: contours to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np

from AutoContourRTCore.metrics.cohort.summary import MEASURES
from AutoContourRTCore.metrics.compare.columns import column
from AutoContourRTCore.metrics.compare.rows import Row

#: Iglewicz and Hoaglin 1993, How to detect and handle outliers: |modified z| above 3.5.
STANDS_OUT = 3.5
#: Fewer values do not tell what is usual.
FEWEST = 5
#: Our choice: a spread below these is no finer than contours are, and would make every case odd.
SMALLEST_SPREAD = {"": 0.01, "mm": 0.25}


@dataclass(frozen=True)
class Outlier:
    """A figure far from the median of its structure; z: robust, with its sign."""

    case: str
    structure: str
    measure: str
    value: float
    median: float
    z: float


def robust_z(values: Sequence[float], smallest_spread: float = 0.0) -> np.ndarray:
    """Modified z-scores: 0.6745 (x - median) / MAD; NaN for what is not finite.

    Where more than half of the values are equal (MAD 0) the mean absolute deviation serves,
    times 1.2533 (Iglewicz and Hoaglin 1993). All equal: 0. smallest_spread: MAD / 0.6745, an
    estimate of the standard deviation, counts as at least so much.
    """
    given = np.asarray(values, dtype=float)
    finite = np.isfinite(given)
    z = np.full(len(given), np.nan)
    if not finite.any():
        return z
    deviation = given[finite] - np.median(given[finite])
    mad, mean = np.median(np.abs(deviation)), np.abs(deviation).mean()
    scale = max(mad / 0.6745 if mad > 0 else 1.253314 * mean, smallest_spread)
    z[finite] = deviation / scale if scale > 0 else 0.0
    return z


def find_outliers(
    rows: Sequence[Row], measures: Sequence[str] = MEASURES, threshold: float = STANDS_OUT
) -> Tuple[Outlier, ...]:
    """Figures beyond the threshold, the farthest first; nothing of structures with few cases."""
    found: List[Outlier] = []
    for structure in dict.fromkeys(row.structure for row in rows):
        own = [row for row in rows if row.structure == structure]
        for measure in measures:
            values = [row.judged(measure) for row in own]
            if np.isfinite(values).sum() < FEWEST:
                continue
            spread = SMALLEST_SPREAD.get(column(measure).unit, 0.0)
            median = float(np.median([v for v in values if math.isfinite(v)]))
            found += [
                Outlier(row.case, structure, measure, row.judged(measure), median, float(z))
                for row, z in zip(own, robust_z(values, spread))
                if abs(z) > threshold
            ]
    return tuple(sorted(found, key=lambda each: -abs(each.z)))
