"""A case of a cohort whose contours are to be compared with a reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Dict, Mapping, Tuple

from AutoContourRTCore import __version__
from AutoContourRTCore.cohorts.record import files_below, files_key
from AutoContourRTCore.cohorts.request import IS_OBJECT, IS_TEXT, CaseRequest
from AutoContourRTCore.messages import Rule

#: Headers whose voxels lie in other files.
_HEADERS = (".nhdr", ".mhd")


@dataclass(frozen=True)
class EvaluateCaseRequest(CaseRequest):
    """Compare the contours of one case; the result is in its record.

    reference, test: contour files or folders. options: metrics.cohort.packed.packed_options.
    provenance: fields of Provenance, as far as they are known before any file is read.
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        **CaseRequest.rules,
        "reference": IS_TEXT,
        "test": IS_TEXT,
        "options": IS_OBJECT,
        "provenance": IS_OBJECT,
    }

    reference: str
    test: str
    options: Dict[str, Any]
    provenance: Dict[str, Any]

    def asked(self) -> Dict[str, str]:
        """Both sides' files, dose, label table, settings with the tolerances, and the program."""
        from AutoContourRTCore.metrics.cohort.cohort import dose_file

        settings = dict(self.options["settings"])
        del settings["workers"]  # no figure depends on it
        asked = {
            "reference": _key(Path(self.reference)), "test": _key(Path(self.test)),
            "settings": json.dumps({**self.options, "settings": settings}, sort_keys=True),
            "model": self.provenance["model"], "program": __version__,
        }  # fmt: skip
        if self.options["labels"]:
            asked["labels"] = _key(Path(self.options["labels"]))
        if self.options["dose"]:
            dose = dose_file(Path(self.reference), self.options["dose"])
            asked["dose"] = files_key(dose.parent, [dose]) if dose.exists() else "not there"
        return asked


def _key(path: Path) -> str:
    """files_key of all that a contour set is read from."""
    folder = path if path.is_dir() else path.parent
    return files_key(folder, files_below(path) if path.is_dir() else _with_companions(path))


def _with_companions(path: Path) -> Tuple[Path, ...]:
    """A file, the tables of its labels, and for a header all that may hold its voxels."""
    from AutoContourRTCore.metrics.inputs.label_tables import table_names

    tables = [path.parent / name for name in table_names(path)]
    beside = [each for each in tables if each.is_file()]
    if path.name.lower().endswith(_HEADERS):
        beside += sorted(each for each in path.parent.iterdir() if each.is_file())
    return (path, *beside)
