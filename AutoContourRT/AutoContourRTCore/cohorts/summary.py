"""The table of a cohort: a row a case, written anew after each."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Iterable

from AutoContourRTCore.volumes.atomic import write_bytes

SUMMARY = "summary.csv"
WAITING, DONE, KEPT, FAILED = "waiting", "done", "kept", "failed"
LEFT_OUT = "left out"


@dataclass(frozen=True)
class Row:
    """One case. output: name of the file in the cohort's folder; seconds: 0 where not computed."""

    case: str
    state: str = WAITING
    seconds: float = 0.0
    message: str = ""
    output: str = ""


def write_summary(rows: Iterable[Row], path: Path) -> None:
    """Write the table, whole or not at all; a message is one line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([each.name for each in fields(Row)])
    for row in rows:
        values = {**asdict(row), "message": " ".join(row.message.split())}
        writer.writerow([*values.values()])
    write_bytes(path, out.getvalue().encode("utf-8", "backslashreplace"))
