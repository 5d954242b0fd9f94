"""One project and its open case: what the panels call. No widgets.

Nothing that was drawn is lost: each edit lies in the project's journal a turn of the event loop
after it was made, and before a case, the scene or the project is left, what was not seen yet is
taken over.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Collection, Dict, List, Optional, Sequence, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.correction.annotation import Box
from AutoContourRTCore.correction.lock import BEAT_SECONDS
from AutoContourRTCore.correction.predictions import PREDICTION
from AutoContourRTCore.correction.project import Project, case_folder
from AutoContourRTCore.correction.records import NEW, PREDICTED
from AutoContourRTCore.correction.setup import create_project
from AutoContourRTCore.errors import InputError
from AutoContourRTLib.EventLoop import QtTimer
from AutoContourRTLib.Requests import ignore
from CorrectiveTrainingLib.CaseNames import caseName
from CorrectiveTrainingLib.NextImage import NextImage
from CorrectiveTrainingLib.OpenCase import OpenCase
from CorrectiveTrainingLib.Training import Training
from CorrectiveTrainingLib.Unsaved import keepCopy
from CorrectiveTrainingLib.VolumeCases import addVolumeNode
from CorrectiveTrainingLib.WorkTime import WorkTime

#: So long (s) nothing was touched before the next image is read: reading keeps the event loop.
QUIET_SECONDS = 1.5
#: A prediction that comes while a question about an edit is open is looked at again after (s).
RETRY_SECONDS = 0.5


class Session:
    """project, training and case are None while there is none.

    The callbacks may be set later: onChanged() (show everything anew), onCaseChanged() (another
    case, or none, is open), onEdited() (the open case was changed), onTraining() (the training
    has something to say), confirm(others) and onProblem(message) as in OpenCase;
    confirmAbsent(structures): whether the user means that the image does not hold them;
    confirmLoss(why): whether to go on although what was drawn is lost then.
    """

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self.project: Optional[Project] = None
        self.training: Optional[Training] = None
        self.case: Optional[OpenCase] = None
        self.device, self.trainsByItself = "auto", True
        self.onChanged: Callable[[], None] = ignore
        self.onEdited: Callable[[], None] = ignore
        self.onCaseChanged: Callable[[], None] = ignore
        self.onTraining: Callable[[], None] = ignore
        self.onProblem: Callable[[str], None] = ignore
        self.confirm: Callable[[Dict[str, int]], Collection[str]] = lambda others: ()
        self.confirmAbsent: Callable[[Sequence[str]], bool] = lambda structures: False
        self.confirmLoss: Callable[[str], bool] = lambda why: False
        self._next = NextImage()
        self._touchedAt = 0.0
        self._work = WorkTime()
        self._timers: List[Any] = []
        self._later: Optional[Any] = None  # the timer of a prediction that waits

    # Project

    def openProject(self, folder: Path, byForce: bool = False) -> None:
        """Go on with a project; the one before is closed then. byForce: also where somebody else
        has it open. Raises LockedByOther, which names them, and InputError."""
        if self.project is not None and folder.absolute() == self.project.folder:
            self.close()
        self._exchange(Project.open(folder, byForce))

    def createProject(self, folder: Path, *arguments: Any, **named: Any) -> None:
        """A new project, see Core's setup.create_project. Raises InputError."""
        self._exchange(create_project(folder, *arguments, **named))

    def _exchange(self, project: Project) -> None:
        """Another project in place of the open one; InputError where that cannot be left."""
        try:
            self.close()
        except Exception:
            project.close()
            raise
        self.use(project)

    def use(self, project: Project) -> None:
        """Work on a project that was just opened, while no other is open."""
        self.project = project
        self._work = WorkTime(project.log.read().events)
        self.training = Training(
            self._worker, project.folder, lambda: self.onTraining(), self._isBetter
        )
        self._timers = [
            QtTimer(BEAT_SECONDS / 3, self._beat, True),
            QtTimer(QUIET_SECONDS / 3, self._readAhead, True),
        ]
        self.onChanged()

    def close(self) -> None:
        """Close the project; it stays open, with an InputError, where its case cannot be left."""
        if self.project is None:
            return
        self.leave()
        for timer in self._timers:
            timer.stop()
        if self.training is not None:
            self.training.close()
        self.project.close()
        self.project = self.training = None
        self._timers, self._next = [], NextImage()
        self.onChanged()

    def submit(self, request: Any, handler: Any) -> str:
        """Ask the worker for something that is not of the open project; the request's id."""
        return str(self._worker.submit(request, handler))

    def cancel(self, number: str) -> None:
        """Take a request of `submit` back."""
        self._worker.cancel(number)

    def setDose(self, path: Path, unit: str) -> Tuple[str, ...]:
        """The dose of the open case; unit: "Gy" or "cGy", of an image file. Returns why structures
        could not be judged by it. Raises InputError."""
        problems = self._opened().set_dose(self._openCase().id, path, unit)
        self.onChanged()
        return problems

    def setLargestOnly(self, isOnly: bool) -> None:
        """Whether predictions keep only the largest part of each structure. Raises InputError."""
        self._opened().change_settings(largest_component=isOnly)
        self.onChanged()

    def addFiles(self, paths: List[str], copy: bool) -> List[str]:
        """Images (files, DICOM folders) as new cases; their ids. Raises InputError at the first
        that cannot be read; those before it are in."""
        project, added = self._opened(), []
        try:
            for path in map(Path, paths):
                name = caseName(path, [case.name for case in project.record.cases])
                added.append(project.add_image(path, name, copy))
        finally:
            self.onChanged()
        return added

    def addVolumeNode(self, volumeNode: Any) -> str:
        """A copy of a volume of the scene as a new case; its id. Raises InputError."""
        try:
            return addVolumeNode(self._opened(), volumeNode)
        finally:
            self.onChanged()

    def relocateAll(self, folder: Path) -> List[str]:
        """Look for images that are gone in a folder; the ids of those found."""
        found = self._opened().relocate_all(folder)
        self._next.tryAgain()
        self.onChanged()
        return found

    def lastCase(self) -> str:
        """The case to go on with: the one that was opened last, else the first one not corrected.
        """
        project = self._opened()
        known = [case.id for case in project.record.cases]
        opened = [e.case for e in project.log.read().events if e.name == "open" and e.case in known]
        fresh = [case.id for case in project.record.cases if not case.annotations]
        return (opened[-1:] or fresh[:1] or known[:1])[0]

    # Case

    def open(self, caseId: str, structure: str = "") -> None:
        """Show a case, to be corrected. Raises InputError; the case before then stays open."""
        project = self._opened()
        self._settle()
        if self.case is not None:
            structure = structure or self.case.structure
        volume = self._next.volume(caseId) or project.volume(caseId)
        corrections = project.correct(caseId)
        try:
            opened = OpenCase(
                project.case(caseId), volume, corrections, structure,
                lambda others: self.confirm(others), self._edited,
                lambda message: self.onProblem(message),
            )
        except Exception:
            self._goOn()
            raise
        self._put(opened)
        told = [f"{name}: {correction.note}" for name, correction in corrections.items()
                if correction.note]  # fmt: skip
        if told:
            self.onProblem("\n".join(told))
        if project.state(caseId) == NEW:
            self.predict(caseId)

    def leave(self) -> None:
        """Close the case; what was drawn stays in the project. Raises InputError where something
        cannot, and the user does not want to lose it: then it stays open."""
        self._settle()
        if self.case is not None:
            self.log("close")
            self._put(None)

    def _settle(self) -> None:
        """Before the case goes: take over what was edited, ask for what no project can take."""
        if self.case is None:
            return
        for action in (self.case.takeEdits, self.case.refuseStrays):
            try:
                action()
            except InputError as error:
                if not self.confirmLoss(str(error)):
                    raise
                keepCopy(self.case.contours)

    def _goOn(self) -> None:
        """With the case that was open: the project has let go of its corrections for another's.
        All of them are in its journals; where those cannot be read now, it is closed."""
        if self.case is None:
            return
        try:
            self._showAnew(self.case)
        except Exception:
            self._put(None)
            raise

    def _showAnew(self, case: OpenCase) -> None:
        """Show what the project holds of the open case, with the newest prediction."""
        case.corrections = self._opened().correct_anew(case.id)
        case.refresh()

    def forsake(self, gone: Optional[Any] = None) -> None:
        """The nodes are taken away: what was edited is taken over as long as they are there; what
        cannot be saved is told. gone: the node that is just being removed."""
        if self.case is None:
            return
        try:
            self.case.takeEdits()
        except InputError as error:
            self.onProblem(str(error))
        self.log("close")
        self._put(None, gone)

    def save(self, reviewed: bool = False) -> bool:
        """Save the case; training may have it from now on. Raises InputError.

        False: a structure was confirmed without being drawn, which was not meant; nothing changed.
        """
        case = self._openCase()
        case.takeEdits()
        absent = case.absent(reviewed)
        with case.unchanged():
            if not case.confirmedAbsent.issuperset(absent) and not self.confirmAbsent(absent):
                return False
        case.confirmedAbsent = set(absent)
        project = self._opened()
        project.save(case.id, reviewed)
        self._work.note("save", case.id, {})
        for problem in filter(None, (project.dose_problem, project.log_problem)):
            told = _("The case is saved, without the change of mean dose, or its time. {problem}")
            self.onProblem(told.format(problem=problem))
        if self.trainsByItself and self.training is not None:
            self.training.start(self.device)
        self.onChanged()
        return True

    def saveAndNext(self) -> bool:
        """Save, and open the next case if any; False: not saved, see `save`. Raises InputError."""
        following = self.nextCase()
        if not self.save():
            return False
        if following is not None:
            self.open(following)
        return True

    def previous(self) -> bool:
        """Open the case before; what was drawn in this one stays in its journal."""
        before = self._opened().neighbour(self._openCase().id, -1)
        if before is not None:
            self.open(before)
        return before is not None

    def _put(self, case: Optional[OpenCase], gone: Optional[Any] = None) -> None:
        if self.case is not None:
            self._work.leave(self.case.id)
        old, self.case = self.case, None
        self._next.tryAgain()
        if old is not None:
            old.remove(gone)
        if case is None and self.project is not None:
            self.project.leave_case()
        self.case = case
        self.log("open")
        self.onCaseChanged()

    # Predictions

    def setBox(self, box: Optional[Box]) -> None:
        """Predict the open case in a box (None: everywhere) from now on. Raises InputError."""
        case = self._openCase()
        self._opened().set_box(case.id, box)
        text = _("The case is not predicted: there is no network yet. Correct and train first.")
        self.predict(case.id, lambda: self.onProblem(text))

    def predict(self, caseId: str, onNone: Callable[[], None] = ignore) -> None:
        """Have a case predicted with the best network so far (onNone: there is none)."""
        if self.training is not None:
            self.training.predict(
                caseId, self.device, lambda ok: self._predicted(caseId) if ok else onNone(),
                lambda message: self.onProblem(message),
            )

    def _predicted(self, caseId: str) -> None:
        """Structures that were annotated keep the prediction they were made on; others show it."""
        case = self.case
        if self.project is None:
            return
        if case is not None and case.id == caseId:
            if case.isTaking:  # its nodes hold an edit yet, and the user is asked about it
                self._later = QtTimer(RETRY_SECONDS, partial(self._predicted, caseId))
                return
            try:
                case.takeEdits()
                self._showAnew(case)
            except InputError as error:
                self.onProblem(str(error))
        self.onChanged()

    def nextCase(self) -> Optional[str]:
        """The id of the case after the open one."""
        if self.project is None or self.case is None:
            return None
        return self.project.neighbour(self.case.id, +1)

    def isNextReady(self) -> bool:
        """Whether the next image is in memory and its prediction made."""
        following = self.nextCase()
        if following is None or self.project is None:
            return False
        return bool(self._next.volume(following)) and self.project.state(following) != NEW

    def _readAhead(self) -> None:
        """Read the next image into memory while the user does nothing."""
        following, project = self.nextCase(), self.project
        quiet = time.monotonic() - self._touchedAt
        if quiet < QUIET_SECONDS or following is None or project is None:
            return
        if self._next.read(project, following) and project.state(following) == NEW:
            self.predict(following)

    def _isBetter(self) -> None:
        """A better network: the next case is predicted again, unless it was annotated."""
        following, project = self.nextCase(), self.project
        if following is not None and project is not None:
            if project.state(following) in (NEW, PREDICTED):
                self.predict(following)
        if self.case is not None and project is not None:
            if not (case_folder(project.folder, self.case.id) / PREDICTION).exists():
                self.predict(self.case.id)
        self.onChanged()

    # What was done, and signs of life

    def log(self, event: str, **values: Any) -> None:
        """Note an event of the open case; a log that cannot be written is told, and no more."""
        if self.project is None or self.case is None:
            return
        self._touchedAt = time.monotonic()
        self._work.note(event, self.case.id, values)
        problem = self.project.log.tried(event, self.case.id, **values)
        if problem:
            self.onProblem(problem)

    def seconds(self) -> Dict[str, float]:
        """Case -> seconds of active work so far, without those of the open case."""
        return self._work.seconds()

    def _beat(self) -> None:
        if self.project is not None:
            self.project.beat()

    def _edited(self) -> None:
        self.log("edit")
        self.onEdited()

    def _opened(self) -> Project:
        if self.project is None:
            raise InputError(_("No project is open; open one, or make a new one."))
        return self.project

    def _openCase(self) -> OpenCase:
        if self.case is None:
            raise InputError(_("No case is open; choose one in the list."))
        return self.case
