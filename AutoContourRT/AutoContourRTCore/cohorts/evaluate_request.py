"""A case of a cohort whose contours are to be compared with a reference."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Dict, Mapping, Tuple

from AutoContourRTCore import __version__
from AutoContourRTCore.cohorts.record import files_below, files_key
from AutoContourRTCore.cohorts.request import CaseRequest
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.messages import IS_OBJECT, IS_PATH, Rule

#: Headers whose voxels lie in other files, and the field that names these (NRRD, MetaImage).
_HEADERS = (".nhdr", ".mhd")
_DATA_FILE = re.compile(rb"^(?:data ?file:|ElementDataFile *=)", re.IGNORECASE | re.MULTILINE)
_MOST_HEADER = 1 << 20


@dataclass(frozen=True)
class EvaluateCaseRequest(CaseRequest):
    """Compare the contours of one case; the result is in its record.

    reference, test: contour files or folders, resolved. options: as packed_options of
    metrics.cohort.packed makes them. provenance: fields of Provenance, as far as they are known
    before any file is read.
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        **CaseRequest.rules,
        "reference": IS_PATH,
        "test": IS_PATH,
        "options": IS_OBJECT,
        "provenance": IS_OBJECT,
    }

    reference: str
    test: str
    options: Dict[str, Any]
    provenance: Dict[str, Any]

    def asked(self) -> Dict[str, str]:
        """Both sides' places and contents, dose, label table, settings, tolerances, program."""
        from AutoContourRTCore.metrics.cohort.cohort import dose_file

        settings = dict(self.options["settings"])
        del settings["workers"]  # no figure depends on it
        asked = {
            "paths": json.dumps([self.reference, self.test]),
            "reference": _key(Path(self.reference)), "test": _key(Path(self.test)),
            "settings": json.dumps({**self.options, "settings": settings}, sort_keys=True),
            "model": self.provenance["model"], "program": __version__,
        }  # fmt: skip
        if self.options["labels"]:
            asked["labels"] = _key(Path(self.options["labels"]))
        if self.options["dose"]:
            dose = dose_file(Path(self.reference), self.options["dose"])
            asked["dose"] = _key(dose) if dose.exists() else "not there"
        return asked


def _key(path: Path) -> str:
    """A hash of the contents of all that a contour set, a table or a dose may be read from.

    Contents, not sizes and times: figures of other contours must never pass for these. Every file
    in a case's folder counts, also a CT.
    """
    folder = path if path.is_dir() else path.parent
    files = files_below(path) if path.is_dir() else _with_tables(path)
    voxels = {each for header in files for each in _voxels_of(header)} - {*files}
    return files_key(folder, (*files, *sorted(voxels)), sha256_of)


def _with_tables(path: Path) -> Tuple[Path, ...]:
    """A file, and the tables of its labels."""
    from AutoContourRTCore.metrics.inputs.label_tables import table_names

    tables = [path.parent / name for name in table_names(path)]
    return (path, *(each for each in tables if each.is_file()))


def _voxels_of(path: Path) -> Tuple[Path, ...]:
    """The files that a header names, in any folder; () for a file that holds its voxels itself.

    Where it names none that is there (a pattern for numbered files), all files beside it. A
    pattern's files in another folder are not seen.
    """
    if not path.name.lower().endswith(_HEADERS):
        return ()
    with open(path, "rb") as file:
        after = _DATA_FILE.split(file.read(_MOST_HEADER), maxsplit=1)[1:]
    names = [line.strip() for line in os.fsdecode(b"".join(after)).splitlines() if line.strip()]
    if names[:1] == ["LOCAL"]:
        return ()
    listed = names[1:] if names and names[0].startswith("LIST") else names[:1]
    paths = tuple(path.parent / name for name in listed)
    if paths and all(each.is_file() for each in paths):
        return paths
    return tuple(each for each in path.parent.iterdir() if each.is_file())
