"""What is recorded when a case is saved: side, order, Dice before and after, dose deviation."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np

from AutoContourRTCore.correction import images
from AutoContourRTCore.correction.annotation import Annotation
from AutoContourRTCore.correction.annotation_file import read_part
from AutoContourRTCore.correction.dose import dose_deviation_gy
from AutoContourRTCore.correction.editing import ANNOTATION, Correction
from AutoContourRTCore.correction.records import AnnotationRecord, CaseRecord, ProjectRecord
from AutoContourRTCore.correction.split import TRAIN, VALIDATION, next_side
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.volumes.volume import Volume

#: "Model" of contours that existed before the project.
IMPORTED = "imported contours"


def saved_case(
    folder: Path, project: ProjectRecord, case: CaseRecord, corrections: Mapping[str, Correction]
) -> Tuple[CaseRecord, str]:
    """The record of a case whose corrections were just saved.

    A case with something to learn from gets its side (Smith 2021) and its order the first time, and
    keeps them; one with the very image of another case goes to that one's side. And why its dose
    could not be used ("" for no reason): the deviations are not known then, until the next save or
    `judged_by_dose`.
    """
    dose, problem = _dose_of(folder, case)
    annotations: Dict[str, AnnotationRecord] = dict(case.annotations)
    for name, correction in corrections.items():
        annotations[name] = _assessed(correction, dose)
    if not case.side and any(c.annotation.is_annotated for c in corrections.values()):
        last = max((c.order for c in project.cases), default=0)
        side = _side_of_twin(project, case)
        if not side:
            counts = [len(project.on_side(side)) for side in (TRAIN, VALIDATION)]
            side = next_side(counts[0], counts[1])
        case = replace(case, order=case.order or last + 1, side=side)
    return replace(case, annotations=annotations), problem


def _side_of_twin(project: ProjectRecord, case: CaseRecord) -> str:
    """The side of a case with the very same image, "" for none: a network would be judged by what
    it was trained on."""
    same = (c for c in project.cases if c.side and c.image.sha256 == case.image.sha256)
    return next((c.side for c in same), "")


def _dose_of(folder: Path, case: CaseRecord) -> Tuple[Optional[Volume], str]:
    """A dose file that is gone keeps no correction from being saved."""
    if case.dose is None:
        return None, ""
    try:
        return images.read_dose(folder, case, case.dose).volume, ""
    except (InputError, OSError) as error:
        return None, str(error)


def judged_by_dose(
    folder: Path, case: CaseRecord, dose: Volume
) -> Tuple[CaseRecord, Tuple[str, ...]]:
    """The case with the dose deviations of what was saved of it before it had this dose (Gy).

    And which structures cannot be read, and why: their deviation is not known.
    """
    annotations: Dict[str, AnnotationRecord] = {}
    problems: List[str] = []
    for name, record in case.annotations.items():
        path = folder / "cases" / case.id / name / ANNOTATION
        found: Optional[float] = None
        try:
            found = _saved_deviation(path, case, dose) if record.is_judged else None
        except InputError as error:
            problems.append(f"{name}: {error}")
        annotations[name] = replace(record, dose_deviation_gy=found)
    return replace(case, annotations=annotations), tuple(problems)


def _saved_deviation(path: Path, case: CaseRecord, dose: Volume) -> Optional[float]:
    """Of an annotation file; only the part of the grid that it stores is looked at."""
    saved = read_part(path, case.image.geometry)
    return dose_deviation_gy(
        saved.prediction, saved.corrected, case.image.geometry, dose, saved.start
    )


def differs_from_record(folder: Path, case: CaseRecord, structure: str) -> bool:
    """Whether the files of a structure hold more, or other things, than project.json knows."""
    place = folder / "cases" / case.id / structure
    if not (place / ANNOTATION).exists():
        return False
    record = case.annotations.get(structure)
    sizes = [path.stat().st_size for path in place.glob("changes-*.journal")]
    return record is None or record.journal_bytes not in (sizes or [0])


def _assessed(correction: Correction, dose: Optional[Volume]) -> AnnotationRecord:
    annotation = correction.annotation
    part = annotation.part  # a CT has 40 million voxels, most of them beside the organ
    agreement: float = math.nan
    deviation: Optional[float] = None
    if annotation.is_annotated and annotation.model != IMPORTED:  # else nobody judged it
        agreement = dice(annotation.prediction[part], annotation.corrected_in(part))
        deviation = None if dose is None else _deviation(annotation, dose)
    return AnnotationRecord(
        saved=time.strftime("%Y-%m-%dT%H:%M:%S"),
        model=annotation.model,
        dice=None if math.isnan(agreement) else agreement,
        marks=int(np.count_nonzero(annotation.marks[part])),
        reviewed=int(annotation.reviewed.sum()),
        journal_bytes=correction.journal.size,
        dose_deviation_gy=deviation,
        imported=annotation.model == IMPORTED,
    )


def _deviation(annotation: Annotation, dose: Volume) -> Optional[float]:
    part = annotation.part
    k, j, i = (one.start for one in part)
    return dose_deviation_gy(
        annotation.prediction[part], annotation.corrected_in(part), annotation.geometry, dose,
        (k, j, i),
    )
