"""What project.json holds, as plain dataclasses, and how it is read and written.

The file is meant to be read by people too. Its schema has a version: a newer one is refused with a
plain sentence, so that an older program never damages a project.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, Mapping, Optional, Tuple

from AutoContourRTCore.correction import geometry_text
from AutoContourRTCore.correction.annotation import Box
from AutoContourRTCore.correction.split import GROWING, ROTATING, TRAIN, VALIDATION
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry

SCHEMA = 1
KIND = "AutoContourRT correction project"
NEW, PREDICTED, CORRECTED, REVIEWED = "new", "predicted", "corrected", "reviewed"


@dataclass(frozen=True)
class ImageRecord:
    """Where an image is and how it is known again.

    path: with "/" and relative to the project folder where it lies in it, else absolute.
    sha256: of the voxels, see images.voxel_hash.
    """

    path: str
    copied: bool
    geometry: Geometry
    sha256: str


@dataclass(frozen=True)
class DoseRecord:
    """A dose distribution of the same patient, in its own file. unit: 'Gy' or 'cGy', "" for a
    DICOM RTDOSE file, which tells it."""

    path: str
    unit: str


@dataclass(frozen=True)
class AnnotationRecord:
    """What was saved of one structure of one case.

    model: which model predicted. dice: of that prediction and the corrected contour; None where
    both are empty or it was not judged. dose_deviation_gy: |mean dose of the prediction - mean dose
    of the corrected contour|, None where that is not known. marks: voxels with a mark; reviewed:
    slices confirmed. journal_bytes: length of the journal then. imported: a contour that existed
    before the project.
    """

    saved: str
    model: str
    dice: Optional[float]
    marks: int
    reviewed: int
    journal_bytes: int
    dose_deviation_gy: Optional[float] = None
    imported: bool = False

    @property
    def is_judged(self) -> bool:
        """Whether the user corrected or confirmed any of the prediction."""
        return bool(self.marks or self.reviewed) and not self.imported


@dataclass(frozen=True)
class CaseRecord:
    """One image of a project. side: TRAIN, VALIDATION, or "" before it is annotated; it never
    changes. order: place in the order of first annotation, 0 before. reviewed: the user confirmed
    the whole case. frame_of_reference: DICOM FrameOfReferenceUID of the image, "" where it is not
    known; dose_in_frame: whether the dose was seen to have the same one."""

    id: str
    name: str
    image: ImageRecord
    box: Optional[Box] = None
    dose: Optional[DoseRecord] = None
    side: str = ""
    order: int = 0
    reviewed: bool = False
    annotations: Mapping[str, AnnotationRecord] = field(default_factory=dict)
    frame_of_reference: str = ""
    dose_in_frame: bool = False


@dataclass(frozen=True)
class Settings:
    """recipe: nn.recipes.Recipe.to_dict(). start: id of the model that training starts from (a copy
    lies in the project), "" for random weights; restart_from_start: whether a restart goes back to
    it. split: GROWING (Smith 2021) or ROTATING (Sartor 2020). largest_component: keep only that of
    a prediction."""

    recipe: Mapping[str, Any]
    start: str = ""
    restart_from_start: bool = False
    split: str = GROWING
    largest_component: bool = False


@dataclass(frozen=True)
class ProjectRecord:
    """Everything that project.json says. revision: rises with each change."""

    name: str
    created: str
    structures: Tuple[str, ...]
    settings: Settings
    cases: Tuple[CaseRecord, ...] = ()
    revision: int = 0

    def case(self, case_id: str) -> CaseRecord:
        """The case of an id; InputError where there is none."""
        for case in self.cases:
            if case.id == case_id:
                return case
        raise InputError(f"The project {self.name!r} has no case {case_id!r}.")

    def on_side(self, side: str) -> Tuple[CaseRecord, ...]:
        """The cases of a side, in the order of their annotation."""
        return tuple(sorted((c for c in self.cases if c.side == side), key=lambda c: c.order))


def to_text(record: ProjectRecord) -> str:
    """The text of project.json."""
    values = {"kind": KIND, "schema": SCHEMA, **asdict(record)}
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def from_text(text: str, source: str) -> ProjectRecord:
    """The record in the text of a project.json; source: its path, for messages.

    Raises InputError for what is no project, is damaged, or was written by a newer version.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{source} is damaged ({error}); restore it from a backup. The annotations beside it "
            "are files of their own and are not affected."
        ) from error
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise InputError(f"{source} is not a correction project; choose another folder.")
    schema = values.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA or schema < 1:
        raise InputError(
            f"{source} was written by a newer version of this program (schema {schema}; this one "
            f"reads up to {SCHEMA}); update the program. Nothing was changed."
        )
    try:
        return _project(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{source} is damaged ({error}); restore it from a backup.") from error


def _project(values: Dict[str, Any]) -> ProjectRecord:
    record = ProjectRecord(
        name=str(values["name"]),
        created=str(values["created"]),
        structures=tuple(str(name) for name in values["structures"]),
        settings=Settings(**values["settings"]),
        cases=tuple(_case(case) for case in values["cases"]),
        revision=int(values["revision"]),
    )
    if record.settings.split not in (GROWING, ROTATING):
        raise ValueError(f"there is no split {record.settings.split!r}")
    if len({case.id for case in record.cases}) != len(record.cases):
        raise ValueError("two cases have one id")
    return record


def _case(values: Dict[str, Any]) -> CaseRecord:
    if values["side"] not in ("", TRAIN, VALIDATION):
        raise ValueError(f"there is no side {values['side']!r}")
    known = {item.name for item in fields(CaseRecord)}
    plain = {name: value for name, value in values.items() if name in known}
    plain["image"] = ImageRecord(
        **{**values["image"], "geometry": geometry_text.from_values(values["image"]["geometry"])}
    )
    plain["box"] = None if values["box"] is None else tuple(values["box"])
    plain["dose"] = None if values["dose"] is None else DoseRecord(**values["dose"])
    plain["annotations"] = {n: AnnotationRecord(**a) for n, a in values["annotations"].items()}
    return CaseRecord(**plain)
