"""What the values of a label file stand for.

A label file is one image whose voxels hold whole numbers, one a structure. It has no names of its
own: they stand in a table beside it (JSON or CSV). Without one, nothing may be guessed.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from AutoContourRTCore.errors import InputError

_IMAGE_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd")
_VALUE_COLUMNS = ("value", "id", "label", "index")
_NAME_COLUMNS = ("name", "structure")


def stem_of(path: Path) -> str:
    """The name of an image file without its suffixes."""
    name = path.name
    return next(
        (name[: -len(s)] for s in _IMAGE_SUFFIXES if name.lower().endswith(s)), path.stem
    )


def find_table(image: Path) -> Path:
    """The table beside a label file; InputError, saying how to add one, where there is none.

    Looked for, in this order: the image's own stem with .json or .csv, the stem with `_labels`
    added, and `labels` alone.
    """
    beside = _beside(image)
    if beside is not None:
        return beside
    raise InputError(
        f"{image} is a label file without a table of its labels. Put {table_names(image)[0]} "
        "beside it, for "
        'example {"1": "Heart", "2": "Lung_L"}, or name a table with --labels.'
    )


def has_table(image: Path) -> bool:
    """Whether a table lies beside a label file."""
    return _beside(image) is not None


def _beside(image: Path) -> Optional[Path]:
    """The table beside a label file; None where there is none."""
    places = (image.parent / name for name in table_names(image))
    return next((place for place in places if place.is_file()), None)


def table_names(image: Path) -> List[str]:
    """What a table beside a label file may be called; the first one that is there counts."""
    stem = stem_of(image)
    return [f"{name}{end}" for name in (stem, f"{stem}_labels", "labels")
            for end in (".json", ".csv")]


def read_table(path: Path) -> Dict[int, str]:
    """Value -> name from JSON ({"1": "Heart"}, {"Heart": 1}, also below "labels") or CSV.

    A CSV needs a column `value` (or id, label, index) and one `name` (or structure). The value 0
    is background and left out. Raises InputError for anything else, and for doubled names.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The label table {path} cannot be read: {error}.") from error
    found = _of_json(path, text) if path.suffix.lower() == ".json" else _of_csv(path, text)
    if min(found, default=0) < 0:
        raise InputError(
            f"The label table {path} names the value {min(found)}; labels are whole numbers from 0."
        )
    table = {value: name for value, name in found.items() if value != 0}
    names = list(table.values())
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputError(f"The label table {path} gives {doubled[0]!r} to two values.")
    if not table:
        raise InputError(f"The label table {path} names no label above 0.")
    return table


def _of_json(path: Path, text: str) -> Dict[int, str]:
    try:
        content = json.loads(text, object_pairs_hook=_without_doubles)
        if isinstance(content, dict) and isinstance(content.get("labels"), dict):
            content = content["labels"]
        pairs = list(content.items())
        if not all(str(key).strip().lstrip("-").isdigit() for key, _ in pairs):
            pairs = [(value, name) for name, value in pairs]
        return _without_doubles([(_whole(value), _name(path, name)) for value, name in pairs])
    except _Doubled as error:
        raise InputError(f"The label table {path} names {error} twice.") from error
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f'The label table {path} is not of the form {{"1": "Heart"}} ({error}).'
        ) from error


def _whole(value: Any) -> int:
    """A label's value; ValueError for a number with a fraction, or true and false."""
    number = int(value)
    if isinstance(value, bool) or number != float(value):
        raise ValueError(f"{value!r} is no whole number")
    return number


class _Doubled(Exception):
    """Two entries with one key; Python's reader would keep the last without a word."""


def _without_doubles(pairs: List[Tuple[Any, Any]]) -> Dict[Any, Any]:
    found: Dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Doubled(repr(key))
        found[key] = value
    return found


def _of_csv(path: Path, text: str) -> Dict[int, str]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [name.strip().lower() for name in reader.fieldnames or []]
    reader.fieldnames = columns
    value, name = _first(columns, _VALUE_COLUMNS), _first(columns, _NAME_COLUMNS)
    if value is None or name is None:
        raise InputError(f"The label table {path} needs the columns value and name.")
    table: Dict[int, str] = {}
    for row in reader:
        try:
            number = int(row[value])
        except (ValueError, TypeError) as error:
            raise InputError(
                f"The label table {path}, line {reader.line_num}: {row[value]!r} is no whole "
                "number."
            ) from error
        if number in table:
            raise InputError(f"The label table {path} names the value {number} twice.")
        table[number] = _name(path, row[name])
    return table


def _first(columns: List[str], wanted: tuple[str, ...]) -> Optional[str]:
    return next((name for name in wanted if name in columns), None)


def _name(path: Path, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"The label table {path} has a label without a name: {name!r}.")
    return name.strip()
