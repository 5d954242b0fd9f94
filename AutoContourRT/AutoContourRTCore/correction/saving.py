"""What is recorded when a case is saved: side, order, Dice before and after, dose deviation."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict, Mapping, Optional

from AutoContourRTCore.correction import images
from AutoContourRTCore.correction.dose import dose_deviation_gy
from AutoContourRTCore.correction.editing import ANNOTATION, Correction
from AutoContourRTCore.correction.records import AnnotationRecord, CaseRecord, ProjectRecord
from AutoContourRTCore.correction.split import TRAIN, VALIDATION, next_side
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.volumes.volume import Volume

#: "Model" of contours that existed before the project.
IMPORTED = "imported contours"


def saved_case(
    folder: Path, project: ProjectRecord, case: CaseRecord, corrections: Mapping[str, Correction]
) -> CaseRecord:
    """The record of a case whose corrections were just saved.

    A case with something to learn from gets its side (Smith 2021) the first time, and keeps it.
    """
    dose = None if case.dose is None else images.read_dose(folder, case.dose)
    annotations: Dict[str, AnnotationRecord] = dict(case.annotations)
    for name, correction in corrections.items():
        annotations[name] = _assessed(correction, dose)
    if not case.order:
        last = max((c.order for c in project.cases), default=0)
        case = replace(case, order=last + 1)
    if not case.side and any(c.annotation.is_annotated for c in corrections.values()):
        counts = [len(project.on_side(side)) for side in (TRAIN, VALIDATION)]
        case = replace(case, side=next_side(counts[0], counts[1]))
    return replace(case, annotations=annotations)


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
    corrected = annotation.corrected
    agreement = dice(annotation.prediction, corrected)
    imported = annotation.model == IMPORTED
    deviation = None
    if dose is not None and not imported:
        deviation = dose_deviation_gy(
            annotation.prediction, corrected, annotation.geometry, dose
        )
    return AnnotationRecord(
        saved=time.strftime("%Y-%m-%dT%H:%M:%S"),
        model=annotation.model,
        dice=None if math.isnan(agreement) else agreement,
        marks=int((annotation.marks != 0).sum()),
        reviewed=int(annotation.reviewed.sum()),
        journal_bytes=correction.journal.size,
        dose_deviation_gy=deviation,
        imported=imported,
    )
