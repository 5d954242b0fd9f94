"""CSV tables in and out of files."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Sequence

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import atomic_path

Cells = Mapping[str, str]


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Write a table, whole or not at all; a cell that a row lacks is blank."""
    with atomic_path(path) as temporary, open(
        temporary, "w", encoding="utf-8", newline=""
    ) as file:
        _write(file, columns, rows, header=True)


def append_csv(path: Path, columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Add rows at the end of a table that is only ever added to; makes it where it is missing.

    A last line without an end, as editors leave it, is ended first. Raises InputError where the
    table has other columns, was saved in another encoding, or cannot be written.
    """
    new = not path.exists()
    text = io.StringIO(newline="")
    try:
        if not new and read_columns(path) != list(columns):
            raise InputError(
                f"{path} has other columns than {','.join(columns)}; name another file."
            )
        if not new and not path.read_bytes().endswith((b"\n", b"\r")):
            text.write("\r\n")
        _write(text, columns, rows, header=new)
        with open(path, "a", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} was not added to: it is no longer in UTF-8, as after saving it in a "
            "spreadsheet; save it as CSV UTF-8, or move it away."
        ) from error
    except OSError as error:
        raise InputError(f"{path} was not written: {error.strerror or error}.") from error


def read_columns(path: Path) -> List[str]:
    """The names in the first line."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file).fieldnames or [])


def read_csv(path: Path, needed: Sequence[str], as_typed: bool = True) -> List[Dict[str, str]]:
    """The rows of a table. as_typed: cells are taken without surrounding blanks.

    Raises InputError where the file cannot be read, or lacks a needed column or a cell.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; check the name.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}); give a CSV file in UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    lacking = [name for name in needed if name not in (reader.fieldnames or [])]
    if lacking:
        raise InputError(
            f"{path} lacks the column {lacking[0]!r}; its first line needs {','.join(needed)}."
        )
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    f"{path}, line {reader.line_num}: it has not as many cells as the first line."
                )
            rows.append({name: cell.strip() if as_typed else cell for name, cell in row.items()})
    except csv.Error as error:
        raise InputError(f"{path} cannot be read ({error}).") from error
    return rows


def _write(file: io.TextIOBase, columns: Sequence[str], rows: Iterable[Cells], header: bool
           ) -> None:
    writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
    if header:
        writer.writeheader()
    writer.writerows(rows)
