"""What a cohort is asked, and what a case gave, as JSON and back, to the last digit.

Floats of a result are texts (repr): JSON knows neither nan nor inf.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Dict, Mapping

from AutoContourRTCore.metrics.choices.matching import Match
from AutoContourRTCore.metrics.choices.provenance import Provenance
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerance, Tolerances
from AutoContourRTCore.metrics.cohort.cohort import CaseResult, CohortOptions
from AutoContourRTCore.metrics.compare.comparison import Comparison
from AutoContourRTCore.metrics.compare.rows import Row


def packed_options(options: CohortOptions, case: str) -> Dict[str, Any]:
    """The options as JSON. Of the drawn slices those of one case alone."""
    settings = asdict(options.settings)
    drawn = options.drawn_of(case)
    return {
        "settings": settings, "dose": options.dose, "dose_unit": options.dose_unit,
        "drawn": None if drawn is None else {name: list(own) for name, own in drawn.items()},
        "labels": None if options.labels is None else str(options.labels.resolve()),
    }  # fmt: skip


def options_of(values: Mapping[str, Any], case: str) -> CohortOptions:
    """The options that JSON of `packed_options` stands for."""
    drawn = {} if values["drawn"] is None else {case: values["drawn"]}
    labels = None if values["labels"] is None else Path(values["labels"])
    return CohortOptions(
        _settings(values["settings"]), values["dose"], values["dose_unit"], drawn, labels
    )


def packed_result(result: CaseResult) -> Dict[str, Any]:
    """A result as JSON."""
    found = result.comparison
    return {
        "rows": [
            {**asdict(row), "figures": {name: repr(float(x)) for name, x in row.figures.items()}}
            for row in found.rows
        ],
        "matches": [asdict(match) for match in found.matches],
        "columns": list(found.columns), "warnings": list(found.warnings),
        "provenance": asdict(result.provenance),
    }  # fmt: skip


def result_of(name: str, values: Mapping[str, Any]) -> CaseResult:
    """The result that JSON of `packed_result` stands for."""
    return CaseResult(
        name,
        Comparison(
            tuple(map(_row, values["rows"])),
            tuple(Match(**each) for each in values["matches"]),
            tuple(values["columns"]), tuple(values["warnings"]),
        ),
        Provenance(**values["provenance"]),
    )  # fmt: skip


def _row(values: Mapping[str, Any]) -> Row:
    row = Row(**{**values, "notes": tuple(values["notes"])})
    return replace(row, figures={name: float(text) for name, text in row.figures.items()})


def _settings(values: Mapping[str, Any]) -> Settings:
    tolerances, grid = dict(values["tolerances"]), values["grid"]
    own = {name: Tolerance(**each) for name, each in tolerances.pop("own").items()}
    return Settings(**{
        **values,
        "tolerances": Tolerances(own, **tolerances),
        "grid": grid if isinstance(grid, str) else tuple(grid),
        "by_hand": tuple((a, b) for a, b in values["by_hand"]),
        "common_range": tuple(values["common_range"]),
        "dvh_points": tuple(values["dvh_points"]),
    })
