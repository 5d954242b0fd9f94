"""A correction project: a folder that is the single truth.

    project.json            cases, structures, settings, split (records.py)
    window.lock             who writes the project (lock.py); trainer.lock: who trains
    images/                 images that were copied in
    cases/ID/prediction.npz the newest prediction
    cases/ID/STRUCTURE/     annotation.npz and its journal of changes
    interactions.jsonl      what the user did, and when
    start_model/            a copy of the model that training starts from
    training/               what the trainer keeps; cache/: can be deleted

The window writes everything but cases/ID/prediction.npz, training/ and cache/, which are the
trainer's. Each file is replaced whole. A project opens where it was left.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.correction import editing, images, records, saving
from AutoContourRTCore.correction.annotation import Box, begin, box_slices
from AutoContourRTCore.correction.editing import ANNOTATION, Correction
from AutoContourRTCore.correction.interaction import InteractionLog
from AutoContourRTCore.correction.lock import Lock, Owner
from AutoContourRTCore.correction.patience import patiently, reached, unreachable
from AutoContourRTCore.correction.predictions import PREDICTION, Prediction, read_prediction
from AutoContourRTCore.correction.records import CaseRecord, ProjectRecord, Settings
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import verify_model
from AutoContourRTCore.nn.cases import check_count
from AutoContourRTCore.volumes.atomic import write_text
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

PROJECT = "project.json"
WINDOW_LOCK, TRAINER_LOCK = "window.lock", "trainer.lock"
INTERACTIONS = "interactions.jsonl"
START_MODEL, TRAINING, CACHE = "start_model", "training", "cache"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def read_record(folder: Path) -> ProjectRecord:
    """What project.json says now; for readers, without any lock. Raises InputError, Unreachable."""
    path = folder / PROJECT
    try:
        text = patiently(lambda: path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} is not a correction project: it has no {PROJECT}.") from error
    except OSError as error:
        raise unreachable(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a backup.") from error
    return records.from_text(text, str(path))


def case_folder(folder: Path, case_id: str) -> Path:
    """Where the files of a case lie."""
    return folder / "cases" / case_id


def annotation_path(folder: Path, case_id: str, structure: str) -> Path:
    """The annotation file of a structure of a case; it need not exist."""
    return case_folder(folder, case_id) / structure / ANNOTATION


class Project:
    """An open project; made by `create` or `open`, given back by `close`.

    taken_over: the dead owner whose lock was replaced, None for none. dose_problem: why the last
    `save` could not use the case's dose, "" for no reason. Every method that writes raises
    InputError when the project was taken over by another, and when the disk is full.
    """

    def __init__(self, folder: Path, record: ProjectRecord, lock: Lock) -> None:
        self.folder, self.record, self._lock = folder, record, lock
        self.taken_over: Optional[Owner] = None
        self.dose_problem = self.log_problem = ""
        self.log = InteractionLog(folder / INTERACTIONS)
        self._open: Dict[str, Correction] = {}
        self._open_case = ""
        self._differing: Dict[str, Tuple[str, ...]] = {}  # case -> what `unsaved` found

    @classmethod
    def create(
        cls,
        folder: Path,
        structures: Sequence[str],
        recipe: Mapping[str, Any],
        name: str = "",
        start_model: Optional[Path] = None,
        **settings: Any,
    ) -> "Project":
        """A new project in a folder that is empty or does not exist.

        structures: names in any usual spelling. recipe: Recipe.to_dict(). start_model: a model
        folder. settings: further fields of records.Settings. Raises InputError.
        """
        folder = folder.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is not empty; choose a new folder for the project.")
        names = tuple(dict.fromkeys(standard_name(text) for text in structures))
        if not names:
            raise InputError("A project needs at least one structure.")
        check_count(names)
        manifest = None if start_model is None else verify_model(start_model)
        _make(folder)
        if start_model is not None:
            shutil.copytree(start_model, folder / START_MODEL)
        start = "" if manifest is None else manifest.id
        plain = json.loads(json.dumps(recipe))  # as it will come back
        record = ProjectRecord(
            name or folder.name, _now(), names, Settings(plain, start, **settings)
        )
        project = cls(folder, record, _lock(folder, record.name))
        project._lock.take()
        project._write(record)
        return project

    @classmethod
    def open(cls, folder: Path, by_force: bool = False) -> "Project":
        """Open a project for writing.

        Raises LockedByOther, which names the owner, where somebody else has it open (by_force:
        take it over from a living owner); InputError for what is no project or is too new.
        """
        folder = folder.absolute()
        record = read_record(folder)
        lock = _lock(folder, record.name)
        owner = lock.take(by_force)
        project = cls(folder, read_record(folder), lock)
        project.taken_over = owner
        return project

    def close(self) -> None:
        """Give the project back; the changes of an open case stay in their journal."""
        self.leave_case()
        self.log.close()
        self._lock.release()

    def __enter__(self) -> "Project":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def beat(self) -> None:
        """Show other machines that this window lives; to be called about every 30 seconds."""
        self._lock.beat()

    # Cases

    def add_image(self, path: Path, name: str = "", copy: bool = False, frame: str = "") -> str:
        """Add an image (file or DICOM folder) as the last case; returns its id. Raises InputError.

        copy: put it into the project, so that the project stands alone. frame: DICOM
        FrameOfReferenceUID of an image file, where it is known.
        """
        self._lock.check()
        shown = name or path.name.split(".")[0]
        case_id = f"{len(self.record.cases) + 1:04d}_{_UNSAFE.sub('-', shown)[:40]}"
        image = images.take_image(self.folder, case_id, path, copy)
        case = CaseRecord(case_id, shown, image, frame_of_reference=frame or images.frame_of(path))
        self._write(replace(self.record, cases=(*self.record.cases, case)))
        return case_id

    def case(self, case_id: str) -> CaseRecord:
        """The record of a case. Unknown id: InputError."""
        return self.record.case(case_id)

    def set_box(self, case_id: str, box: Optional[Box]) -> None:
        """Where predictions are wanted; None for everywhere. Raises InputError for a bad box.

        Annotations that were begun keep the box of their prediction.
        """
        case = self.case(case_id)
        box_slices(box, case.image.geometry.shape)
        self._replace(replace(case, box=box))

    def set_dose(self, case_id: str, path: Path, unit: str) -> Tuple[str, ...]:
        """Name the dose of a case (unit: 'Gy' or 'cGy', "" for DICOM RTDOSE); what was saved of it
        is judged by that. Returns why structures could not be. Raises InputError for a file that
        is no dose or one of another image."""
        case, dose = images.with_dose(self.folder, self.case(case_id), path, unit)
        judged, problems = saving.judged_by_dose(self.folder, case, dose)
        self._replace(judged)
        return problems

    def relocate(self, case_id: str, path: Path) -> None:
        """Tell where the image of a case is now. InputError where that is another image."""
        self._replace(images.relocated(self.folder, self.case(case_id), path))

    def relocate_all(self, folder: Path) -> List[str]:
        """Look for all images that are gone in a folder, see images.places_in; the ids found again.
        Raises InputError where the project belongs to another window now."""
        self._lock.check()
        found = []
        for case in self.record.cases:
            for place in images.places_in(folder, self.folder, case):
                try:
                    self.relocate(case.id, place)
                except InputError:
                    continue  # another image of that name: the case stays as it is, and says so
                found.append(case.id)
                break
        return found

    def volume(self, case_id: str) -> Volume:
        """The image of a case. InputError where it was moved away or is another one now."""
        return images.read_image_of(self.folder, self.case(case_id))

    def state(self, case_id: str) -> str:
        """records.NEW, PREDICTED, CORRECTED or REVIEWED."""
        case = self.case(case_id)
        if case.reviewed:
            return records.REVIEWED
        if case.side:
            return records.CORRECTED
        predicted = (case_folder(self.folder, case_id) / PREDICTION).exists()
        return records.PREDICTED if predicted else records.NEW

    def neighbour(self, case_id: str, step: int) -> Optional[str]:
        """The id of the case before (-1) or after (+1), None at the end of the list."""
        ids = [case.id for case in self.record.cases]
        place = ids.index(self.case(case_id).id) + step
        return ids[place] if 0 <= place < len(ids) else None

    # Corrections

    def prediction(self, case_id: str) -> Optional[Prediction]:
        """The newest prediction of a case; None where there is none yet."""
        geometry = self.case(case_id).image.geometry
        return read_prediction(case_folder(self.folder, case_id), geometry)

    def correct(self, case_id: str) -> Dict[str, Correction]:
        """Structure -> its correction, for a case to look at and to change.

        What was annotated comes back as it was left, with the prediction that it was made on; the
        rest starts from the newest prediction. One case is open at a time: what was changed in the
        one before stays in its journals. Raises InputError for damaged files and another grid.
        """
        return dict(self._open) if case_id == self._open_case else self.correct_anew(case_id)

    def correct_anew(self, case_id: str) -> Dict[str, Correction]:
        """As `correct`, read again: with the newest prediction where nothing was annotated yet.

        Where that fails, the case that was open stays so.
        """
        self._lock.check()  # what is cut off a torn journal is the owner's
        case = self.case(case_id)
        newest = self._newest_if_needed(case)
        opened = {name: self._opened(case, name, newest) for name in self.record.structures}
        self.leave_case()
        self._open, self._open_case = opened, case_id
        return dict(opened)

    def leave_case(self) -> None:
        """Forget the open case; `correct` reads it anew, with its newest prediction."""
        self._differing.pop(self._open_case, None)
        self._open, self._open_case = {}, ""

    def has_annotation(self, case_id: str, structure: str) -> bool:
        """Whether an annotation was begun."""
        path = annotation_path(self.folder, case_id, structure)
        return reached(path, path.exists)

    def save(self, case_id: str, reviewed: bool = False) -> CaseRecord:
        """Save all corrections of a case, judge them, and let training have them.

        reviewed: the user confirms the whole case: each structure is right everywhere, until some
        slice is not confirmed any more. The first save of a case with annotations decides its side
        for good. A structure without prediction or change is left alone. A dose that is gone is
        told by `dose_problem`, a log that is not written by `log_problem`. Raises InputError.
        """
        corrections = self.correct(case_id)
        self._lock.check()
        for correction in corrections.values() if reviewed else ():
            correction.review()
        is_right = all(c.annotation.reviewed.all() for c in corrections.values())
        corrections = {n: c for n, c in corrections.items() if not c.is_untouched}
        for correction in (c for c in corrections.values() if not c.is_saved):
            correction.save()
        before = self.case(case_id)
        case, self.dose_problem = saving.saved_case(self.folder, self.record, before, corrections)
        self._replace(replace(case, reviewed=reviewed or (case.reviewed and is_right)))
        self.log_problem = self.log.tried("save", case_id)
        return self.case(case_id)

    def unsaved(self) -> List[Tuple[str, str]]:
        """(case, structure) that hold changes which were never saved, after a crash for instance.

        They are safe, and come back when the case is opened; training waits for their `save`. Looks
        at all files the first time, later only at those of the case that is open.
        """
        self._differing.pop(self._open_case, None)
        for case in self.record.cases:
            if case.id not in self._differing:
                self._differing[case.id] = tuple(
                    name for name in self.record.structures
                    if saving.differs_from_record(self.folder, case, name)
                )
        return [(case.id, n) for case in self.record.cases for n in self._differing[case.id]]

    def contours(self, case_id: str) -> LabelMap:
        """The corrected contours of a case: of every structure that was annotated."""
        masks = {
            name: correction.corrected for name, correction in self.correct(case_id).items()
            if self.has_annotation(case_id, name)
        }
        return LabelMap(masks, self.case(case_id).image.geometry)

    def take_contours(self, case_id: str, contours: LabelMap) -> None:
        """Contours that exist already, as the truth of a case everywhere. A name that is missing
        was not drawn: nothing is known of it.

        Raises InputError for another grid than the image's, and where the case has annotations.
        """
        case = self.case(case_id)
        if not contours.geometry.same_grid(case.image.geometry):
            raise InputError(
                f"The contours for {case.name!r} lie on another grid than its image; resample them."
            )
        self._lock.check()
        for name in [n for n in self.record.structures if n in contours.masks]:
            annotation = begin(case.image.geometry, contours.masks[name], saving.IMPORTED)
            folder = annotation_path(self.folder, case_id, name).parent
            correction = editing.start(folder, annotation, self._lock.check)
            correction.review()
            correction.save()
        self.leave_case()
        drawn = {n: c for n, c in self.correct(case_id).items() if n in contours.masks}
        self._replace(saving.saved_case(self.folder, self.record, case, drawn)[0])

    def _newest_if_needed(self, case: CaseRecord) -> Optional[Prediction]:
        if all(self.has_annotation(case.id, name) for name in self.record.structures):
            return None
        return self.prediction(case.id)

    def _opened(
        self, case: CaseRecord, structure: str, newest: Optional[Prediction]
    ) -> Correction:
        folder = annotation_path(self.folder, case.id, structure).parent
        if self.has_annotation(case.id, structure):
            return editing.reopen(folder, case.image.geometry, self._lock.check)
        mask: Optional[np.ndarray] = None if newest is None else newest.masks.get(structure)
        if newest is None or mask is None:
            annotation = begin(case.image.geometry, box=case.box)
        else:
            annotation = begin(case.image.geometry, mask, newest.model, newest.box)
        return editing.start(folder, annotation, self._lock.check)

    # project.json

    def change_settings(self, **settings: Any) -> None:
        """Change fields of records.Settings. An unknown one raises TypeError."""
        self._write(replace(self.record, settings=replace(self.record.settings, **settings)))

    def _replace(self, case: CaseRecord) -> None:
        cases = tuple(case if case.id == old.id else old for old in self.record.cases)
        self._write(replace(self.record, cases=cases))

    def _write(self, record: ProjectRecord) -> None:
        self._lock.check()
        record = replace(record, revision=self.record.revision + 1)
        text = records.to_text(record)

        def write() -> None:
            write_text(self.folder / PROJECT, text)

        reached(self.folder / PROJECT, write)
        self.record = record


def _lock(folder: Path, name: str) -> Lock:
    return Lock(folder / WINDOW_LOCK, f"The project {name!r}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be made: {error.strerror}; choose another folder."
        ) from error


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")
