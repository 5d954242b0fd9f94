"""What a project shows: a table, and the data of the figures of Smith 2021."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.correction.dose import bands
from AutoContourRTCore.correction.interaction import active_seconds, read_events
from AutoContourRTCore.correction.project import INTERACTIONS, read_record
from AutoContourRTCore.correction.records import AnnotationRecord, CaseRecord, ProjectRecord
from AutoContourRTCore.volumes.atomic import write_text

#: Images over which the running mean and SD are taken (Smith 2021, Figure 5).
RUNNING = 60


@dataclass(frozen=True)
class Row:
    """One structure of one corrected case. order: 1 for the first annotated image. dice: of the
    predicted and the corrected contour. seconds: of work on the whole case, None where no log
    tells. None: not known."""

    order: int
    case: str
    name: str
    side: str
    structure: str
    saved: str
    model: str
    dice: Optional[float]
    dice_running_mean: Optional[float]
    dice_running_sd: Optional[float]
    seconds: Optional[float]
    marks: int
    reviewed_slices: int
    dose_deviation_gy: Optional[float]


def rows(project: Path) -> List[Row]:
    """One row a structure and corrected case, in the order of annotation; contours that were
    imported, or that nobody corrected or confirmed, are left out. Raises InputError."""
    events = read_events(project / INTERACTIONS).events
    return rows_of(read_record(project), active_seconds(events))


def rows_of(record: ProjectRecord, seconds: Mapping[str, float]) -> List[Row]:
    """As rows; seconds: of active work, by case."""
    cases = sorted((case for case in record.cases if case.order), key=lambda case: case.order)
    found: List[Row] = []
    for structure in record.structures:
        corrected = [
            (case, case.annotations[structure]) for case in cases
            if structure in case.annotations and case.annotations[structure].is_judged
        ]
        running = running_mean_sd([annotation.dice for _, annotation in corrected])
        found += [
            _row(case, structure, annotation, mean_sd, seconds.get(case.id))
            for (case, annotation), mean_sd in zip(corrected, running)
        ]
    return sorted(found, key=lambda row: (row.order, record.structures.index(row.structure)))


def running_mean_sd(
    values: Sequence[Optional[float]], window: int = RUNNING
) -> List[Tuple[Optional[float], Optional[float]]]:
    """Mean and SD (of a sample) over each value and those before it, `window` at most.

    Values that are not known do not count; a mean needs one value, an SD two.
    """
    result: List[Tuple[Optional[float], Optional[float]]] = []
    for end in range(1, len(values) + 1):
        known = [v for v in values[max(0, end - window) : end] if v is not None]
        mean = float(np.mean(known)) if known else None
        sd = float(np.std(known, ddof=1)) if len(known) > 1 else None
        result.append((mean, sd))
    return result


def write_csv(project: Path, path: Path) -> List[Row]:
    """The rows as a .csv file, whole or not at all; empty fields are not known. InputError."""
    found = rows(project)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(Row.__dataclass_fields__)
    writer.writerow(names)
    for row in found:
        values = [getattr(row, name) for name in names]
        writer.writerow(["" if value is None else value for value in values])
    write_text(path, text.getvalue())
    return found


def dose_bands(found: Sequence[Row]) -> Dict[str, float]:
    """The shares of dose.bands over the rows."""
    return bands([row.dose_deviation_gy for row in found])


@dataclass(frozen=True)
class Series:
    """Points of a figure: order of the image, value; mean and sd: running, or empty."""

    order: np.ndarray
    value: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def durations(found: Sequence[Row]) -> Series:
    """Figure 3: minutes of work on each image in the order of annotation."""
    per_case = {row.order: row.seconds for row in found if row.seconds is not None}
    orders = sorted(per_case)
    minutes = [per_case[order] / 60.0 for order in orders]
    return _series(orders, minutes, running_mean_sd(minutes))


def agreements(found: Sequence[Row], structure: str) -> Series:
    """Figures 5 and 7: Dice of predicted and corrected contour, running mean and SD."""
    chosen = [row for row in found if row.structure == structure and row.dice is not None]
    pairs: List[Tuple[Optional[float], Optional[float]]] = [
        (row.dice_running_mean, row.dice_running_sd) for row in chosen
    ]
    return _series([row.order for row in chosen], [row.dice for row in chosen], pairs)


def deviations(found: Sequence[Row], structure: str) -> Series:
    """Figure 8: absolute deviation of the mean dose (Gy) of predicted and corrected contour."""
    chosen = [r for r in found if r.structure == structure and r.dose_deviation_gy is not None]
    values = [row.dose_deviation_gy for row in chosen]
    return _series([row.order for row in chosen], values, running_mean_sd(values))


def _series(
    orders: Sequence[int],
    values: Sequence[Optional[float]],
    running: Sequence[Tuple[Optional[float], Optional[float]]],
) -> Series:
    def floats(numbers: Sequence[Any]) -> np.ndarray:
        return np.array([np.nan if n is None else n for n in numbers], dtype=float)

    return Series(
        floats(orders), floats(values),
        floats([mean for mean, _ in running]), floats([sd for _, sd in running]),
    )


def _row(
    case: CaseRecord,
    structure: str,
    annotation: AnnotationRecord,
    running: Tuple[Optional[float], Optional[float]],
    seconds: Optional[float],
) -> Row:
    return Row(
        order=case.order, case=case.id, name=case.name, side=case.side, structure=structure,
        saved=annotation.saved, model=annotation.model, dice=annotation.dice,
        dice_running_mean=running[0], dice_running_sd=running[1], seconds=seconds,
        marks=annotation.marks, reviewed_slices=annotation.reviewed,
        dose_deviation_gy=annotation.dose_deviation_gy,
    )
