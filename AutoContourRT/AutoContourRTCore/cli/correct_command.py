"""``autocontourrt correct``: train a correction project without a window, and what goes with it."""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Set

from AutoContourRTCore.cli.gentle import gentle
from AutoContourRTCore.cli.segment_options import add_device_option, model_folder, name_list
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.recipes import RECIPES

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|epochs?|)")
_STOPPED = "stopped and saved; the same command goes on."
#: Whether training shall stop, given the seconds since its start and its status.
Limit = Callable[[float, Dict[str, Any]], bool]


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "correct", parents=[common], help="train a correction project",
        description="Trains on what was corrected in the project, and takes up what is being "
        "corrected meanwhile, until stopped. Ctrl-C saves; the next call goes on.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT", help="project folder")
    parser.add_argument("--stop-after", type=_limit, metavar="TIME",
                        help="30s, 10m, 2h or 5epochs; default: never")
    add_device_option(parser)
    others = parser.add_mutually_exclusive_group()
    others.add_argument("--from", dest="dataset", type=Path, metavar="DATASET",
                        help="first make PROJECT of a folder of contoured cases "
                        "(CASE/ct.nrrd and CASE/structures.seg.nrrd)")
    others.add_argument("--stop", action="store_true",
                        help="ask whoever trains PROJECT, on any machine, to save and stop")
    others.add_argument("--report", type=Path, metavar="FOLDER",
                        help="write the table and figures of the corrections so far, and end")
    others.add_argument("--promote", metavar="ID",
                        help="make the best network a model of that name, and end")
    parser.add_argument("--structures", type=name_list, metavar="A,B", help="with --from")
    parser.add_argument("--recipe", metavar="NAME", default="sartor2020",
                        help=f"with --from: {', '.join(RECIPES)}; default: %(default)s")
    parser.add_argument("--start", metavar="MODEL",
                        help="with --from: model to start from (id or folder)")
    parser.add_argument("--small", action="store_true",
                        help="with --from: a network and patches for a CPU")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Do what was asked."""
    if options.report is not None:
        return _report(options.project, options.report, screen)
    if options.promote is not None:
        return _promote(options, screen)
    if options.stop:
        return _stop(options.project, screen)
    if options.dataset is not None:
        _make(options, screen)
    return _train(options, screen)


def _train(options: argparse.Namespace, screen: Console) -> int:
    from AutoContourRTCore.correction.service import TrainingRun

    run = TrainingRun(options.project, options.device)
    told: Set[str] = set()
    began, epoch = time.monotonic(), run.trainer.state.epoch
    try:
        with screen.progress("Training") as progress, gentle(progress, _STOPPED) as report:
            while not run.stop_requested():
                said = run.unit()
                status = run.trainer.status()
                _tell_notes(status, told, screen)
                if status["epoch"] != epoch:
                    epoch = status["epoch"]
                    said = sentence(status)
                report(0.0, said)
                if options.stop_after and options.stop_after(time.monotonic() - began, status):
                    break
    finally:
        run.end()
    status = run.trainer.status()
    screen.say(sentence(status))
    screen.done(status)
    return 0


def sentence(status: Dict[str, Any]) -> str:
    """Where a training is, in one sentence."""
    best = status["best"]
    data = f"{status['train']} training and {status['validation']} validation cases"
    if best is None:
        return f"Epoch {status['epoch']}, {data}; no network predicts yet."
    if best["score"] is None:
        return f"Epoch {status['epoch']}, {data}; nothing to judge by yet, the newest predicts."
    score = f"{best['score']:.3f}"
    judged = f"epoch {best['epoch']}, {best['cases'] or '?'} cases"
    return f"Epoch {status['epoch']}, {data}; best validation Dice {score} ({judged})."


def _tell_notes(status: Dict[str, Any], told: Set[str], screen: Console) -> None:
    """Tell what is new of notes and problems; it is added to what was told."""
    problem: List[str] = [status["problem"]] if status["problem"] else []
    news: List[str] = [*status["notes"], *status["cases_left_out"].values(), *problem]
    for text in news:
        if text not in told:
            told.add(text)
            screen.note(f"Note: {text}")


def _make(options: argparse.Namespace, screen: Console) -> None:
    from AutoContourRTCore.correction.setup import correction_recipe
    from AutoContourRTCore.correction.structure_sets import project_from_structure_sets
    from AutoContourRTCore.models.files import read_manifest

    start: Optional[Path] = model_folder(options.start) if options.start else None
    manifest = None if start is None else read_manifest(start)
    chosen = correction_recipe(options.recipe, manifest, options.small)
    with screen.progress("Reading cases") as progress:
        project = project_from_structure_sets(
            options.project, options.dataset, chosen, options.structures, start, progress=progress
        )
    screen.say(
        f"Made {options.project}: {len(project.record.cases)} cases, "
        f"{', '.join(project.record.structures)}."
    )
    project.close()


def _report(project: Path, folder: Path, screen: Console) -> int:
    from AutoContourRTCore.correction import report

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}.") from error
    rows = report.write_csv(project, folder / "corrections.csv")
    screen.say(f"{len(rows)} corrected contours: {folder / 'corrections.csv'}")
    bands = report.dose_bands(rows)
    if bands["count"]:
        screen.say(
            f"Mean dose changed by 0.25 to 1 Gy in {bands['0.25_to_1']:.0%}, by more than 1 Gy in "
            f"{bands['above_1']:.0%} of {bands['count']:.0f} contours."
        )
    try:
        from AutoContourRTCore.correction.pictures import save_figures
    except ImportError:
        screen.note("Figures need matplotlib, which is not installed here.")
        paths = []
    else:
        paths = save_figures(project, folder) if rows else []
    for path in paths:
        screen.say(f"Written: {path}")
    screen.done({"rows": len(rows), "figures": [str(path) for path in paths]})
    return 0


def _promote(options: argparse.Namespace, screen: Console) -> int:
    from AutoContourRTCore.nn.promotion import promote

    with screen.progress("Judging") as progress:
        made = promote(
            options.project.absolute(), options.promote, options.device, progress=progress
        )
    for name, figures in made.manifest.validation.items():
        mean = figures["dice_mean"]
        shown = "-" if mean is None else f"{mean:.3f}"
        screen.say(f"{name:<17}  {figures['n']:5}  {shown}")
    if made.warning:
        screen.note(f"Warning: {made.warning}")
    screen.say(f"In the store: {made.manifest.id} {made.manifest.version}")
    screen.done({"id": made.manifest.id, "version": made.manifest.version, "warning": made.warning})
    return 0


def _stop(project: Path, screen: Console) -> int:
    from AutoContourRTCore.correction.project import TRAINING, read_record
    from AutoContourRTCore.nn.correction_state import request_stop

    read_record(project)
    request_stop(project / TRAINING)
    screen.say("Asked: the training stops after its present step.")
    screen.done({})
    return 0


def _limit(text: str) -> Limit:
    match = _LIMIT.fullmatch(text.strip().lower())
    if match is None or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give 30s, 10m, 2h or 5epochs")
    number, unit = float(match[1]), match[2]
    if not unit.startswith("epoch"):
        return lambda seconds, status: seconds >= number * _SECONDS[unit]
    first: List[int] = []

    def epochs_done(seconds: float, status: Dict[str, Any]) -> bool:
        first.append(status["epoch"]) if not first else None
        return status["epoch"] - first[0] >= number

    return epochs_done
