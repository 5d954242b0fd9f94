"""Two contour files in, a comparison out: what the command and the worker's service share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from AutoContourRTCore.metrics.choices.matching_files import COLUMNS as MATCH_COLUMNS
from AutoContourRTCore.metrics.choices.matching_files import append_audit, match_cells
from AutoContourRTCore.metrics.choices.provenance import COLUMNS as PROVENANCE_COLUMNS
from AutoContourRTCore.metrics.choices.provenance import Provenance, provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.comparison import Comparison, compare
from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, JUDGEMENT, Limits
from AutoContourRTCore.metrics.compare.rows import Row
from AutoContourRTCore.metrics.compare.without_effect import lines_without_effect
from AutoContourRTCore.metrics.inputs.contour_files import check_not_empty, read_one_of
from AutoContourRTCore.metrics.inputs.csv_files import write_csv
from AutoContourRTCore.metrics.inputs.dose_files import read_dose
from AutoContourRTCore.progress import Progress, ignore_progress, part_of


@dataclass(frozen=True)
class Files:
    """What is to be compared. labels: table of label files; ct: that of RTSTRUCT files, by default
    the one beside them; dose_unit: needed unless RTDOSE.

    model: what made the test contours, as far as known; user: the account's name by default.
    """

    reference: Path
    test: Path
    reference_labels: Optional[Path] = None
    test_labels: Optional[Path] = None
    ct: Optional[Path] = None
    dose: Optional[Path] = None
    dose_unit: Optional[str] = None
    case: str = ""
    model: str = ""
    user: str = ""


@dataclass(frozen=True)
class FileComparison:
    """A comparison with what it was made from. warnings: its own, and those of the user's files."""

    comparison: Comparison
    provenance: Provenance
    limits: Limits = field(default=DEFAULT_LIMITS)
    warnings: Tuple[str, ...] = ()


def compare_files(
    files: Files,
    settings: Settings,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress = ignore_progress,
) -> FileComparison:
    """Read and compare. Raises InputError and Cancelled as `compare`; nothing is written."""
    progress(0.0, "reading the reference")
    reference = read_one_of(files.reference, files.reference_labels, files.ct)
    check_not_empty(reference)
    progress(0.2, "reading the test")
    test = read_one_of(files.test, files.test_labels, files.ct)
    check_not_empty(test)
    dose = None
    if files.dose is not None:
        progress(0.35, "reading the dose")
        dose = read_dose(files.dose, files.dose_unit)
    provenance = provenance_of(settings, files.model, files.user)
    provenance = provenance.of_sets(reference, test, dose)
    found = compare(reference, test, settings, part_of(progress, 0.4, 1.0), dose, files.case)
    warnings = (*found.warnings, *lines_without_effect(found.matches, settings, limits))
    return FileComparison(found, provenance, limits, warnings)


def write_rows(path: Path, found: FileComparison) -> None:
    """Write the table of rows (CSV), whole or not at all."""
    columns = [*found.comparison.columns, *JUDGEMENT, *PROVENANCE_COLUMNS]
    write_csv(
        path, columns,
        [row_cells(row, found.comparison.columns, found.limits, found.provenance)
         for row in found.comparison.rows],
    )  # fmt: skip


def row_cells(
    row: Row, columns: tuple[str, ...], limits: Limits, provenance: Provenance
) -> Dict[str, str]:
    """A row with its verdict and provenance, as CSV texts."""
    return {**row.cells(columns), **limits.judgement(row), **provenance.cells()}


def write_matching(path: Path, found: FileComparison, case: str = "") -> None:
    """Write the matching table (CSV)."""
    told = found.provenance.cells()
    rows: List[Dict[str, str]] = [
        {**cells, **told} for cells in match_cells(found.comparison.matches, case)
    ]
    write_csv(path, [*MATCH_COLUMNS, *PROVENANCE_COLUMNS], rows)


def add_to_audit(path: Path, found: FileComparison, case: str = "") -> None:
    """Add the matches to the audit list."""
    append_audit(path, found.comparison.matches, found.provenance, case)
