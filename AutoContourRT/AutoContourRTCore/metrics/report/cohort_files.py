"""What `evaluate` leaves in its folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from AutoContourRTCore.metrics.choices.matching_files import COLUMNS as MATCH_COLUMNS
from AutoContourRTCore.metrics.choices.matching_files import append_audit, match_cells
from AutoContourRTCore.metrics.choices.provenance import COLUMNS as PROVENANCE_COLUMNS
from AutoContourRTCore.metrics.cohort import paired, summary
from AutoContourRTCore.metrics.cohort.cohort import Cohort
from AutoContourRTCore.metrics.cohort.outliers import find_outliers
from AutoContourRTCore.metrics.compare.columns import FIGURES
from AutoContourRTCore.metrics.compare.file_comparison import row_cells
from AutoContourRTCore.metrics.compare.limits import JUDGEMENT, Limits, pass_rates
from AutoContourRTCore.metrics.compare.ratings import GRADES, count_ratings
from AutoContourRTCore.metrics.inputs.csv_files import write_csv
from AutoContourRTCore.metrics.report.report import Evaluation, report
from AutoContourRTCore.volumes.atomic import write_text

PER_CASE, SUMMARY, REPORT = "per_case.csv", "summary.csv", "report.html"
SECOND, PAIRED, RATINGS = "per_case_second.csv", "paired.csv", "rating_counts.csv"
#: Not of every evaluation.
OPTIONAL = (SECOND, PAIRED, RATINGS)
AUDIT, PROVENANCE = "matching_audit.csv", "provenance.json"
#: Summarised in summary.csv, beside the dose: all that says better or worse, and the volumes.
SUMMARISED = tuple(
    c.name for c in FIGURES if c.better or c.name.startswith(("volume_", "shift_"))
)


def write_evaluation(
    folder: Path, evaluation: Evaluation, asked: Optional[Mapping[str, Any]] = None
) -> List[Path]:
    """Write all tables and the report, each whole or not at all; returns their paths.

    asked: JSON that says what for, see `asked_of`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in OPTIONAL:  # those of an earlier evaluation
        (folder / name).unlink(missing_ok=True)
    cohort, told = evaluation.cohort, evaluation.cohort.provenance().cells()
    written = [
        _write_rows(folder / PER_CASE, cohort, evaluation.limits),
        _write_summary(folder / SUMMARY, cohort, told),
        _table(folder / "pass_rates.csv", _pass_rate_rows(evaluation), told),
        _table(folder / "outliers.csv", _outlier_rows(evaluation), told, OUTLIER_COLUMNS),
        _write_matching(folder / "matching.csv", cohort),
        _table(folder / "problems.csv", _problem_rows(evaluation), told, ("case", "problem")),
        _write_provenance(folder / PROVENANCE, cohort, asked or {}),
    ]
    if evaluation.second is not None:
        written.append(_write_rows(folder / SECOND, evaluation.second, evaluation.limits))
        of_second = evaluation.second.provenance()
        second = {"second_file": of_second.test_file, "second_id": of_second.test_id}
        rows = [{**each.cells(), **second} for each in evaluation.paired]
        written.append(_table(folder / PAIRED, rows, told, (*paired.COLUMNS, *second)))
    if evaluation.ratings:
        written.append(_table(folder / RATINGS, _rating_rows(evaluation), told))
    write_text(folder / REPORT, report(evaluation))
    for result in cohort.results:
        append_audit(
            folder / AUDIT, result.comparison.matches, result.provenance, result.name
        )
    return [*written, folder / AUDIT, folder / REPORT]


OUTLIER_COLUMNS = ("case", "structure", "measure", "value", "median", "robust_z")


def _write_rows(path: Path, cohort: Cohort, limits: Limits) -> Path:
    columns = cohort.columns
    rows = [
        row_cells(row, columns, limits, result.provenance)
        for result in cohort.results
        for row in result.comparison.rows
    ]
    write_csv(path, [*columns, *JUDGEMENT, *PROVENANCE_COLUMNS], rows)
    return path


def _write_summary(path: Path, cohort: Cohort, told: Dict[str, str]) -> Path:
    pooled = summary.pooled_by_structure(cohort.rows)
    rows = []
    measures = (*SUMMARISED, *cohort.dose_columns)
    for each in summary.summarise(cohort.rows, cohort.cases, measures):
        if "common_range" in each.measure and not each.what.n:
            continue  # for long organs only
        cells = each.cells()
        if each.measure == "dice":
            cells["pooled"] = repr(pooled.get(each.structure, float("nan")))
        rows.append(cells)
    return _table(path, rows, told, (*summary.COLUMNS, "pooled"))


def _write_matching(path: Path, cohort: Cohort) -> Path:
    rows = [
        {**cells, **result.provenance.cells()}
        for result in cohort.results
        for cells in match_cells(result.comparison.matches, result.name)
    ]
    write_csv(path, [*MATCH_COLUMNS, *PROVENANCE_COLUMNS], rows)
    return path


def asked_of(folder: Path) -> Dict[str, Any]:
    """What the evaluation that lies in a folder was asked; {} where that is not known."""
    try:
        return dict(json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["asked"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_provenance(path: Path, cohort: Cohort, asked: Mapping[str, Any]) -> Path:
    content = {
        "asked": asked,
        "all": cohort.provenance().cells(),
        "cases": {result.name: result.provenance.cells() for result in cohort.results},
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False))
    return path


def _pass_rate_rows(evaluation: Evaluation) -> List[Dict[str, str]]:
    return [
        {**{name: str(value) for name, value in asdict(rate).items()}, "pass_rate": repr(rate.rate)}
        for rate in pass_rates(evaluation.cohort.rows, evaluation.limits)
    ]


def _outlier_rows(evaluation: Evaluation) -> List[Dict[str, str]]:
    return [
        {"case": each.case, "structure": each.structure, "measure": each.measure,
         "value": repr(each.value), "median": repr(each.median), "robust_z": repr(each.z)}
        for each in find_outliers(evaluation.cohort.rows, evaluation.measures)
    ]  # fmt: skip


def _problem_rows(evaluation: Evaluation) -> List[Dict[str, str]]:
    return [{"case": case, "problem": why} for case, why in evaluation.problems]


def _rating_rows(evaluation: Evaluation) -> List[Dict[str, str]]:
    rows = []
    for line in count_ratings(evaluation.ratings):
        counts = {grade: str(n) for grade, n in zip(GRADES, line.counts)}
        shares = {f"{grade} %": str(p) for grade, p in zip(GRADES, line.percents)}
        rows.append({"set": line.set, "structure": line.structure, **counts, **shares,
                     "rated": str(line.total)})  # fmt: skip
    return rows


def _table(
    path: Path,
    rows: Sequence[Dict[str, str]],
    told: Dict[str, str],
    columns: Sequence[str] = (),
) -> Path:
    """A table with the provenance behind it. columns: where there may be no row to tell them."""
    names = list(columns) or list(rows[0] if rows else ())
    write_csv(path, [*names, *PROVENANCE_COLUMNS], [{**row, **told} for row in rows])
    return path
