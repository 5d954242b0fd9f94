"""How fast the recipes learn from corrections: three methods, several seeds, one table.

    python simulate_study.py DATASET -o OUT [--start-hours 1] [--seconds-per-case 45] [--seeds 0,1]

The same command goes on where a stopped or killed one was. `simulate` runs for each seed and
method: `rootpainter3d` and `default` from random weights; then a model is trained, for
--start-hours, on the cases that the simulation does not use, without the structures it learns and
their other sides, and `default` runs from that model. All have the same network, voxels per patch
and seconds: on a processor the seconds of this process's threads, divided by their number. Run it
alone: beside other work such a second is worth less, and not to each method alike. OUT holds a
folder for each run (see simulation.py), table.md, table.csv, curves.png: made anew after each case.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

from AutoContourRTCore.allocation import keep_freed_memory
from AutoContourRTCore.anatomy.catalogue import find, standard_name
from AutoContourRTCore.correction.report import running_mean_sd
from AutoContourRTCore.correction.setup import (
    SMALL_PATCH,
    SMALL_WIDTHS,
    correction_recipe,
)
from AutoContourRTCore.correction.simulation import (
    RUNNING,
    THRESHOLDS,
    Plan,
    Simulation,
    cases_needed,
    cases_with_all,
    mean_by_case,
)
from AutoContourRTCore.correction.structure_sets import case_folders
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.figures import new_figure, save_figure
from AutoContourRTCore.models.files import MANIFEST, read_manifest
from AutoContourRTCore.nn.dataset import find_names
from AutoContourRTCore.nn.devices import choose_device
from AutoContourRTCore.nn.recipes import Recipe, recipe
from AutoContourRTCore.nn.session import Job, train_model
from AutoContourRTCore.progress import Progress
from AutoContourRTCore.volumes.atomic import atomic_path

#: Name, recipe, whether it starts from the model.
METHODS = (
    ("rootpainter3d", "rootpainter3d", False), ("default", "default", False),
    ("default_started", "default", True),
)
TITLES = {
    "rootpainter3d": "rootpainter3d, from nothing", "default": "default, from nothing",
    "default_started": "default, from a model of other organs",
}
COLORS = {"rootpainter3d": "#d62728", "default": "#1f77b4", "default_started": "#2ca02c"}
GOAL = 0.7  # `default` is to reach it in at most half the cases
TELL_SECONDS = 60.0  # of training, between two lines; a kill loses no more of the hours' count
ALWAYS = 1_000_000  # epochs: the hours end the training
PREPARING = ("names in", "preparing")  # what train_model says before it trains

Run = Tuple[str, int]
Results = Dict[Run, List[float]]


@dataclass(frozen=True)
class Study:
    """What is compared; written to OUT/study.json, and a second run must be of the same."""

    dataset: str
    structures: Tuple[str, ...]
    cases: int
    slices: int
    seconds_per_case: float
    seeds: Tuple[int, ...]
    start_hours: float
    patch: Tuple[int, int, int]
    widths: Tuple[int, ...]
    spacing: Tuple[float, float, float]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """See the top of the file."""
    options = _options(arguments)
    keep_freed_memory()  # as the command line and the worker do
    study = Study(
        str(options.dataset.absolute()), tuple(map(standard_name, options.structures.split(","))),
        options.cases, options.slices, options.seconds_per_case,
        _numbers(options.seeds), options.start_hours, _numbers(options.patch),
        _numbers(options.widths), tuple(float(n) for n in options.spacing.split(",")),
    )
    try:
        results = compare(study, options.output.absolute(), options.device)
    except InputError as error:
        print(f"simulate_study: {error}", file=sys.stderr)
        return 2
    print(table(study, results))
    return 0


def compare(study: Study, out: Path, device: str = "auto") -> Results:
    """Do, or go on with, all of it. Raises InputError for a folder of another study."""
    _same_study(study, out)
    runs = [(name, seed) for seed in study.seeds for name, _recipe, _started in METHODS]
    runs.sort(key=is_started)
    results = {run: _known(out, run) for run in runs}
    told = _Told(study, results)
    for run in runs:
        simulate(study, out, run, device, results, told)
    write_results(study, out, results)
    return results


def is_started(run: Run) -> bool:
    """Whether a run goes on from the model, which must be there then."""
    return next(started for method, _recipe, started in METHODS if method == run[0])


def start_model(study: Study, out: Path, device: str) -> Path:
    """The model of other organs and other patients; trained unless it is there."""
    model = out / "start_model"
    if (model / MANIFEST).is_file():
        return model
    dataset, names = _other_cases(study, out)
    chosen = replace(
        recipe("default"), widths=study.widths, patch=study.patch, spacing=study.spacing,
        schedule="constant", epochs=ALWAYS, validate_every=10,
    )
    path = out / "start_seconds.json"
    before = float(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else 0.0
    left = max(study.start_hours - before / 3600, 1e-9)
    resume = (out / "start_model.training" / "dataset.json").exists()
    job = Job(dataset, model, chosen, names, device, left, resume)
    _say(f"training the model to start from: {len(names)} structures, {left:.2f} h")
    began, said = [0.0], [0.0]

    def note(fraction: float, message: str) -> None:
        now = time.monotonic()
        if not began[0] or message.startswith(PREPARING):  # the hours are not begun
            began[0] = now
        if now - said[0] >= TELL_SECONDS:
            said[0] = now
            trained = now - began[0]
            _write(path, json.dumps(before + trained))
            minutes = max(0.0, left * 60 - trained / 60)
            _say(f"start model: {message}; {minutes:.0f} min of training left")

    _train_an_epoch_at_least(job, note)
    return model


def _train_an_epoch_at_least(job: Job, note: Progress) -> None:
    """Train and write the model; where the hours did not suffice for one epoch, a bit longer."""
    while True:
        try:
            train_model(job, note, _say)
            return
        except InputError:
            begun, ended = (job.training / name for name in ("checkpoint.pt", "best.pt"))
            if ended.exists() or not begun.exists():
                raise
            job = replace(job, hours=1 / 60, resume=True)


def _other_cases(study: Study, out: Path) -> Tuple[Path, Tuple[str, ...]]:
    """A folder with links to the cases that are not simulated, and what is to be learnt there."""
    root = Path(study.dataset)
    used = set(cases_with_all(root, study.structures, study.cases))
    others = [case for case in case_folders(root) if case.relative_to(root).as_posix() not in used]
    if len(others) < 2:
        raise InputError(
            f"{root} has {len(others)} cases beside the {len(used)} simulated ones; use fewer "
            "--cases, so that there is something to train the model to start from."
        )
    folder = out / "other_cases"
    folder.mkdir(parents=True, exist_ok=True)
    for case in others:
        link = folder / "_".join(case.relative_to(root).parts)
        if not link.exists():
            link.symlink_to(case, target_is_directory=True)
    partners = (find(name).left_right_partner for name in study.structures)
    left_out = {*study.structures, *partners}
    names = tuple(name for name in find_names(others).known if name not in left_out)
    if not names:
        raise InputError(f"The other cases of {root} show nothing but what is to be learnt.")
    return folder, names


def plan_of(study: Study, run: Run, start: Optional[Path]) -> Plan:
    """The simulation of a run; `start`: the model it goes on from, None for random weights."""
    name, seed = run
    chosen = next(r for method, r, _started in METHODS if method == name)
    manifest = None if start is None else read_manifest(start)
    made: Recipe = replace(
        correction_recipe(chosen, manifest, True, seed), widths=study.widths, patch=study.patch,
        spacing=study.spacing,
    )
    return Plan(
        study.dataset, study.structures, made.to_dict(), study.cases,
        "" if start is None else str(start), study.slices, study.seconds_per_case,
    )


def simulate(
    study: Study, out: Path, run: Run, device: str, results: Results, told: "_Told"
) -> None:
    """One run, case after case; `results` is brought up to date after each."""
    start = start_model(study, out, device) if is_started(run) else None
    folder = out / f"{run[0]}_seed{run[1]}"
    simulation = Simulation(
        plan_of(study, run, start), folder, (folder / "progress.json").exists(), device,
        clock_of(device),
    )

    def look(fraction: float, message: str) -> None:
        rows = simulation.state.rows
        means = mean_by_case(rows) if rows else []
        if len(means) > len(results[run]):
            results[run] = means
            write_results(study, out, results)
            told.case(run, [row["dice_before"] for row in rows[-len(study.structures) :]])

    simulation.run(look)
    look(1.0, "")


def clock_of(device: str) -> Callable[[], float]:
    """Seconds of training: of this process's threads each on a CPU, by the clock on a GPU."""
    if choose_device(device).type != "cpu":
        return time.monotonic
    return lambda: time.process_time() / torch.get_num_threads()


class _Told:
    """A line after each case, with the time that all of it will still take."""

    def __init__(self, study: Study, results: Results) -> None:
        self._study, self._results = study, results
        self._began, self._before = time.monotonic(), sum(map(len, results.values()))

    def case(self, run: Run, dice: Sequence[float]) -> None:
        means = self._results[run]
        done = sum(map(len, self._results.values()))
        left = len(self._results) * self._study.cases - done
        pace = (time.monotonic() - self._began) / (done - self._before)
        shown = ", ".join(f"{value:.2f}" for value in dice)
        _say(
            f"{TITLES[run[0]]}, seed {run[1]}: case {len(means)} of {self._study.cases}, Dice "
            f"before correction {shown}; running mean {np.mean(means[-RUNNING:]):.2f}; "
            f"{left * pace / 60:.0f} min left in all"
        )


# Results


def rows_of(study: Study, results: Results) -> List[Dict[str, Any]]:
    """One row a method and seed: cases needed ("" while not known), and the end of the curve."""
    rows = []
    for seed in study.seeds:
        for name, _recipe, _started in METHODS:
            means = results[(name, seed)]
            row: Dict[str, Any] = {"method": TITLES[name], "seed": seed, "cases": len(means)}
            for threshold in THRESHOLDS:
                needed, end = cases_needed(means, threshold), len(means) >= study.cases
                never = f">{study.cases}" if end else ""
                row[f"cases_to_{threshold:g}"] = never if needed is None else needed
            row["last_mean"] = round(float(np.mean(means[-RUNNING:])), 3) if means else ""
            rows.append(row)
    return rows


def table(study: Study, results: Results) -> str:
    """The comparison in Markdown, and a sentence on the goal for each seed."""
    rows = rows_of(study, results)
    lines = [
        f"{', '.join(study.structures)}; {study.cases} cases, {study.slices} slices and "
        f"{study.seconds_per_case:g} s each; cases until the running mean of {RUNNING} reached:",
        "", "| method | seed | " + " | ".join(f"{t:g}" for t in THRESHOLDS)
        + f" | mean of the last {RUNNING} | cases done |", "|---" * (4 + len(THRESHOLDS)) + "|",
    ]  # fmt: skip
    for row in rows:
        needed = " | ".join(str(row[f"cases_to_{t:g}"]) for t in THRESHOLDS)
        lines.append(
            f"| {row['method']} | {row['seed']} | {needed} | {row['last_mean']} | {row['cases']} |"
        )
    return "\n".join([*lines, "", *(_verdict(study, results, seed) for seed in study.seeds)]) + "\n"


def _verdict(study: Study, results: Results, seed: int) -> str:
    """Whether the best of our two ways needs at most half the cases of RootPainter3D's."""
    if any(len(results[(name, seed)]) < study.cases for name, _r, _s in METHODS):
        return f"Seed {seed}: not all cases are done."
    theirs = cases_needed(results[("rootpainter3d", seed)], GOAL)
    said = []
    for name in ("default", "default_started"):
        ours = cases_needed(results[(name, seed)], GOAL)
        bar = study.cases if theirs is None else theirs
        is_half = ours is not None and ours <= bar / 2
        shown = f">{study.cases}" if ours is None else str(ours)
        said.append(f"{TITLES[name]} {shown} ({'at most half' if is_half else 'more than half'})")
    first = f">{study.cases}" if theirs is None else str(theirs)
    return f"Seed {seed}, to {GOAL:g}: rootpainter3d {first}; {'; '.join(said)}."


def write_results(study: Study, out: Path, results: Results) -> None:
    """table.md, table.csv and curves.png as far as it is."""
    _write(out / "table.md", table(study, results))
    rows, text = rows_of(study, results), io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write(out / "table.csv", text.getvalue())
    draw(study, results, out / "curves.png")


def draw(study: Study, results: Results, path: Path) -> None:
    """The running mean of the Dice before correction: a colour a method, a line style a seed."""
    figure = new_figure((8.0, 4.8))
    axes: Any = figure.add_subplot()
    for (name, seed), means in results.items():
        order = np.arange(1, len(means) + 1)
        style = ("-", "--", ":", "-.")[study.seeds.index(seed) % 4]
        axes.plot(order, means, "o", markersize=2.5, color=COLORS[name], alpha=0.35)
        smooth = [mean for mean, _sd in running_mean_sd(means, RUNNING)]
        axes.plot(order, smooth, style, color=COLORS[name], label=f"{TITLES[name]}, seed {seed}")
    axes.axhline(GOAL, color="#888888", linewidth=0.8)
    axes.set_xlabel("cases corrected")
    axes.set_ylabel(f"Dice before correction; lines: mean of {RUNNING}")
    axes.set_xlim(0.5, study.cases + 0.5)
    axes.set_ylim(0.0, 1.0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    save_figure(figure, path)


# Files


def _known(out: Path, run: Run) -> List[float]:
    """What an earlier start did of a run."""
    path = out / f"{run[0]}_seed{run[1]}" / "progress.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    return mean_by_case(rows) if rows else []


def _same_study(study: Study, out: Path) -> None:
    path = out / "study.json"
    wanted = json.loads(json.dumps(asdict(study)))
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        _write(path, json.dumps(wanted, indent=1))
    elif json.loads(path.read_text(encoding="utf-8")) != wanted:
        raise InputError(f"{out} holds a study with other settings; choose another folder.")


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _numbers(text: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _options(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--structures", default="Bone_Mandible,Parotid_L")
    parser.add_argument("--cases", type=int, default=30)
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--seconds-per-case", type=float, default=45.0)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--start-hours", type=float, default=1.0)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--patch", default=",".join(map(str, SMALL_PATCH)))
    parser.add_argument("--widths", default=",".join(map(str, SMALL_WIDTHS)))
    parser.add_argument("--spacing", default=",".join(map(str, recipe("default").spacing)))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
