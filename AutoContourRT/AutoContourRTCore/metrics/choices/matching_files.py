"""Matches made by hand, and the list of all matches ever used."""

from __future__ import annotations

from pathlib import Path
from typing import List, Sequence, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import Match
from AutoContourRTCore.metrics.choices.provenance import Provenance
from AutoContourRTCore.metrics.inputs.csv_files import append_csv, read_csv

MAP_COLUMNS = ("reference_name", "test_name")
COLUMNS = ("case", "structure", "reference_name", "test_name", "state", "how", "note")
AUDIT_COLUMNS = ("time", "user", *COLUMNS, "reference_file", "reference_id", "test_file",
                 "test_id", "software")  # fmt: skip


def read_name_map(path: Path) -> Tuple[Tuple[str, str], ...]:
    """Read matches by hand: CSV with the columns reference_name and test_name.

    A blank on one side leaves the other's contour out of the comparison. Raises InputError for a
    line without names, and for a name that is matched twice.
    """
    pairs: List[Tuple[str, str]] = []
    for row in read_csv(path, MAP_COLUMNS):
        pair = (row["reference_name"], row["test_name"])
        if not any(pair):
            raise InputError(f"{path} has a line that names no contour.")
        pairs.append(pair)
    for side in (0, 1):
        names = [pair[side] for pair in pairs if pair[side]]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise InputError(f"{path} names {doubled[0]!r} twice as {MAP_COLUMNS[side]}.")
    return tuple(pairs)


def match_cells(matches: Sequence[Match], case: str = "") -> List[dict[str, str]]:
    """The matching table as CSV texts."""
    return [
        {
            "case": case, "structure": match.title, "reference_name": match.reference_name,
            "test_name": match.test_name, "state": match.state, "how": match.how,
            "note": match.note if match.known or match.note else "unknown to the catalogue",
        }
        for match in matches
    ]  # fmt: skip


def append_audit(
    path: Path, matches: Sequence[Match], provenance: Provenance, case: str = ""
) -> None:
    """Add the matches of one comparison to the audit list, with who and when; never rewrites it."""
    told = provenance.cells()
    append_csv(path, AUDIT_COLUMNS, [{**told, **cells} for cells in match_cells(matches, case)])
