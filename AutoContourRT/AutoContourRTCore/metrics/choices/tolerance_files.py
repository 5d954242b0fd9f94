"""Which tolerance belongs to which structure, and where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Mapping, Optional

from AutoContourRTCore.anatomy.catalogue import UnknownStructure, find
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.metrics.inputs.csv_files import read_csv, write_csv

COLUMNS = ("structure", "tolerance_mm", "source")
#: In a file: the tolerance of every structure that the file does not name.
ANY = "*"


@dataclass(frozen=True)
class Tolerance:
    """A tolerance of the surface Dice (mm) and who says so."""

    mm: float
    source: str


@dataclass(frozen=True)
class Tolerances:
    """The tolerances of a comparison: those of a file first, then the catalogue's.

    own: by TG-263 name where the catalogue knows the structure, else by the name as written; ANY
    for all that the file does not name.
    file, sha256: "" for the catalogue alone.
    """

    own: Mapping[str, Tolerance] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""

    def of(self, structure: str) -> Optional[Tolerance]:
        """The tolerance of a structure; None where nobody has given one."""
        name = standard_or_written(structure)
        return self.own.get(name) or self.own.get(ANY) or _of_catalogue(name)


def standard_or_written(name: str) -> str:
    """The TG-263 name where the catalogue knows a structure, else the name as written."""
    try:
        return find(name).name
    except UnknownStructure:
        return name.strip()


def read_tolerances(path: Path) -> Tolerances:
    """Read a CSV file with the columns structure, tolerance_mm and source; others are ignored.

    Raises InputError for a missing column, a structure that comes twice, or a tolerance that is
    not 0 or more.
    """
    own: Dict[str, Tolerance] = {}
    for row in read_csv(path, COLUMNS):
        name = standard_or_written(row["structure"])
        if name in own:
            raise InputError(f"{path} gives {name} two tolerances: remove one.")
        own[name] = Tolerance(_length(path, row), row["source"])
    return Tolerances(own, str(path), sha256_of(path))


def write_tolerances(
    path: Path, own: Mapping[str, Tolerance], more: Optional[Mapping[str, Mapping[str, str]]] = None
) -> None:
    """Write a tolerance file, whole or not at all. more: further columns by structure."""
    extra: List[str] = []
    for cells in (more or {}).values():
        extra += [name for name in cells if name not in extra]
    rows = [
        {"structure": name, "tolerance_mm": repr(each.mm), "source": each.source,
         **(more or {}).get(name, {})}
        for name, each in own.items()
    ]
    write_csv(path, [*COLUMNS, *extra], rows)


def _of_catalogue(name: str) -> Optional[Tolerance]:
    try:
        structure = find(name)
    except UnknownStructure:
        return None
    if structure.tolerance_mm is None:
        return None
    return Tolerance(structure.tolerance_mm, structure.tolerance_source)


def _length(path: Path, row: Mapping[str, str]) -> float:
    try:
        value = float(row["tolerance_mm"])
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise InputError(
            f"{path}: the tolerance {row['tolerance_mm']!r} mm of {row['structure']!r} must be a "
            "number of 0 or more."
        )
    return value
