"""What the panel says: the state in one plain sentence, the rows of the list of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.correction.annotation import FOREGROUND, NONE, Annotation
from AutoContourRTCore.correction.dose import HIGH_GY, LOW_GY, bands
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.records import (
    CORRECTED,
    NEW,
    PREDICTED,
    REVIEWED,
    CaseRecord,
)
from AutoContourRTCore.correction.split import ROTATING, TRAIN, VALIDATION
from AutoContourRTCore.errors import InputError
from AutoContourRTLib.Cells import Cell, Row
from CorrectiveTrainingLib.Training import RUNNING, STARTING, STOPPING, Training

_GREEN, _YELLOW = (76, 175, 80), (255, 193, 7)
_COLORS = {REVIEWED: _GREEN, CORRECTED: _YELLOW, PREDICTED: (120, 160, 220), NEW: (200, 200, 200)}


def caseRows(project: Project, openCase: str, seconds: Mapping[str, float]) -> List[Row]:
    """A row a case: name, state, side, Dice of prediction and correction, active time (s)."""
    return [_caseRow(project, case, openCase, seconds) for case in project.record.cases]


def _caseRow(
    project: Project, case: CaseRecord, openCase: str, seconds: Mapping[str, float]
) -> Row:
    state = project.state(case.id)
    name = ("\u25b6 " if case.id == openCase else "") + case.name
    return [
        Cell(name, case.image.path, _COLORS[state], None, case.id),
        Cell(stateTitle(state)),
        _sideCell(project, case),
        Cell(_diceText(case), _diceToolTip(case)),
        Cell(minutesText(seconds.get(case.id)), _("Gaps of 20 seconds or more do not count.")),
    ]


def stateTitle(state: str) -> str:
    """new, predicted, corrected, reviewed."""
    return {NEW: _("new"), PREDICTED: _("predicted"), CORRECTED: _("corrected"),
            REVIEWED: _("reviewed")}[state]  # fmt: skip


def _sideCell(project: Project, case: CaseRecord) -> Cell:
    if project.record.settings.split == ROTATING and case.side:
        return Cell(_("in turn"), _("A fifth of the cases is for validation, others each cycle."))
    told = _("Decided when the case is first saved; it never changes.")
    return Cell(sideTitle(case.side), told)


def sideTitle(side: str) -> str:
    """Whether a case is for training or validation."""
    return {TRAIN: _("training"), VALIDATION: _("validation")}.get(side, "")


def minutesText(seconds: Optional[float]) -> str:
    """2:05 for 125 s; "" where it is not known."""
    if seconds is None:
        return ""
    whole = int(round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def _diceText(case: CaseRecord) -> str:
    known = [a.dice for a in case.annotations.values() if a.dice is not None]
    return f"{sum(known) / len(known):.3f}" if known else ""


def _diceToolTip(case: CaseRecord) -> str:
    lines = [_("Overlap of predicted and corrected contour; 1: nothing was corrected.")]
    for name, annotation in case.annotations.items():
        value = _("not known") if annotation.dice is None else f"{annotation.dice:.3f}"
        lines.append(f"{name}: {value}")
    for name, gray in _deviations(case).items():
        lines.append(_("{structure}: mean dose changed by {gray:.2f} Gy").format(
            structure=name, gray=gray
        ))  # fmt: skip
    return "\n".join(lines)


def _deviations(case: CaseRecord) -> Mapping[str, float]:
    """Structure -> how far (Gy) the mean dose of the corrected contour is from the predicted's."""
    found = ((name, one.dose_deviation_gy) for name, one in case.annotations.items())
    return {name: gray for name, gray in found if gray is not None}


def doseSentence(case: CaseRecord) -> str:
    """What is known of the dose of a case; "" without one."""
    if case.dose is None:
        return ""
    text = _doseChange(case, Path(case.dose.path).name)
    if case.dose_in_frame:
        return text
    return _(
        "{text}. It was placed by its coordinates alone, as no frame of reference tells that it "
        "belongs to this image: make sure that it does."
    ).format(text=text)


def _doseChange(case: CaseRecord, file: str) -> str:
    known = _deviations(case)
    if not known:
        return _("{file}; deviations are known once the case is saved").format(file=file)
    name = max(known, key=lambda one: known[one])
    return _("{file}; mean dose changed by up to {gray:.2f} Gy ({structure})").format(
        file=file, gray=known[name], structure=name
    )


def doseBands(deviations: Sequence[Optional[float]]) -> str:
    """How many corrections change the mean dose, in the bands of Smith 2021; "" without any."""
    shares = bands(deviations)
    if not shares["count"]:
        return ""
    return _(
        "Of {n:.0f} corrections {low:.0%} change the mean dose by less than {first:g} Gy, "
        "{middle:.0%} by {first:g} to {second:g} Gy, {high:.0%} by more."
    ).format(
        n=shares["count"], low=shares["below_0.25"], middle=shares["0.25_to_1"],
        high=shares["above_1"], first=LOW_GY, second=HIGH_GY,
    )


def projectSentence(project: Optional[Project]) -> str:
    """What is open, and what wants attention."""
    if project is None:
        return _("No project is open.")
    record = project.record
    parts = [_("{name}: {n} cases of {structures}.").format(
        name=record.name, n=len(record.cases), structures=", ".join(record.structures)
    )]  # fmt: skip
    if project.taken_over is not None:
        parts.append(_(
            "It had been left open by {owner}, which is gone; it was taken over."
        ).format(owner=project.taken_over))  # fmt: skip
    unsaved = {case for case, _name in project.unsaved()}
    if unsaved:
        names = ", ".join(project.case(case).name for case in sorted(unsaved))
        parts.append(_(
            "Drawn but not yet given to training: {names}. Open and save them."
        ).format(names=names))  # fmt: skip
    return " ".join(parts)


def trainingSentence(training: Optional[Training], isNextReady: bool = False) -> str:
    """What the training does now, in one sentence; "" without a project."""
    if training is None:
        return ""
    if training.problem:
        return _("Training ended: {reason} What was learnt is safe; start it again.").format(
            reason=training.problem
        )
    parts = [_doing(training), *_figures(training.status)]
    if training.status.get("problem"):
        parts.append(_("cannot be saved now: {why}").format(why=training.status["problem"]))
    if isNextReady:
        parts.append(_("the next case is ready"))
    sentence = "; ".join(parts)
    return sentence[:1].upper() + sentence[1:] + "."


def _doing(training: Training) -> str:
    if training.state == STARTING:
        return _("training starts")
    if training.state == STOPPING:
        return _("training is being stopped")
    if training.state == RUNNING:
        return _("training: {said}").format(said=training.said or _("running"))
    return _("training is stopped")


def _figures(status: Mapping[str, Any]) -> List[str]:
    best = status.get("best")
    if not best:
        return []
    if best.get("score") is None:
        return [_("a first network predicts; no validation case yet tells how well")]
    return [_("the network that predicts is of epoch {epoch}, validation Dice {dice:.3f} "
              "(cases: {n})").format(epoch=best["epoch"], dice=best["score"],
                              n=best.get("cases") or "?")]  # fmt: skip


def leftOut(training: Optional[Training], project: Optional[Project]) -> str:
    """Cases that training cannot use, and what happened to it; "" for nothing."""
    if training is None or project is None:
        return ""
    lines = list(training.status.get("notes") or [])[-2:]
    for caseId, why in (training.status.get("cases_left_out") or {}).items():
        lines.append(_("Left out of training: {name}: {why}").format(
            name=_nameOf(project, caseId), why=why
        ))  # fmt: skip
    return "\n".join(lines)


def _nameOf(project: Project, caseId: str) -> str:
    try:
        return project.case(caseId).name
    except InputError:  # not of this record any more
        return caseId


def caseSentence(case: Any) -> str:
    """How far the selected structure of the open case is."""
    if case is None:
        return _("No case is open: choose one in the list.")
    if case.unsaved.problem:
        text = _("NOT SAVED: what you drew last; it is tried again every few seconds. {why}")
        return text.format(why=case.unsaved.problem)
    annotation = case.correction.annotation
    text = _("{structure}: {voxels} voxels corrected; {reviewed} of {all} slices confirmed as "
             "right.").format(structure=case.structure, voxels=_changed(annotation),
                              reviewed=int(annotation.reviewed.sum()),
                              all=len(annotation.reviewed))  # fmt: skip
    if not annotation.model:
        return text + " " + _("There was no prediction yet: draw it, or paint where it is.")
    return text + " " + _("Predicted by: {model}.").format(model=annotation.model)


def _changed(annotation: Annotation) -> int:
    """Number of voxels that are not as predicted: marks may also confirm what was predicted."""
    part = annotation.part  # small, beside a CT
    marks, predicted = annotation.marks[part], annotation.prediction[part]
    return int(np.count_nonzero((marks != NONE) & ((marks == FOREGROUND) != predicted)))


def absentQuestion(structures: Sequence[str]) -> str:
    """Asked when structures are confirmed of which nothing is drawn in the whole image."""
    if len(structures) == 1:
        return _(
            "{structure} has not been drawn at all. Is it really absent from this image?\n\n"
            "Yes: training learns that it is not there. No: the case is not saved yet."
        ).format(structure=structures[0])  # fmt: skip
    return _(
        "Not drawn at all: {structures}. Are they really absent from this image?\n\n"
        "Yes: training learns that they are not there. No: the case is not saved yet."
    ).format(structures=", ".join(structures))  # fmt: skip


def othersQuestion(structure: str, others: Mapping[str, int]) -> str:
    """Asked when an edit changed structures that were not selected."""
    lines = "\n".join(f"{name}: {count}" for name, count in sorted(others.items()))
    return _(
        "This edit of {structure} also changed other structures (voxels):\n\n{lines}\n\nDid you "
        "mean that? Yes: they count as corrections, too. No: they stay as they were."
    ).format(structure=structure, lines=lines)


def lossQuestion(why: str) -> str:
    """Asked when a case is left with something that the project cannot take."""
    return _(
        "{why}\n\nLeave the case all the same? Yes: its contours as they are now stay in the scene "
        "as a segmentation of its own, to be saved from there; the project has what was drawn "
        "before. No: the case stays open as it is."
    ).format(why=why)
