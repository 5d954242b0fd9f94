"""Contour sets in files in, a table out: what the worker does for Contour Metrics in 3D Slicer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Mapping, Optional, Tuple

from AutoContourRTCore.messages import IS_BOOL, IS_PATH, MAY_BE_EMPTY, Message, Rule
from AutoContourRTCore.progress import Progress, ignore_progress


def _is_grid(value: Any) -> bool:
    if isinstance(value, tuple):
        return len(value) == 3 and all(
            type(mm) in (int, float) and math.isfinite(mm) and mm > 0 for mm in value
        )
    return value in ("reference", "test")


def _are_pairs(value: Any) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 and _are_texts(tuple(pair))
        for pair in value
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)


@dataclass(frozen=True)
class CompareRequest(Message):
    """Compare two contour sets. An earlier file at `output` is replaced once the new one is whole.

    reference, test: files or folders as contour_files.read_contours takes them. output: CSV table
    of rows; matching: CSV matching table, "" for none; audit: CSV list that the matches are added
    to, "" for none. dose: "" for none; dose_unit: "Gy" or "cGy", None for an RTDOSE. tolerances,
    limits: CSV files, "" for the defaults. by_hand: pairs (reference name, test name).
    grid: "reference", "test" or a spacing in mm (k, j, i). dvh_points: empty for the defaults.
    case, model, user: texts for the table; user "" is the account's name.
    """

    id: str
    reference: str
    test: str
    output: str
    matching: str = ""
    audit: str = ""
    dose: str = ""
    dose_unit: Optional[str] = None
    tolerances: str = ""
    limits: str = ""
    by_hand: Tuple[Tuple[str, str], ...] = ()
    round_tolerance: bool = False
    grid: Any = "reference"
    dvh_points: Tuple[str, ...] = ()
    case: str = ""
    model: str = ""
    user: str = ""

    rules: ClassVar[Mapping[str, Rule]] = {
        "reference": IS_PATH,
        "test": IS_PATH,
        "dose_unit": (lambda v: v is None or isinstance(v, str), "null or a text"),
        "by_hand": (_are_pairs, "a list of pairs of names"),
        "round_tolerance": IS_BOOL,
        "grid": (_is_grid, "'reference', 'test' or three lengths in mm"),
        "dvh_points": (_are_texts, "a list of texts"),
        **{
            name: MAY_BE_EMPTY
            for name in ("matching", "audit", "dose", "tolerances", "limits", "case", "model",
                         "user")
        },
    }  # fmt: skip


@dataclass(frozen=True)
class CompareResult:
    """What a CompareRequest gave: the files written, how many rows, and what to look at."""

    output: str
    matching: str
    structures: int
    warnings: Tuple[str, ...]


class CompareService:
    """Serves one request after the other; the heavy imports come with the first."""

    def __call__(
        self, request: CompareRequest, progress: Progress = ignore_progress
    ) -> CompareResult:
        """Compare and write. Each file is written whole or not at all.

        Raises InputError for what the user can mend, Cancelled when the callback raises it.
        """
        from AutoContourRTCore.metrics.compare import file_comparison as work
        from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, read_limits

        limits = read_limits(Path(request.limits)) if request.limits else DEFAULT_LIMITS
        files = work.Files(
            Path(request.reference), Path(request.test),
            dose=Path(request.dose) if request.dose else None, dose_unit=request.dose_unit,
            case=request.case, model=request.model, user=request.user,
        )
        found = work.compare_files(files, _settings(request), limits, progress)
        progress(1.0, "writing the table")
        work.write_rows(Path(request.output), found)
        if request.matching:
            work.write_matching(Path(request.matching), found, request.case)
        if request.audit:
            work.add_to_audit(Path(request.audit), found, request.case)
        structures = len(found.comparison.rows)
        return CompareResult(request.output, request.matching, structures, found.warnings)


def _settings(request: CompareRequest) -> Any:
    from AutoContourRTCore.metrics.choices.settings import Settings
    from AutoContourRTCore.metrics.choices.tolerance_files import Tolerances, read_tolerances
    from AutoContourRTCore.metrics.dose import DEFAULT_POINTS

    tolerances = read_tolerances(Path(request.tolerances)) if request.tolerances else Tolerances()
    return Settings(
        tolerances, request.round_tolerance, request.grid,
        tuple((str(a), str(b)) for a, b in request.by_hand),
        dvh_points=request.dvh_points or DEFAULT_POINTS,
    )
