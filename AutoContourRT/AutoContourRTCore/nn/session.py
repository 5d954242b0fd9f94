"""From a dataset folder to a model folder, in one process or in several under torchrun.

Everything on the way lies in MODEL.training/: the prepared cases (train.npz, validation.npz), what
they are (dataset.json), and what the trainer keeps. From it a training goes on after any stop.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import MANIFEST, read_manifest
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.nn import processes
from AutoContourRTCore.nn.cases import MAX_STRUCTURES, Case, load_cases, save_cases
from AutoContourRTCore.nn.dataset import Split, find_names, find_split, partners, read_cases
from AutoContourRTCore.nn.devices import choose_device
from AutoContourRTCore.nn.export import export_model
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.start_model import load_start
from AutoContourRTCore.nn.training import Trainer, TrainingData
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.volumes.atomic import atomic_path, write_text

PREPARATION_SHARE = 0.05

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """What `autocontourrt train` is asked for.

    structures: names in any usual spelling; None for all that the catalogue knows. hours: of
    training in this run. resume: go on from the training folder, and replace the model. start: the
    model folder whose weights a new training begins with.
    """

    dataset: Path
    out: Path
    recipe: Recipe
    structures: Optional[Tuple[str, ...]] = None
    device: str = "auto"
    hours: float = float("inf")
    resume: bool = False
    start: Optional[Path] = None

    @property
    def training(self) -> Path:
        """The folder of everything between dataset and model."""
        return training_folder(self.out)


@dataclass(frozen=True)
class _Plan:
    """dataset.json: what was prepared. Cases by name, structures by standard name."""

    structures: Tuple[str, ...]
    spacing: Tuple[float, ...]
    train: Tuple[str, ...]
    validation: Tuple[str, ...]
    dataset: str = ""  # where they came from; "" in folders of before
    start: Optional[str] = None  # id of the model begun with, "" for none; None in such folders


def train_model(
    job: Job, progress: Progress = ignore_progress, say: Say = lambda text: None
) -> Optional[Manifest]:
    """Prepare, train, write the model; its manifest, or None in a torchrun process but the first.

    say: gets what the user should know, sentence by sentence. Raises InputError for what the user
    can mend; Cancelled from the callback leaves a checkpoint behind.
    """
    _check(job)
    device = choose_device(job.device)
    processes.join_group(device)
    try:
        first = processes.rank_and_world()[0] == 0
        if first:
            _prepare(job, part_of(progress, 0.0, PREPARATION_SHARE), say)
        processes.agree(True, device)  # wait for the first
        data = _load(job.training)
        trainer = Trainer(data, job.recipe, job.training, device)
        text = _begin(trainer, job)
        if text and first:
            say(text)
        trainer.run(job.hours, part_of(progress, PREPARATION_SHARE, 1.0))
        return _export(job, data) if first else None
    finally:
        processes.leave_group()


def _begin(trainer: Trainer, job: Job) -> str:
    """Where the training goes on from, as a sentence; "" for fresh weights."""
    if job.resume and trainer.resume():
        return f"Going on from step {trainer.step}."
    if job.start is None:
        return ""
    start = load_start(job.start)
    trainer.start_from(start)
    known = ", ".join(start.known(trainer.structures)) or "none of these structures"
    return f"Starting from the weights of {start.id}, which knows {known}."


def training_folder(out: Path) -> Path:
    """MODEL.training beside MODEL."""
    absolute = out.absolute()
    return absolute.with_name(absolute.name + ".training")


def saved_recipe(training: Path) -> Optional[Recipe]:
    """The recipe of a training folder, None where there is none yet."""
    path = training / "recipe.json"
    if not path.exists():
        return None
    return Recipe.from_dict(json.loads(path.read_text(encoding="utf-8")))


def _check(job: Job) -> None:
    """Find out before the work what would spoil its end."""
    if not job.hours > 0:
        raise InputError(f"--hours {job.hours} is not a time; give a number above 0.")
    if not job.out.absolute().parent.is_dir():
        raise InputError(f"{job.out.absolute().parent} does not exist; create this folder first.")
    if job.out.exists() and not (job.resume and (job.out / MANIFEST).is_file()):
        raise InputError(
            f"{job.out} exists already; choose another name, or add --resume to go on training "
            "the model of that name."
        )
    started = (job.training / "checkpoint.pt").exists()
    if started and not job.resume:
        raise InputError(
            f"{job.training} holds a training already; add --resume to go on with it, or delete "
            "that folder to start anew."
        )


def _prepare(job: Job, progress: Progress, say: Say) -> None:
    """Make train.npz, validation.npz and, last, dataset.json, unless they are there."""
    plan = _saved_plan(job.training)
    if plan is not None and job.resume:
        _check_same(job, plan)
        say(
            f"Going on with the {len(plan.train)} + {len(plan.validation)} cases that were prepared"
            f" from {plan.dataset or 'a dataset'}; {job.dataset} is not looked at again."
        )
        return
    if job.resume:
        say(f"There is nothing to go on with: this begins anew, recipe {job.recipe.name}.")
    split = find_split(job.dataset)
    structures = _structures(job, split, part_of(progress, 0.0, 0.3), say)
    spacing = job.recipe.spacing
    folders = (*split.train, *split.validation)
    _try_to_write(job.training)
    cases = read_cases(folders, structures, spacing, part_of(progress, 0.3, 1.0))
    train, judged = cases[: len(split.train)], cases[len(split.train) :]
    _check_all_drawn(train, structures)
    say(f"{len(train)} cases to train on, {len(judged)} to judge by: {', '.join(structures)}.")
    job.training.mkdir(parents=True, exist_ok=True)
    (job.training / "dataset.json").unlink(missing_ok=True)  # it must never tell of other cases
    for name, part in (("train.npz", train), ("validation.npz", judged)):
        with atomic_path(job.training / name) as temporary:
            save_cases(part, temporary)
    plan = _Plan(
        structures, spacing, tuple(c.name for c in train), tuple(c.name for c in judged),
        str(job.dataset.resolve()), read_manifest(job.start).id if job.start else "",
    )
    for name, values in (("recipe.json", job.recipe.to_dict()), ("dataset.json", asdict(plan))):
        write_text(job.training / name, json.dumps(values, indent=1))


def _try_to_write(training: Path) -> None:
    """Before all cases are read: a disk that takes nothing says so now."""
    try:
        is_new = not training.exists()
        training.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=training):
            pass
        if is_new:
            training.rmdir()
    except OSError as error:
        raise InputError(
            f"{training} cannot be written ({error.strerror}); choose another output."
        ) from error


def _structures(job: Job, split: Split, progress: Progress, say: Say) -> Tuple[str, ...]:
    """Standard names of what the model shall learn, in the order of its channels."""
    if job.structures is not None:
        return tuple(dict.fromkeys(standard_name(name) for name in job.structures))
    names = find_names(split.train, progress)
    if names.unknown:
        say(f"Left out, for their names are unknown: {', '.join(names.unknown)}.")
    if not names.known:
        raise InputError(
            f"The training cases of {job.dataset} have no structure that is known by name."
        )
    if len(names.known) > MAX_STRUCTURES:
        raise InputError(
            f"The dataset has {len(names.known)} structures, one model learns at most "
            f"{MAX_STRUCTURES}: choose with --structures from {', '.join(names.known)}."
        )
    return names.known


def _check_all_drawn(cases: Sequence[Case], structures: Sequence[str]) -> None:
    for n, name in enumerate(structures):
        if not any(case.drawn[n] for case in cases):
            raise InputError(
                f"{name} is drawn in none of the {len(cases)} training cases; leave it out."
            )


def _check_same(job: Job, plan: _Plan) -> None:
    if plan.spacing != job.recipe.spacing:
        raise InputError(
            f"The cases in {job.training} were prepared for a spacing of {plan.spacing} mm, the "
            f"recipe works on {job.recipe.spacing} mm; train another model."
        )
    _check_same_start(job, plan)
    if job.structures is None:
        return
    wanted = {standard_name(name) for name in job.structures}
    if wanted != set(plan.structures):
        raise InputError(
            f"The training in {job.training} is of {', '.join(plan.structures)}; leave "
            "--structures out to go on with it, or train another model."
        )


def _check_same_start(job: Job, plan: _Plan) -> None:
    if plan.start is None:
        return
    begun = f"{job.training} was begun with {plan.start or 'fresh weights'}"
    if job.start is not None and read_manifest(job.start).id != plan.start:
        raise InputError(f"{begun}; leave --start out to go on with it, or train another model.")
    if job.start is None and plan.start and not (job.training / "checkpoint.pt").exists():
        raise InputError(f"{begun}, and stopped before a checkpoint; add --start {plan.start}.")


def _saved_plan(training: Path) -> Optional[_Plan]:
    path = training / "dataset.json"
    if not path.exists():
        return None
    values: Dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    plain: Dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
    return _Plan(**plain)


def _load(training: Path) -> TrainingData:
    plan = _saved_plan(training)
    if plan is None:
        raise InputError(f"{training / 'dataset.json'} is missing; start without --resume.")
    train, validation = (load_cases(training / f"{name}.npz") for name in ("train", "validation"))
    return TrainingData(train, validation, plan.structures, partners(plan.structures))


def _export(job: Job, data: TrainingData) -> Manifest:
    drawn = {
        name: sum(bool(((case.labels >> n) & 1).any()) for case in data.validation)
        for n, name in enumerate(data.structures)
    }
    model_id = re.sub(r"[^a-z0-9._-]+", "-", job.out.name.lower()).strip(".-_") or "model"
    origin = f"{len(data.train)} training and {len(data.validation)} validation cases"
    plan = _saved_plan(job.training)
    dataset = Path(plan.dataset).name if plan and plan.dataset else job.dataset.resolve().name
    return export_model(
        job.training, job.out, model_id, drawn, name=job.out.name, overwrite=job.resume,
        data=f"{origin} from the folder {dataset}; its owner knows more",
        licence="as the training data allow", parent=(plan.start if plan else "") or "",
    )
