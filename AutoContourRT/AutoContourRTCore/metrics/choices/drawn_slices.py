"""Which slices of a reference were drawn, where not all were (Nikolov 2021's sparse labels)."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.tolerance_files import standard_or_written
from AutoContourRTCore.metrics.inputs.csv_files import read_csv

COLUMNS = ("case", "structure", "slices")


def read_drawn_slices(path: Path) -> Dict[str, Dict[str, List[int]]]:
    """Case -> structure (TG-263 where known; "*" for all others) -> slices.

    CSV with the columns case, structure and slices: indices from 0 along the reference's axial
    axis, parted by blanks. Raises InputError for what is no index, and for a line that comes
    twice.
    """
    found: Dict[str, Dict[str, List[int]]] = {}
    for row in read_csv(path, COLUMNS):
        words = row["slices"].split()
        if not words or not all(word.isdigit() for word in words):
            raise InputError(
                f"{path}: the slices {row['slices']!r} of {row['case']} {row['structure']} must "
                "be whole numbers from 0, parted by blanks."
            )
        own = found.setdefault(row["case"], {})
        name = standard_or_written(row["structure"])
        if name in own:
            raise InputError(f"{path} tells the slices of {row['case']} {name} twice.")
        own[name] = [int(word) for word in words]
    return found
