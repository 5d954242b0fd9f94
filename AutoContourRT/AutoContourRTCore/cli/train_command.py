"""``autocontourrt train``: from a folder of drawn cases to a model."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from AutoContourRTCore.cli.gentle import gentle
from AutoContourRTCore.cli.segment_options import add_device_option, model_folder, name_list
from AutoContourRTCore.cli.terminal import Console, QuietConsole
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.recipes import RECIPES, Recipe, recipe

if TYPE_CHECKING:
    from AutoContourRTCore.models.manifest import Manifest

_CANCELLED = "cancelled; --resume goes on from the last checkpoint."


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "train", parents=[common], help="train a model on drawn cases",
        description="DATASET holds CASE/ct.nrrd and CASE/structures.seg.nrrd, directly or in "
        "train/ and validation/. MODEL.training/ keeps all that is needed to go on. Several "
        "processes: torchrun --nproc-per-node N -m AutoContourRTCore train ...",
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET",
                        help="folder of CASE/ct.nrrd and CASE/structures.seg.nrrd")
    parser.add_argument("-o", "--output", type=Path, metavar="MODEL", required=True,
                        help="model folder to write; take it in with `autocontourrt models import`")
    parser.add_argument("--recipe", metavar="NAME",
                        help=f"{', '.join(RECIPES)}, or a .json file; default: default")
    parser.add_argument("--start", metavar="MODEL",
                        help="begin with the weights of this model (id or folder), on its network, "
                        "spacing and intensities")
    parser.add_argument("--structures", type=name_list, metavar="A,B",
                        help="default: all that are known by name")
    parser.add_argument("--hours", type=float, default=float("inf"), metavar="H",
                        help="stop after so long; --resume goes on")
    parser.add_argument("--epochs", type=int, metavar="N", help="instead of the recipe's")
    parser.add_argument("--steps-per-epoch", type=int, metavar="N",
                        help="instead of the recipe's")
    add_device_option(parser)
    parser.add_argument("--resume", action="store_true",
                        help="go on from MODEL.training/ and replace MODEL")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Train and tell the figures."""
    from AutoContourRTCore.nn.session import Job, train_model

    if os.environ.get("RANK", "0") != "0":
        screen = QuietConsole()  # of the processes of torchrun, the first speaks
    job = Job(
        options.dataset, options.output, options_recipe(options), options.structures,
        options.device, options.hours, options.resume,
        model_folder(options.start) if options.start else None,
    )
    with screen.progress("Training") as progress, gentle(progress, _CANCELLED) as report:
        manifest = train_model(job, report, screen.note)
    if manifest is not None:
        _report(manifest, options.output, screen)
    return 0


def options_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe by name or file, or the one that is being resumed; then --epochs and so on."""
    from AutoContourRTCore.nn.session import saved_recipe, training_folder

    saved = saved_recipe(training_folder(options.output)) if options.resume else None
    chosen = _named(options.recipe) if options.recipe else None
    if saved and chosen and saved.name != chosen.name:
        raise InputError(
            f"The training to resume uses the recipe {saved.name!r}, not {chosen.name!r}; leave "
            "--recipe out, or train another model."
        )
    result = saved or _like_start(chosen or recipe("default"), options.start)
    if options.epochs is not None:
        result = replace(result, epochs=options.epochs)
    if options.steps_per_epoch is not None:
        result = replace(result, steps_per_epoch=options.steps_per_epoch)
    return result


def _like_start(chosen: Recipe, start: Optional[str]) -> Recipe:
    """The recipe, on the network of the model to begin with."""
    if not start:
        return chosen
    from AutoContourRTCore.correction.setup import like_start
    from AutoContourRTCore.models.files import read_manifest

    return like_start(chosen, read_manifest(model_folder(start)))


def _named(text: str) -> Recipe:
    if not text.endswith(".json"):
        return recipe(text)
    try:
        return Recipe.from_dict(json.loads(Path(text).read_text(encoding="utf-8")))
    except InputError:
        raise
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{text} is not a recipe that can be read: {error}.") from error


def _report(manifest: Manifest, output: Path, screen: Console) -> None:
    screen.say("structure          cases  Dice in validation")
    for name, figures in manifest.validation.items():
        mean: Optional[float] = figures["dice_mean"]
        screen.say(f"{name:<17}  {figures['n']:5}  {'-' if mean is None else f'{mean:.3f}'}")
    screen.say(f"Written: {output} (model {manifest.id} {manifest.version})")
    screen.done({"output": str(output), "id": manifest.id, "validation": manifest.validation})
