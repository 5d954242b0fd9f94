"""What a cohort's figures amount to, per structure and measure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np

from AutoContourRTCore.metrics.compare.rows import (
    FAILED_STATES,
    UNDRAWN_STATES,
    UNMATCHED,
    Row,
)
from AutoContourRTCore.metrics.pooled import Overlap, pooled_dice

#: What is summarised and shown first.
MEASURES = ("dice", "surface_dice", "msd_mm", "hd95_mm")
RESAMPLES = 9999


@dataclass(frozen=True)
class Description:
    """Statistics of numbers; what is not finite is left out and counted.

    n: finite numbers; missing: the others. sd: of a sample (n - 1). q1, q3: quartiles, linear
    between numbers. NaN where there are too few.
    """

    n: int
    missing: int
    mean: float
    sd: float
    median: float
    q1: float
    q3: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Summary:
    """One structure and measure over a cohort.

    what: the statistics; `missing` counts every case of the cohort without a finite figure. Of
    these, not_in_reference: nobody drew it, or it was left out by hand; missing_in_test: the test
    has nothing; infinite: the figure is infinite. low, high: bootstrap 95 % interval of the mean,
    patients resampled.
    """

    structure: str
    measure: str
    what: Description
    not_in_reference: int
    missing_in_test: int
    infinite: int
    low: float
    high: float

    def cells(self) -> Dict[str, str]:
        """As CSV texts."""
        counts = {"not_in_reference": self.not_in_reference, "infinite": self.infinite,
                  "missing_in_test": self.missing_in_test, "mean_low95": self.low,
                  "mean_high95": self.high}  # fmt: skip
        numbers = {**asdict(self.what), **counts}
        return {"structure": self.structure, "measure": self.measure,
                **{name: str(value) for name, value in numbers.items()}}  # fmt: skip


COLUMNS = ("structure", "measure", "n", "missing", "mean", "sd", "median", "q1", "q3", "lowest",
           "highest", "mean_low95", "mean_high95", "not_in_reference", "missing_in_test",
           "infinite")  # fmt: skip


def describe(values: Sequence[float]) -> Description:
    """The statistics of some numbers."""
    given = np.asarray(values, dtype=float)
    finite = given[np.isfinite(given)]
    n, missing = len(finite), len(given) - len(finite)
    if not n:
        return Description(0, missing, *[math.nan] * 7)
    q1, median, q3 = np.percentile(finite, [25, 50, 75])
    return Description(
        n, missing, float(finite.mean()), float(finite.std(ddof=1)) if n > 1 else math.nan,
        float(median), float(q1), float(q3), float(finite.min()), float(finite.max()),
    )


def bootstrap_interval(values: Sequence[float], seed: int = 0) -> Tuple[float, float]:
    """95 % interval of the mean of one number per patient: percentiles of resampled patients.

    What is not finite is left out; NaN with fewer than two patients.
    """
    given = np.asarray(values, dtype=float)
    finite = given[np.isfinite(given)]
    if len(finite) < 2:
        return math.nan, math.nan
    drawn = np.random.default_rng(seed).integers(len(finite), size=(RESAMPLES, len(finite)))
    low, high = np.percentile(finite[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def summarise(
    rows: Sequence[Row], cases: Sequence[str], measures: Sequence[str] = MEASURES
) -> Tuple[Summary, ...]:
    """A summary for each structure and measure, structures in the order of the rows.

    cases: all of the cohort, also those in which a structure is on neither side.
    """
    found = []
    for structure in dict.fromkeys(row.structure for row in rows):
        own = [row for row in rows if row.structure == structure]
        found += [_summary(structure, own, cases, measure) for measure in measures]
    return tuple(found)


def pooled_by_structure(rows: Sequence[Row]) -> Dict[str, float]:
    """Dice pooled over patients, on the slices that were drawn (Nikolov 2021)."""
    counts: Dict[str, List[Overlap]] = {}
    for row in rows:
        if not math.isnan(row.judged("voxels_both")):
            numbers = (int(row[f"voxels_{name}"]) for name in ("both", "reference", "test"))
            counts.setdefault(row.structure, []).append(Overlap(*numbers))
    return {structure: pooled_dice(own) for structure, own in counts.items()}


def _summary(
    structure: str, own: Sequence[Row], cases: Sequence[str], measure: str
) -> Summary:
    known = [row for row in own if row.state != UNMATCHED]  # beside one, others say nothing new
    values = [row.judged(measure) for row in known]
    without = len(set(cases) - {row.case for row in known})
    absent = len(set(cases) - {row.case for row in own})
    low, high = bootstrap_interval(values)
    return Summary(
        structure, measure, describe([*values, *[math.nan] * without]),
        sum(row.state in UNDRAWN_STATES for row in own) + absent,
        sum(row.state in FAILED_STATES for row in own),
        sum(math.isinf(value) for value in values), low, high,
    )
