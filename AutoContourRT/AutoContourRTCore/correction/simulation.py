"""How fast a model learns from corrections: a simulated user works through a folder of cases.

Everything is done as a user would: a project, predictions, corrections, training in between.
OUT/project is that project; OUT/progress.json says how far it is, so that a stopped simulation goes
on; OUT/curve.csv and curve.png are the result so far.
"""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.correction import oracle
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.service import TrainingRun
from AutoContourRTCore.correction.setup import create_project
from AutoContourRTCore.correction.structure_sets import case_folders, read_contours
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.nn.dataset import CONTOURS, CT
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.volumes.atomic import write_text
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import read_labelmap

PROGRESS, CURVE, PLOT, PROJECT = "progress.json", "curve.csv", "curve.png", "project"
COLUMNS = ("case", "structure", "dice_before", "corrected_voxels", "slices", "seconds")
#: The user draws these many cases whole, before there is anything to correct.
DRAWN_WHOLE = 2
THRESHOLDS = (0.6, 0.7, 0.75)
RUNNING = 5
SAVE_SECONDS = 15.0  # of training that a killed simulation repeats at most, beside the trainer's


@dataclass(frozen=True)
class Plan:
    """What is simulated. cases: at most so many. start: a model folder, "" for random weights."""

    dataset: str
    structures: Tuple[str, ...]
    recipe: Dict[str, Any]
    cases: int = 30
    start: str = ""
    slices: int = 5
    seconds_per_case: float = 60.0
    largest_component: bool = False


@dataclass
class Progressed:
    """How far it is: done cases, seconds trained after the present one, the rows so far."""

    plan: Dict[str, Any]
    names: List[str]
    done: int = 0
    trained: float = 0.0
    rows: List[Dict[str, Any]] = field(default_factory=list)


class Simulation:
    """One simulation in one folder; `run` does it or goes on with it.

    Raises InputError for a folder that is in use, another plan than the one begun, and a dataset
    without such cases.
    """

    def __init__(
        self,
        plan: Plan,
        out: Path,
        resume: bool = False,
        device: str = "auto",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan, self.out = plan, out.absolute()
        self._device, self._clock = device, clock
        self.state = self._begun(resume) or self._begin()

    def run(self, progress: Progress = ignore_progress) -> List[Dict[str, Any]]:
        """The rows of curve.csv. Cancelled from the callback leaves all that `resume` needs."""
        from AutoContourRTCore.nn.correction_prediction import CasePredictor

        with Project.open(self.out / PROJECT) as project:
            run = TrainingRun(project.folder, self._device)
            try:
                predictor = CasePredictor(project.folder, self._device)
                for number in range(self.state.done, len(self.state.names)):
                    self._one_case(number, project, predictor, run, progress)
            finally:
                run.end()
        return self.state.rows

    def _one_case(
        self, number: int, project: Project, predictor: Any, run: TrainingRun, progress: Progress
    ) -> None:
        name = self.state.names[number]
        progress(number / len(self.state.names), f"{name}: predicting and correcting")
        case_id = self._case_id(number, project)
        truth = read_contours(
            Path(self.plan.dataset) / name, project.case(case_id).image.geometry,
            self.plan.structures,
        )
        if not project.case(case_id).order:
            predictor.predict(case_id)
            self._correct(number, project, case_id, truth)
        self._train(number, run, progress)
        self.state.rows += self._rows(name, project, case_id, truth)
        self.state.done, self.state.trained = number + 1, 0.0
        self._save()
        self._write_results()

    def _case_id(self, number: int, project: Project) -> str:
        if number < len(project.record.cases):  # an earlier run was stopped in this case
            return project.record.cases[number].id
        name = self.state.names[number]
        return project.add_image(Path(self.plan.dataset) / name / CT, name)

    def _correct(self, number: int, project: Project, case_id: str, truth: LabelMap) -> None:
        for name, correction in project.correct(case_id).items():
            if number < DRAWN_WHOLE:
                oracle.draw_whole(correction, truth.masks[name])
            else:
                oracle.correct_worst_slices(correction, truth.masks[name], self.plan.slices)
        project.save(case_id)

    def _train(self, number: int, run: TrainingRun, progress: Progress) -> None:
        whole, count = self.plan.seconds_per_case, len(self.state.names)
        began, before = self._clock(), self.state.trained
        told = began
        while self.state.trained < whole:
            said = run.unit()
            now = self._clock()
            self.state.trained = before + now - began
            share = (number + min(self.state.trained / whole, 1.0)) / count
            if now - told >= SAVE_SECONDS:
                told = now
                self._save()
            progress(share, f"{self.state.names[number]}: {said}")

    def _rows(
        self, name: str, project: Project, case_id: str, truth: LabelMap
    ) -> List[Dict[str, Any]]:
        rows = []
        for structure, correction in project.correct(case_id).items():
            annotation = correction.annotation
            rows.append({
                "case": name,
                "structure": structure,
                "dice_before": dice(annotation.prediction, truth.masks[structure]),
                "corrected_voxels": int(np.count_nonzero(annotation.marks)),
                "slices": oracle.slices_painted(correction),
                "seconds": round(self.state.trained, 1),
            })
        return rows

    # Files

    def _begun(self, resume: bool) -> Optional[Progressed]:
        path = self.out / PROGRESS
        if not path.exists():
            if self.out.exists() and any(self.out.iterdir()):
                raise InputError(f"{self.out} is not empty; choose a new folder.")
            return None
        if not resume:
            raise InputError(
                f"{self.out} holds a simulation already; add --resume to go on with it, or choose "
                "another folder."
            )
        state = Progressed(**json.loads(path.read_text(encoding="utf-8")))
        if state.plan != json.loads(json.dumps(asdict(self.plan))):
            raise InputError(
                f"{self.out} holds a simulation with other settings; give the same, or choose "
                "another folder."
            )
        return state

    def _begin(self) -> Progressed:
        names = cases_with_all(Path(self.plan.dataset), self.plan.structures, self.plan.cases)
        self.out.mkdir(parents=True, exist_ok=True)
        start = Path(self.plan.start) if self.plan.start else None
        create_project(
            self.out / PROJECT, self.plan.structures, Recipe.from_dict(self.plan.recipe), start,
            "simulation", self.plan.largest_component,
        ).close()
        state = Progressed(json.loads(json.dumps(asdict(self.plan))), names)
        write_text(self.out / PROGRESS, json.dumps(asdict(state), indent=1))
        return state

    def _save(self) -> None:
        write_text(self.out / PROGRESS, json.dumps(asdict(self.state), indent=1))

    def _write_results(self) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.state.rows)
        write_text(self.out / CURVE, text.getvalue())


def cases_with_all(dataset: Path, structures: Sequence[str], most: int) -> List[str]:
    """The first `most` cases, in natural order, in which all the structures are drawn, as paths
    relative to the dataset. Raises InputError where there is none."""
    found: List[str] = []
    for case in case_folders(dataset):
        if len(found) == most:
            break
        geometry = read_labelmap(case / CONTOURS, ()).geometry
        if set(read_contours(case, geometry, structures).masks) == set(structures):
            found.append(case.relative_to(dataset).as_posix())
    if not found:
        raise InputError(f"No case of {dataset} has all of {', '.join(structures)}.")
    return found


def mean_by_case(rows: Sequence[Dict[str, Any]]) -> List[float]:
    """Mean Dice before correction over the structures of each case, in order."""
    by_case: Dict[str, List[float]] = {}
    for row in rows:
        by_case.setdefault(row["case"], []).append(row["dice_before"])
    return [float(np.mean(values)) for values in by_case.values()]


def cases_needed(means: Sequence[float], threshold: float) -> Optional[int]:
    """How many cases until the mean over the last five reached a threshold; None for never."""
    for count in range(RUNNING, len(means) + 1):
        if np.mean(means[count - RUNNING : count]) >= threshold:
            return count
    return None


def last_line(rows: Sequence[Dict[str, Any]], cases: int) -> str:
    """The sentence that ends a simulation."""
    means = mean_by_case(rows)
    needed = [cases_needed(means, threshold) for threshold in THRESHOLDS]
    shown = " / ".join(f">{cases}" if n is None else str(n) for n in needed)
    limits = " / ".join(f"{threshold:g}" for threshold in THRESHOLDS)
    return f"cases until the running mean of {RUNNING} reached {limits}: {shown}"


def save_plot(rows: Sequence[Dict[str, Any]], path: Path, title: str) -> None:
    """The learning curves of all structures. Raises ImportError without matplotlib."""
    from AutoContourRTCore.correction.pictures import save_curve

    curves: Dict[str, List[Optional[float]]] = {}
    for row in rows:
        curves.setdefault(row["structure"], []).append(row["dice_before"])
    save_curve(list(curves.items()), path, title)
