"""``autocontourrt simulate``: how many cases must be corrected until a model is good."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Tuple

from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.cli.gentle import gentle
from AutoContourRTCore.cli.segment_options import add_device_option, model_folder, name_list
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.recipes import RECIPES, Recipe


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "simulate", parents=[common], help="a simulated user corrects case after case",
        description="Works through the cases of DATASET (CASE/ct.nrrd, CASE/structures.seg.nrrd) "
        "in natural order, as a user would who knows the truth: predict, correct the worst "
        "slices, train a while. OUT/curve.csv and curve.png show how good the predictions were.",
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET",
                        help="folder of CASE/ct.nrrd and CASE/structures.seg.nrrd")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", required=True,
                        help="new folder: project, curve.csv, curve.png")
    parser.add_argument("--cases", type=int, default=30, metavar="N",
                        help="the first N with all structures; default: %(default)s")
    parser.add_argument("--structures", type=name_list, metavar="A,B",
                        default=("Bone_Mandible", "Parotid_L"),
                        help="default: Bone_Mandible,Parotid_L")
    parser.add_argument("--recipe", default="default", metavar="NAME",
                        help=f"{', '.join(RECIPES)}; default: %(default)s")
    parser.add_argument("--start", metavar="MODEL", help="start from this model (id or folder)")
    parser.add_argument("--slices", type=int, default=5, metavar="N",
                        help="slices corrected per structure; default: %(default)s")
    parser.add_argument("--seconds-per-case", type=float, default=60.0, metavar="S",
                        help="training after each case; default: %(default)g")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="of weights and patches; default: %(default)s")
    add_device_option(parser)
    parser.add_argument("--resume", action="store_true", help="go on with what OUT holds")
    parser.add_argument("--network-of", metavar="MODEL",
                        help="the network and spacing of this model, without its weights: for "
                        "comparisons with --start MODEL")
    parser.add_argument("--patch", type=_patch, metavar="K,J,I",
                        help="voxels of a patch; default: the recipe's on a GPU, 32,64,64 on a CPU")
    parser.add_argument("--largest-component", action="store_true",
                        help="keep only the largest part of each predicted structure")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Simulate, draw, tell."""
    _check(options)
    from AutoContourRTCore.correction.simulation import PLOT, Plan, Simulation, last_line, save_plot

    structures = tuple(dict.fromkeys(standard_name(name) for name in options.structures))
    start = str(model_folder(options.start)) if options.start else ""
    plan = Plan(
        str(options.dataset.absolute()), structures, options_recipe(options).to_dict(),
        options.cases, start, options.slices, options.seconds_per_case, options.largest_component,
    )
    simulation = Simulation(plan, options.output, options.resume, options.device)
    stopped = "stopped; --resume goes on."
    with screen.progress("Simulating") as progress, gentle(progress, stopped) as report:
        rows = simulation.run(report)
    try:
        save_plot(rows, options.output / PLOT, f"{options.recipe}, seed {options.seed}")
    except ImportError:
        screen.note("The plot needs matplotlib, which is not installed here.")
    line = last_line(rows, len(simulation.state.names))
    screen.done({"output": str(options.output), "result": line})
    screen.say(line)
    return 0


def options_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe, on the network of --start or --network-of, sized for the device."""
    from AutoContourRTCore.correction.setup import correction_recipe
    from AutoContourRTCore.models.files import read_manifest
    from AutoContourRTCore.nn.devices import choose_device

    start = read_manifest(model_folder(options.start)) if options.start else None
    small = choose_device(options.device).type == "cpu"
    chosen = correction_recipe(options.recipe, start, small, options.seed)
    if options.network_of:
        own = Recipe.from_dict(read_manifest(model_folder(options.network_of)).recipe)
        chosen = replace(chosen, widths=own.widths, spacing=own.spacing)
    return replace(chosen, patch=options.patch) if options.patch else chosen


def _check(options: argparse.Namespace) -> None:
    for name, least in (("cases", 1), ("slices", 1), ("seconds_per_case", 1e-3)):
        value: Optional[float] = getattr(options, name)
        if value is None or not value >= least:
            raise InputError(f"--{name.replace('_', '-')} {value} is too little; give more.")
    if options.start and options.network_of:
        raise InputError("--start brings its own network; leave --network-of out.")


def _patch(text: str) -> Tuple[int, int, int]:
    try:
        k, j, i = (int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no patch; give K,J,I voxels") from error
    return (k, j, i)
