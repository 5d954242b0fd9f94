"""A case of a cohort that is to be contoured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Dict, Mapping, Optional, Tuple

from AutoContourRTCore.cohorts.record import files_below, files_key
from AutoContourRTCore.cohorts.request import CaseRequest
from AutoContourRTCore.messages import IS_BOOL, IS_TEXT, MAY_BE_EMPTY, Rule
from AutoContourRTCore.models.manifest import Manifest

#: What is written: a .seg.nrrd, and for a DICOM folder a structure set where that can be; the
#: first alone; or both, and a case without a structure set has failed.
AUTO, SEG, RTSTRUCT = "auto", "seg", "rtstruct"
WRITE = (AUTO, SEG, RTSTRUCT)


@dataclass(frozen=True)
class SegmentCaseRequest(CaseRequest):
    """Contour one case.

    input: CT file or DICOM folder. model, model_key: id, and what it must be there. series: of
    DICOM folders (volumes.dicom.series.find_series). write: one of WRITE. label, names, body: of
    structure sets, as write_structure_set takes them; names: fields of RoiName by structure, None
    for the structures' own.
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        **CaseRequest.rules,
        "model_key": IS_TEXT,
        "series": MAY_BE_EMPTY,
        "write": (lambda v: v in WRITE, f"one of {', '.join(WRITE)}"),
        "label": IS_TEXT,
        "names": (lambda v: v is None or isinstance(v, dict), "null or an object"),
        "body": IS_BOOL,
    }
    suffixes: ClassVar[Tuple[str, ...]] = (".seg.nrrd", ".dcm")

    input: str
    model: str
    model_key: str
    structures: Optional[Tuple[str, ...]] = None
    device: str = "auto"
    series: str = ""
    write: str = AUTO
    label: str = "AutoContourRT"
    names: Optional[Dict[str, Any]] = None
    body: bool = False

    @property
    def is_dicom(self) -> bool:
        """Whether the input is a DICOM folder."""
        return Path(self.input).is_dir()

    def asked(self) -> Dict[str, str]:
        """The input's files, the model, the structures and what is written."""
        path = Path(self.input)
        files = files_key(path, files_below(path)) if self.is_dicom else files_key(
            path.parent, [path]
        )
        asked = {
            "files": files, "model": self.model_key, "write": self.write,
            "structures": "all" if self.structures is None else ", ".join(self.structures),
        }  # fmt: skip
        if self.is_dicom:
            asked["series"] = self.series
        if self.is_dicom and self.write != SEG:
            asked["structure set"] = json.dumps([self.label, self.names, self.body])
        return asked


def model_key(manifest: Manifest) -> str:
    """What tells a model from every other: id, version and the hash of its weights."""
    return f"{manifest.id} {manifest.version} {manifest.checksums.get(manifest.weights, '')}"
