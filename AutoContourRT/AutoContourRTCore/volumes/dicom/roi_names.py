"""The names under which structures go to the planning system.

Planning systems cut or refuse names of more than 16 characters, and many do not tell upper from
lower case; either loses structures. So a name that will not do is shown before anything is written,
and a clinic can say in a file what each structure is to be called there.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import write_bytes
from AutoContourRTCore.volumes.dicom.appearance import KINDS, Rgb, appearance_of

LONGEST = 16
COLUMNS = ("name", "roi_name", "type", "color")


@dataclass(frozen=True)
class RoiName:
    """What a structure is called in the planning system; kind and color None: as usual."""

    roi_name: str
    kind: Optional[str] = None
    color: Optional[Rgb] = None


NameMap = Mapping[str, RoiName]


def roi_names(names: Iterable[str], name_map: Optional[NameMap] = None) -> Dict[str, RoiName]:
    """The planning system's name of each structure: the clinic's, else its own.

    Raises InputError that lists every name which is too long, has odd characters or stands for two
    structures, with a name that would do.
    """
    chosen = chosen_names(names, name_map)
    wrong = wrong_names(chosen)
    if wrong:
        proposals = proposed(chosen)
        lines = "; ".join(f"{why} (for example {proposals[name]!r})" for name, why in wrong)
        raise InputError(
            f"These names cannot go to a planning system: {lines}. Give other names in a name map "
            "(--names MAP.csv; --write-names MAP.csv writes one to edit)."
        )
    return chosen


def chosen_names(names: Iterable[str], name_map: Optional[NameMap] = None) -> Dict[str, RoiName]:
    """What each structure would be called, good or not."""
    return {name: (name_map or {}).get(name, RoiName(name)) for name in names}


def proposed(chosen: Mapping[str, RoiName]) -> Dict[str, str]:
    """A name that would do for each structure: the chosen one, cut and numbered where needed."""
    taken: Dict[str, str] = {}
    for name, roi in chosen.items():
        plain = "".join(each for each in roi.roi_name if _is_plain(each)).strip() or "ROI"
        short, number = plain[:LONGEST].strip(), 1
        while short.lower() in (other.lower() for other in taken.values()):
            number += 1
            short = f"{plain[: LONGEST - len(str(number)) - 1]}_{number}"
        taken[name] = short
    return taken


def wrong_names(chosen: Mapping[str, RoiName]) -> List[Tuple[str, str]]:
    """Structures whose name will not do, and why."""
    wrong = []
    first: Dict[str, str] = {}
    for name, roi in chosen.items():
        written = roi.roi_name
        other = first.setdefault(written.lower(), name)
        if not written.strip() or written != written.strip():
            wrong.append((name, f"{written!r} is empty or begins or ends with a blank"))
        elif not all(map(_is_plain, written)):
            wrong.append((name, f"{written!r} has characters that are no plain ASCII"))
        elif len(written) > LONGEST:
            count = len(written)
            wrong.append((name, f"{written!r} has {count} characters, {LONGEST} are allowed"))
        elif other != name:
            wrong.append((name, f"{name!r} and {other!r} would both be {written!r}"))
    return wrong


def _is_plain(character: str) -> bool:
    return " " <= character <= "~" and character != "\\"


# The clinic's file


def read_name_map(path: Path) -> Dict[str, RoiName]:
    """Read a name map: CSV with the columns name and roi_name, perhaps type and color (r g b).

    Raises InputError for a file that lacks them, names a structure twice, or has a bad value.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The name map {path} cannot be read: {error}.") from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not {"name", "roi_name"} <= set(rows.fieldnames or []):
        raise InputError(f"The name map {path} needs the columns name and roi_name.")
    found: Dict[str, RoiName] = {}
    for row in rows:
        where = f"The name map {path}, line {rows.line_num}"
        name, roi_name = (row["name"] or "").strip(), (row["roi_name"] or "").strip()
        if not name or not roi_name:
            raise InputError(f"{where}: name and roi_name must not be empty.")
        if name in found:
            raise InputError(f"{where}: {name!r} is there twice; remove one.")
        kind, color = _kind(where, row.get("type")), _color(where, row.get("color"))
        found[name] = RoiName(roi_name, kind, color)
    return found


def write_name_map(
    names: Iterable[str],
    path: Path,
    kinds: Mapping[str, str] = MappingProxyType({}),
    colors: Mapping[str, Rgb] = MappingProxyType({}),
) -> None:
    """Write a name map to edit: each structure with a name that would do, its type and colour.

    kinds, colors: of those that have not the usual ones.
    """
    chosen = {name: RoiName(name) for name in names}
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for name, roi_name in proposed(chosen).items():
        look = appearance_of(name)
        color = " ".join(map(str, colors.get(name, look.color)))
        writer.writerow([name, roi_name, kinds.get(name, look.kind), color])
    write_bytes(path, out.getvalue().encode("utf-8"))


def _kind(where: str, text: Optional[str]) -> Optional[str]:
    kind = (text or "").strip().upper()
    if kind and kind not in KINDS:
        raise InputError(f"{where}: the type {text!r} is unknown; write one of {', '.join(KINDS)}.")
    return kind or None


def _color(where: str, text: Optional[str]) -> Optional[Rgb]:
    if not (text or "").strip():
        return None
    try:
        red, green, blue = (int(word) for word in (text or "").split())
    except ValueError:
        red = -1
    if red < 0 or not all(0 <= part <= 255 for part in (red, green, blue)):
        raise InputError(f"{where}: the color {text!r} is not red green blue from 0 to 255.")
    return red, green, blue
