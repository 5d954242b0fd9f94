"""Contour sets of many patients -> rows of all, and what could not be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import MATCHED, Match
from AutoContourRTCore.metrics.choices.provenance import Provenance
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.comparison import ALL, Comparison, DrawnSlices, compare
from AutoContourRTCore.metrics.compare.rows import Row
from AutoContourRTCore.metrics.dose import is_dose_column
from AutoContourRTCore.metrics.inputs.cases import CasePair
from AutoContourRTCore.metrics.inputs.contour_files import check_not_empty, read_one_of
from AutoContourRTCore.metrics.inputs.dose_files import read_dose
from AutoContourRTCore.metrics.inputs.hashes import joint_identity
from AutoContourRTCore.progress import Progress, part_of


@dataclass(frozen=True)
class CohortOptions:
    """What is the same for all cases.

    dose: name of the dose file in each reference case's folder. drawn: by case, the slices of the
    reference that were drawn. labels: the table of label files.
    """

    settings: Settings = field(default_factory=Settings)
    dose: str = ""
    dose_unit: Optional[str] = None
    drawn: Mapping[str, DrawnSlices] = field(default_factory=dict)
    labels: Optional[Path] = None

    def drawn_of(self, case: str) -> Optional[DrawnSlices]:
        """The slices that were drawn in a case; None for all."""
        return self.drawn.get(case, self.drawn.get(ALL))


@dataclass(frozen=True)
class CaseResult:
    """One case that was compared, and what its rows were made from."""

    name: str
    comparison: Comparison
    provenance: Provenance


@dataclass(frozen=True)
class Cohort:
    """All that was found. problems: case -> why it, or a part of it, is not in the rows.

    told: what was known when it was put together; a case may have been compared earlier.
    """

    results: Tuple[CaseResult, ...]
    problems: Tuple[Tuple[str, str], ...]
    told: Provenance

    @property
    def rows(self) -> Tuple[Row, ...]:
        """The rows of all cases."""
        return tuple(row for result in self.results for row in result.comparison.rows)

    @property
    def cases(self) -> Tuple[str, ...]:
        """The names of the cases that were compared."""
        return tuple(result.name for result in self.results)

    @property
    def columns(self) -> Tuple[str, ...]:
        """The columns of the table of all rows."""
        names: List[str] = []
        for result in self.results:
            names = max(names, list(result.comparison.columns), key=len)
        return tuple(names)

    @property
    def dose_columns(self) -> Tuple[str, ...]:
        """Those of the dose, () without one."""
        return tuple(name for name in self.columns if is_dose_column(name))

    @property
    def matches(self) -> Dict[str, Tuple[Match, ...]]:
        """The matching table of each case."""
        return {result.name: result.comparison.matches for result in self.results}

    def provenance(self) -> Provenance:
        """That of tables over all cases: the ids are hashes of the cases' ids, in order."""
        each = [result.provenance for result in self.results]
        return Provenance(
            **{
                **self.told.__dict__,
                "reference_file": f"{len(each)} cases", "test_file": f"{len(each)} cases",
                "reference_id": joint_identity(one.reference_id for one in each),
                "test_id": joint_identity(one.test_id for one in each),
                "dose_id": joint_identity(one.dose_id for one in each) if each[0].dose_id else "",
            }  # fmt: skip
        )


def dose_file(reference: Path, name: str) -> Path:
    """Where the dose of a case lies: in its folder, or beside its file."""
    return (reference if reference.is_dir() else reference.parent) / name


def evaluate_case(
    pair: CasePair, options: CohortOptions, provenance: Provenance, progress: Progress
) -> CaseResult:
    """Compare one case, all structures at once; provenance: what is known before any file is read.

    Raises InputError for a case that cannot be compared, Cancelled when the callback raises it.
    """
    progress(0.0, f"{pair.name}: reading")
    reference = read_one_of(pair.reference, options.labels)
    check_not_empty(reference)
    progress(0.4, f"{pair.name}: reading")
    test = read_one_of(pair.test, options.labels)
    dose = None
    if options.dose:
        dose = read_dose(dose_file(pair.reference, options.dose), options.dose_unit)
    later = part_of(progress, 0.8, 1.0)
    comparison = compare(
        reference, test, options.settings, lambda f, m: later(f, f"{pair.name}: {m}"), dose,
        pair.name, options.drawn_of(pair.name), need_common=False,
    )
    return CaseResult(pair.name, comparison, provenance.of_sets(reference, test, dose))


def check_any(results: Sequence[CaseResult], problems: Sequence[Tuple[str, str]]) -> None:
    """Raise InputError when no case could be compared, or none has a common structure."""
    if not results:
        told = "; ".join(f"{case}: {why}" for case, why in problems[:5])
        raise InputError(f"No case could be compared. {told}")
    states = {match.state for result in results for match in result.comparison.matches}
    if MATCHED not in states:
        names = [
            sorted({getattr(m, side) for r in results for m in r.comparison.matches} - {""})
            for side in ("reference_name", "test_name")
        ]
        raise InputError(
            f"No case has a structure in common. The reference has {', '.join(names[0][:8])}; the "
            f"test {', '.join(names[1][:8])}. Match them by hand with --map FILE (CSV: "
            "reference_name,test_name)."
        )
