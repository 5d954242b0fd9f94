"""The worker's services for projects: training in the background, predictions in between."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

from AutoContourRTCore.correction.lock import Lock
from AutoContourRTCore.correction.patience import reached
from AutoContourRTCore.correction.project import TRAINER_LOCK, TRAINING, read_record
from AutoContourRTCore.correction.requests import (
    CorrectRequest,
    GatherRequest,
    PredictRequest,
    PromoteRequest,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.progress import Progress, Reporter

if TYPE_CHECKING:
    from AutoContourRTCore.nn.correction_prediction import CasePredictor
    from AutoContourRTCore.nn.correction_training import CorrectionTrainer

STATUS_SECONDS = 1.0
WAIT_SECONDS = 0.1
#: A project folder that is missing for so long, from a disk that is there, was deleted or moved.
GONE_SECONDS = 30.0


class TrainingRun:
    """A trainer with its lock, from `begin` to `end`; nobody else trains the project meanwhile."""

    def __init__(
        self, project: Path, device: str = "auto", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.project, self._clock = project.absolute(), clock
        record = read_record(self.project)
        self._disk = reached(self.project, self.project.stat).st_dev
        self._missing_since: Optional[float] = None
        self._is_gone = False
        self._lock = Lock(self.project / TRAINER_LOCK, f"The training of {record.name!r}")
        self._lock.take()
        try:
            self.trainer = self._made(device)
        except BaseException:
            self._lock.release()
            raise

    def unit(self) -> str:
        """One unit of work, see CorrectionTrainer.unit; waits a little where there is none.

        Raises InputError as well where the project was deleted, moved or renamed.
        """
        from AutoContourRTCore.nn.correction_training import AWAY, WAITING

        said = self.trainer.unit()
        self._look_for_folder(said == AWAY)
        if said in (WAITING, AWAY):
            time.sleep(WAIT_SECONDS)
        return said

    def stop_requested(self) -> bool:
        """Whether somebody asked, through the folder, to stop."""
        from AutoContourRTCore.nn.correction_state import stop_requested

        return stop_requested(self.project / TRAINING)

    def end(self) -> None:
        """Save and let others train; not where the lock was lost: then they do already."""
        try:
            if not self._is_gone and self._lock.held():
                self.trainer.close()
        finally:
            self._lock.release()

    def _look_for_folder(self, is_away: bool) -> None:
        if not (is_away and self._is_missing()):
            self._missing_since = None
            return
        now = self._clock()
        if self._missing_since is None:
            self._missing_since = now
        if now - self._missing_since >= GONE_SECONDS:
            self._is_gone = True
            raise InputError(
                f"{self.project} is no longer there: it was deleted, moved or renamed, and its "
                "training has ended. If it was moved or renamed, start the training where it is "
                "now: it goes on from its last checkpoint."
            )

    def _is_missing(self) -> bool:
        """Whether the folder is missing from its disk. A disk that is away takes the folder around
        it along, or leaves one that lies on another disk."""
        try:
            self.project.stat()
        except FileNotFoundError:
            return _disk_of(self.project.parent) == self._disk
        except OSError:
            pass
        return False

    def _made(self, device: str) -> "CorrectionTrainer":
        from AutoContourRTCore.nn.correction_state import stop_requested
        from AutoContourRTCore.nn.correction_training import CorrectionTrainer
        from AutoContourRTCore.nn.devices import choose_device

        stop_requested(self.project / TRAINING)  # one of the past, which nobody was there to hear
        return CorrectionTrainer(self.project, choose_device(device), self._lock.check)


def _disk_of(folder: Path) -> Optional[int]:
    try:
        return folder.stat().st_dev
    except OSError:
        return None


class CorrectionService:
    """Kind "correct": trains between the other requests. One project at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._run: Optional[TrainingRun] = None
        self._report: Optional[Reporter] = None
        self._told_at, self._epoch = 0.0, -1

    def __call__(self, request: CorrectRequest, report: Reporter) -> None:
        """Begin; the work is done in `background_step`. Raises InputError."""
        if self._run is not None:
            raise InputError(f"{self._run.project} is being trained; stop that first.")
        self._run, self._report = TrainingRun(Path(request.project), request.device), report
        self._epoch = -1

    def background_step(self) -> bool:
        """One unit; False when somebody asked through the folder to stop. Raises Cancelled."""
        assert self._run is not None and self._report is not None
        try:
            if self._run.stop_requested():
                self._end()
                return False
            self._tell(self._run.unit())
        except BaseException:
            self._end()
            raise
        return True

    def _tell(self, said: str) -> None:
        assert self._run is not None and self._report is not None
        epoch, now = self._run.trainer.state.epoch, self._clock()
        if epoch != self._epoch or now - self._told_at >= STATUS_SECONDS:
            self._epoch, self._told_at = epoch, now
            self._report.event("status", {**self._run.trainer.status(), "said": said})
        else:
            self._report.event("said", {"said": said})

    def _end(self) -> None:
        run, self._run, self._report = self._run, None, None
        if run is not None:
            try:
                run.end()
            finally:
                from AutoContourRTCore.nn.devices import release_memory

                run = None
                release_memory()


class PredictionService:
    """Kind "predict": keeps the network of the last project."""

    def __init__(self) -> None:
        self._key: Optional[tuple[str, str]] = None
        self._predictor: Optional[CasePredictor] = None

    def __call__(self, request: PredictRequest, progress: Progress) -> Dict[str, Any]:
        """Predict a case. Raises InputError, Cancelled."""
        from AutoContourRTCore.nn.correction_prediction import CasePredictor

        key = (request.project, request.device)
        if self._predictor is None or self._key != key:
            self._predictor = CasePredictor(Path(request.project).absolute(), request.device)
            self._key = key
        found = self._predictor.predict(request.case, progress)
        model = "" if found is None else found.model
        return {"case": request.case, "predicted": found is not None, "model": model}


class GatheringService:
    """Kind "gather"."""

    def __call__(self, request: GatherRequest, progress: Progress) -> Dict[str, Any]:
        """Make a project of contoured cases. Raises InputError, Cancelled."""
        from AutoContourRTCore.correction.structure_sets import project_from_structure_sets
        from AutoContourRTCore.nn.recipes import Recipe

        start = Path(request.start) if request.start else None
        with project_from_structure_sets(
            Path(request.project), Path(request.dataset), Recipe.from_dict(request.recipe),
            request.structures, start, request.copy, progress,
        ) as project:
            record = project.record
        return {"cases": len(record.cases), "structures": list(record.structures)}


class PromotionService:
    """Kind "promote"."""

    def __call__(self, request: PromoteRequest, progress: Progress) -> Dict[str, Any]:
        """Make a model of the best network. Raises InputError, Cancelled."""
        from AutoContourRTCore.nn.promotion import promote

        made = promote(
            Path(request.project).absolute(), request.model, request.device, progress=progress
        )
        return {"id": made.manifest.id, "version": made.manifest.version, "warning": made.warning}
