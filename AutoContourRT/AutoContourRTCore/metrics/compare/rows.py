"""The record of one structure: names, figures, where they differ most, and on what grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Sequence, Tuple

from AutoContourRTCore.metrics.compare.columns import FIGURES

COMPARED = "compared"
MISSING_IN_TEST = "missing in test"
EMPTY_IN_TEST = "empty in test"
NOT_IN_REFERENCE = "not in reference"
EMPTY_IN_REFERENCE = "empty in reference"
EMPTY_IN_BOTH = "empty in both"
UNMATCHED = "to be matched by hand"
#: A reference was drawn, and the test has nothing: a failure in every pass rate.
FAILED_STATES = (MISSING_IN_TEST, EMPTY_IN_TEST)
#: Nobody drew a reference.
UNDRAWN_STATES = (NOT_IN_REFERENCE, EMPTY_IN_REFERENCE, EMPTY_IN_BOTH)
#: There is none, or nobody knows which it is: no verdict, and no part in any statistic.
UNJUDGED_STATES = (*UNDRAWN_STATES, UNMATCHED)

_FIRST = ("case", "structure", "reference_name", "test_name")
_MAIN = ("dice", "msd_mm", "surface_dice", "tolerance_mm", "tolerance_used_mm",
         "asd_reference_to_test_mm", "asd_test_to_reference_mm", "hd_mm", "hd95_mm", "apl_mm",
         "volume_reference_ml", "volume_test_ml")  # fmt: skip
_LAST = ("state", "tolerance_source", "grid", "rasterisation", "notes")
#: Columns that hold no figure.
TEXTS = (*_FIRST, *_LAST)


@dataclass(frozen=True)
class Row:
    """One structure of one case.

    structure: TG-263 name where known, else the name as written. state: COMPARED, or what is
    missing. figures: by the names in columns.py; NaN where there is none. grid, rasterisation:
    on what the figures rest. notes: what a person should know.
    """

    case: str
    structure: str
    reference_name: str
    test_name: str
    state: str
    figures: Mapping[str, float]
    tolerance_source: str = ""
    grid: str = ""
    rasterisation: str = ""
    notes: Tuple[str, ...] = field(default=())

    def __getitem__(self, name: str) -> float:
        """A figure; NaN where the row has none of that name."""
        return self.figures.get(name, math.nan)

    def judged(self, name: str) -> float:
        """A figure for statistics: NaN where there is no reference to judge by."""
        return math.nan if self.state in UNJUDGED_STATES else self[name]

    @property
    def worst_place(self) -> Optional[Tuple[float, float, float]]:
        """LPS mm of the surface point that is farthest from the other surface."""
        x, y, z = (self[f"worst_{axis}_mm"] for axis in "xyz")
        return (x, y, z) if all(map(math.isfinite, (x, y, z))) else None

    def cells(self, columns: Sequence[str]) -> Dict[str, str]:
        """The row as CSV texts; numbers in full precision, nan and inf spelled so."""
        texts = {
            "case": self.case, "structure": self.structure, "state": self.state,
            "reference_name": self.reference_name, "test_name": self.test_name,
            "tolerance_source": self.tolerance_source, "grid": self.grid,
            "rasterisation": self.rasterisation, "notes": "; ".join(self.notes),
        }  # fmt: skip
        return {
            name: texts[name] if name in texts else repr(float(self[name])) for name in columns
        }


def column_names(dose: Sequence[str] = ()) -> Tuple[str, ...]:
    """The columns of a table of rows, in order. dose: those of the dose, if there is one."""
    rest = [figure.name for figure in FIGURES if figure.name not in _MAIN]
    return (*_FIRST, *_MAIN, *rest, *dose, *_LAST)


def row_of(cells: Mapping[str, str]) -> Row:
    """The row that CSV texts by column stand for; ValueError for a figure that is no number.

    A cell that is missing or blank is NaN.
    """
    figures = {
        name: float(text or "nan")
        for name, text in cells.items()
        if name not in TEXTS
    }
    notes = tuple(part for part in cells.get("notes", "").split("; ") if part)
    texts = {name: cells.get(name, "") for name in TEXTS if name != "notes"}
    return Row(figures=figures, notes=notes, **texts)

