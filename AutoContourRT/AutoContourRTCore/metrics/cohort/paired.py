"""Two methods on the same patients: is one better, and is it at least not worse by much?"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from scipy import stats

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.cohort.summary import MEASURES, bootstrap_interval
from AutoContourRTCore.metrics.compare.columns import column
from AutoContourRTCore.metrics.compare.rows import UNMATCHED, Row

#: In percentage points: an independent expert's surface Dice within five (Nikolov 2021).
DEFAULT_MARGIN = 5.0
#: Fewer patients cannot reach p < 0.05 in the signed-rank test, and their bootstrap interval is
#: little more than their range: nothing is said of them.
FEWEST = 6
ALL = "(all, mean per patient)"


@dataclass(frozen=True)
class PairedResult:
    """One structure and measure: the first method against the second.

    n: patients with a finite figure of both; left_out: others with a row of either. difference:
    mean of first - second; low, high: its bootstrap 95 % interval, patients resampled. p: Wilcoxon
    signed-rank test, two-sided; p_holm: corrected for the structures of one measure (NaN for
    ALL). margin: how much worse still counts as not inferior, in the measure's unit (NaN: none
    stated); non_inferior: whether the interval stays on the good side of it, and the first method
    has a finite figure wherever the second has (None: not stated, or fewer than FEWEST patients).
    """

    structure: str
    measure: str
    n: int
    left_out: int
    mean_first: float
    mean_second: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    margin: float
    non_inferior: Optional[bool]

    def cells(self) -> Dict[str, str]:
        """As CSV texts."""
        told = {True: "yes", False: "no", None: ""}[self.non_inferior]
        return {name: str(getattr(self, name)) for name in COLUMNS} | {"non_inferior": told}


COLUMNS = ("structure", "measure", "n", "left_out", "mean_first", "mean_second", "difference",
           "low", "high", "p", "p_holm", "margin", "non_inferior")  # fmt: skip


def compare_methods(
    first: Sequence[Row],
    second: Sequence[Row],
    measures: Sequence[str] = MEASURES,
    margin_points: float = DEFAULT_MARGIN,
    margin_mm: Optional[float] = None,
) -> Tuple[PairedResult, ...]:
    """A result for each measure and structure, and over all structures.

    margin_points: for shares such as Dice, in percentage points; margin_mm: for lengths, None for
    no statement. Contours that are to be matched by hand are left out. Raises InputError for a
    negative margin, for methods without a common patient, and for two rows of one structure of a
    patient.
    """
    if margin_points < 0 or (margin_mm is not None and margin_mm < 0):
        raise InputError("A margin of non-inferiority must be 0 or more.")
    if not {row.case for row in first} & {row.case for row in second}:
        raise InputError("Both methods have no patient in common; compare them on the same cases.")
    first, second = _matched(first), _matched(second)
    results: List[PairedResult] = []
    for measure in measures:
        margin = _margin(measure, margin_points, margin_mm)
        own = [
            _result(name, measure, margin, _pairs(first, second, measure, name))
            for name in dict.fromkeys(row.structure for row in first)
        ]
        results += _with_holm(own)
        results.append(_result(ALL, measure, margin, _patients(first, second, measure)))
    return tuple(results)


def holm(p_values: Sequence[float]) -> List[float]:
    """Holm's step-down correction (Holm 1979); NaN are left out of the family."""
    given = np.asarray(p_values, dtype=float)
    valid = np.flatnonzero(~np.isnan(given))
    order = valid[np.argsort(given[valid], kind="stable")]
    corrected = np.full(len(given), np.nan)
    steps = given[order] * (len(order) - np.arange(len(order)))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in corrected]


def wilcoxon_p(differences: Sequence[float]) -> float:
    """Two-sided p of the signed-rank test; differences of 0 are left out; NaN without patients."""
    given = np.asarray(differences, dtype=float)
    if not len(given):
        return math.nan
    if not given.any():
        return 1.0
    return float(stats.wilcoxon(given[given != 0]).pvalue)


def _matched(rows: Sequence[Row]) -> List[Row]:
    """The rows but those to be matched by hand; InputError where a structure comes twice."""
    kept = [row for row in rows if row.state != UNMATCHED]
    for (case, structure), count in Counter((r.case, r.structure) for r in kept).items():
        if count > 1:
            raise InputError(
                f"{case} has {count} contours of {structure}; match one of them by hand, and leave "
                "the others out."
            )
    return kept


def _margin(measure: str, points: float, mm: Optional[float]) -> float:
    kind = column(measure)
    if kind.better > 0 and not kind.unit:
        return points / 100
    return mm if mm is not None and kind.unit == "mm" else math.nan


@dataclass(frozen=True)
class _Pairs:
    """Figures of the patients that have both. left_out: how many have not; lost: how many figures
    are finite for the second method and not for the first."""

    a: List[float]
    b: List[float]
    left_out: int
    lost: int


def _pairs(first: Sequence[Row], second: Sequence[Row], measure: str, structure: str) -> _Pairs:
    a, b = (
        {row.case: row.judged(measure) for row in rows if row.structure == structure}
        for rows in (first, second)
    )
    cases = [n for n in a if math.isfinite(a[n]) and math.isfinite(b.get(n, math.nan))]
    left_out = len(set(a) | set(b)) - len(cases)
    return _Pairs([a[n] for n in cases], [b[n] for n in cases], left_out, _lost(a, b))


def _lost(a: Mapping[Any, float], b: Mapping[Any, float]) -> int:
    """Also where the first method has no row at all: no such case, or nothing matched."""
    return sum(math.isfinite(b[key]) and not math.isfinite(a.get(key, math.nan)) for key in b)


def _patients(first: Sequence[Row], second: Sequence[Row], measure: str) -> _Pairs:
    """Per patient the mean over the structures for which both methods have a figure."""
    a, b = ({(r.case, r.structure): r.judged(measure) for r in rows} for rows in (first, second))
    both = [k for k in a if math.isfinite(a[k]) and math.isfinite(b.get(k, math.nan))]
    cases = list(dict.fromkeys(case for case, _ in both))
    means = [
        [float(np.mean([side[key] for key in both if key[0] == case])) for case in cases]
        for side in (a, b)
    ]
    left_out = len({case for case, _ in (*a, *b)}) - len(cases)
    return _Pairs(means[0], means[1], left_out, _lost(a, b))


def _result(structure: str, measure: str, margin: float, pairs: _Pairs) -> PairedResult:
    a, b = pairs.a, pairs.b
    differences = np.subtract(a, b)
    mean = float(differences.mean()) if len(a) else math.nan
    low, high = bootstrap_interval(differences.tolist())
    worst = low if column(measure).better > 0 else -high
    stated = not math.isnan(margin) and len(a) >= FEWEST
    return PairedResult(
        structure, measure, len(a), pairs.left_out, float(np.mean(a)) if a else math.nan,
        float(np.mean(b)) if b else math.nan, mean, low, high, wilcoxon_p(differences.tolist()),
        math.nan, margin, worst > -margin and not pairs.lost if stated else None,
    )


def _with_holm(results: Sequence[PairedResult]) -> List[PairedResult]:
    corrected = holm([result.p for result in results])
    return [
        PairedResult(**{**result.__dict__, "p_holm": p}) for result, p in zip(results, corrected)
    ]
