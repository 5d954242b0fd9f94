"""Pass, borderline or fail, by limits that the user sets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.tolerance_files import standard_or_written
from AutoContourRTCore.metrics.compare.columns import FIGURE_NAMES, column
from AutoContourRTCore.metrics.compare.rows import FAILED_STATES, UNJUDGED_STATES, Row
from AutoContourRTCore.metrics.dose import is_dose_column
from AutoContourRTCore.metrics.inputs.csv_files import read_csv, write_csv
from AutoContourRTCore.metrics.measures import SAME

PASS, BORDERLINE, FAIL, NOT_JUDGED = "pass", "borderline", "fail", ""
COLUMNS = ("structure", "measure", "pass", "borderline")
ANY = "*"
#: Every table of rows has these behind the figures: PASS..., and by which limits, see `judgement`.
JUDGEMENT = VERDICT, LIMITS = "verdict", "limits"


@dataclass(frozen=True)
class Limit:
    """One measure's limits: up to `passed` it passes, up to `borderline` it is borderline.

    For measures of which less is better both are upper limits, where more is better lower ones,
    and where neither is (a shift, a difference) upper ones for the value without its sign.
    Raises InputError for a measure that is no column, and for limits in the wrong order.
    """

    measure: str
    passed: float
    borderline: float

    def __post_init__(self) -> None:
        if self.measure not in FIGURE_NAMES and not is_dose_column(self.measure):
            near = get_close_matches(self.measure, FIGURE_NAMES, n=3, cutoff=0.3)
            raise InputError(
                f"{self.measure!r} is no column that limits can be set for; write for example "
                f"{', '.join(near) or 'dice, hd95_mm or dose_mean_difference_gy'}."
            )
        if not self._signed(self.passed) >= self._signed(self.borderline):
            raise InputError(
                f"The limits of {self.measure}, {self.passed:g} to pass and {self.borderline:g} "
                "for borderline, are in the wrong order."
            )

    def judge(self, value: float) -> str:
        """The verdict on a value; NaN is not judged."""
        if math.isnan(value):
            return NOT_JUDGED
        if self._reaches(value, self.passed):
            return PASS
        return BORDERLINE if self._reaches(value, self.borderline) else FAIL

    def concerns(self, row: Row) -> bool:
        """Whether a row should have the figure: the common range is of long organs alone."""
        return "common_range" not in self.measure or math.isfinite(row["common_range_mm"])

    def is_known(self, row: Row) -> bool:
        """Whether a row with both contours would have the figure, which may need a tolerance, or a
        dose."""
        if is_dose_column(self.measure):
            return not math.isnan(row["dose_coverage_reference"])
        return "surface_" not in self.measure or math.isfinite(row["tolerance_mm"])

    def _reaches(self, value: float, limit: float) -> bool:
        return self._signed(value) >= self._signed(limit) - SAME * abs(limit)

    def _signed(self, value: float) -> float:
        """The larger the better."""
        return value if column(self.measure).better > 0 else -abs(value)


#: 0.95 is the stringent target of Nikolov 2021 (5 points below full agreement); 0.90 our choice.
DEFAULT = (Limit("surface_dice", 0.95, 0.90),)


@dataclass(frozen=True)
class Limits:
    """Limits by structure (TG-263 where known); ANY for all that are not named."""

    by_structure: Mapping[str, Tuple[Limit, ...]]

    def of(self, structure: str) -> Tuple[Limit, ...]:
        """The limits of a structure."""
        found = self.by_structure.get(standard_or_written(structure))
        return self.by_structure.get(ANY, ()) if found is None else found

    def judge(self, row: Row) -> str:
        """The worst verdict of a structure's limits; nothing passes with a limit that there is no
        figure for. What the test lacks has failed, if it has a limit; where there is no reference
        to judge by, there is no verdict."""
        if row.state in FAILED_STATES:
            return FAIL if self._concerning(row) else NOT_JUDGED
        if row.state in UNJUDGED_STATES:
            return NOT_JUDGED
        verdicts = {limit.judge(row[limit.measure]) for limit in self._concerning(row)}
        return next((v for v in (FAIL, BORDERLINE, NOT_JUDGED, PASS) if v in verdicts), NOT_JUDGED)

    def counts(self, row: Row) -> bool:
        """Whether a row belongs to a pass rate: it has a verdict, and had the test not lacked the
        structure, it would have one, too."""
        if row.state in FAILED_STATES:
            return any(limit.is_known(row) for limit in self._concerning(row))
        return self.judge(row) != NOT_JUDGED

    def _concerning(self, row: Row) -> Tuple[Limit, ...]:
        return tuple(limit for limit in self.of(row.structure) if limit.concerns(row))

    def judgement(self, row: Row) -> Dict[str, str]:
        """The verdict on a row, and "measure pass borderline" of its limits, as CSV texts."""
        own = (f"{each.measure} {each.passed!r} {each.borderline!r}" for each in
               self._concerning(row))  # fmt: skip
        return {VERDICT: self.judge(row), LIMITS: "; ".join(own)}


DEFAULT_LIMITS = Limits({ANY: DEFAULT})


def read_limits(path: Path) -> Limits:
    """Read limits: CSV with structure ("*" for all others), measure, pass and borderline.

    Raises InputError for a measure that is no column of figures, for limits that are no numbers
    or in the wrong order, and for a measure of a structure that comes twice.
    """
    found: Dict[str, List[Limit]] = {}
    for row in read_csv(path, COLUMNS):
        name = ANY if row["structure"] == ANY else standard_or_written(row["structure"])
        try:
            limit = Limit(row["measure"], float(row["pass"]), float(row["borderline"]))
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        except ValueError as error:
            raise InputError(f"{path}: the limits of {name} are no numbers ({error}).") from error
        own = found.setdefault(name, [])
        if any(each.measure == limit.measure for each in own):
            raise InputError(f"{path} gives the limits of {name}, {limit.measure}, twice.")
        own.append(limit)
    return Limits({name: tuple(limits) for name, limits in found.items()})


def write_limits(path: Path, limits: Limits) -> None:
    """Write limits so that read_limits reads them."""
    write_csv(path, COLUMNS, [
        {"structure": name, "measure": limit.measure, "pass": repr(limit.passed),
         "borderline": repr(limit.borderline)}
        for name, those in limits.by_structure.items() for limit in those
    ])  # fmt: skip


@dataclass(frozen=True)
class PassRate:
    """How one structure fared: counts of cases, and the share that passed of those judged."""

    structure: str
    judged: int
    passed: int
    borderline: int
    failed: int
    missing_in_test: int

    @property
    def rate(self) -> float:
        """0..1; NaN where none was judged."""
        return self.passed / self.judged if self.judged else math.nan


def pass_rates(rows: Sequence[Row], limits: Limits = DEFAULT_LIMITS) -> Tuple[PassRate, ...]:
    """A rate for each structure, in the order of the rows; what the test lacks counts as failed,
    but for structures that have no limit, or no figure to be judged by."""
    rates = []
    for name in dict.fromkeys(row.structure for row in rows):
        own = [row for row in rows if row.structure == name]
        verdicts = [limits.judge(row) for row in own if limits.counts(row)]
        rates.append(
            PassRate(
                name, len(verdicts), verdicts.count(PASS),
                verdicts.count(BORDERLINE), verdicts.count(FAIL),
                sum(row.state in FAILED_STATES for row in own),
            )
        )
    return tuple(rates)
