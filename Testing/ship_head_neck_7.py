"""Make the shipped model from a training folder (for maintainers).

    python Testing/ship_head_neck_7.py TRAINING_FOLDER [--figures FIGURES.json] [--weights best.pt]

FIGURES.json comes from `Testing/Bench/head_neck_figures.py --json`, which needs the model in place:
ship once without figures, measure, ship again with them.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any, Dict, List

import torch

from AutoContourRTCore.models.files import write_model
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.places import shipped_folder
from AutoContourRTCore.nn.checkpoint import load_checkpoint
from AutoContourRTCore.nn.export import card, half_precision
from AutoContourRTCore.nn.recipes import Recipe

sys.path.insert(0, str(Path(__file__).with_name("Bench")))
from head_neck_figures import table  # noqa: E402

ID = "head_neck_7"
#: VERSION, DATA and HISTORY say how these weights came about: change them with every training.
VERSION = "0.4.0"
STRUCTURES = (
    "Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible",
)
DATA = (
    "OpenKBP challenge (Babier et al., Medical Physics 2021), head-and-neck planning CTs with "
    "clinical contours: 161 training cases (one, pt_38, shows no head; it was left out from step "
    "2,700 to version 0.3.0), 31 validation cases. In plane 2.7 to 5.4 mm, slices 1.5 to 3.3 mm. A "
    "structure that was not drawn in a case is left out of its loss. Training was watched, and "
    "steered, on 8 to 31 of the validation cases; they are no untouched test. The last averaged "
    "weights were taken."
)
HISTORY = (
    "From the weights of version 0.3.0 (about 5 h of 2 shared CPU cores), two commands with fixed "
    "seeds, 2 h 40 min more, no GPU (Testing/Bench/model_study.md): 6,400 steps on patches of half "
    "the size, learning rate 0.001 to 0; then 1,600 steps from 0.0004 to 0, in which the two "
    "patches of a step are two looks at one place that are to agree, so that a contour changes "
    "little between grids. The larynx is contoured where the trained network says 0.35, the "
    "mandible where it says 0.4, both chosen on training cases"
)
#: Probability of the trained network at which a contour lies, where that is not one half
#: (Bench/thresholds.py).
CONTOURED_AT: Dict[str, float] = {"Larynx": 0.35, "Bone_Mandible": 0.4}
FAILURES = (
    "Trained on CTs of mostly 4 to 5 mm in plane: on finer ones contours are smooth but not finer.",
    "Where cord, oesophagus and larynx end is its guess; clinics differ.",
    "Parotids: it falls short at the deep lobe and at the ends.",
    "An oesophagus that holds air can mislead it.",
    "Not tried on children, on patients after surgery with flaps, or on MR.",
)


def read_training(folder: Path, name: str) -> Dict[str, Any]:
    """The recipe and the averaged weights of a training folder."""
    state = load_checkpoint(folder, torch.device("cpu"), name)
    if state is None:
        raise SystemExit(f"{folder / name} does not exist.")
    recipe = Recipe.from_dict(json.loads((folder / "recipe.json").read_text(encoding="utf-8")))
    weights = state["average"] if "average" in state else state["network"]
    return {"recipe": recipe, "weights": weights}


def contoured_at_half(weights: Dict[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
    """The weights with each structure's logit moved so that its contour lies at one half."""
    moved = dict(weights)
    moved["head.bias"] = weights["head.bias"].clone()
    for name, probability in CONTOURED_AT.items():
        moved["head.bias"][STRUCTURES.index(name)] -= math.log(probability / (1 - probability))
    return moved


def network(run: Dict[str, Any]) -> str:
    """The network and how it was trained."""
    recipe: Recipe = run["recipe"]
    return (
        f"residual 3D U-Net, widths {recipe.widths}, a sigmoid channel per structure; patches of "
        f"{recipe.patch} voxels, {recipe.batch} a step. {HISTORY}"
    )


def validation(figures: Dict[str, Dict[str, float]]) -> List[str]:
    """The card's table."""
    return [
        "All 31 validation cases at their own grid, after post-processing, with bootstrap 95 % "
        "intervals. n: cases in which the structure was drawn; a structure not found counts as "
        "Dice 0. Drawn slices: the axial slices alone in which the clinician drew.",
        "",
        *table(figures),
    ]


def main() -> None:
    """Read the command line and write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--weights", default="best.pt")
    parser.add_argument("--out", type=Path, default=shipped_folder() / ID)
    arguments = parser.parse_args()
    run = read_training(arguments.training, arguments.weights)
    figures = json.loads(arguments.figures.read_text("utf-8")) if arguments.figures else {}
    keys = ("dice_mean", "dice_sd", "surface_dice_mean", "tolerance_mm", "n")
    recipe: Recipe = run["recipe"]
    manifest = Manifest(
        id=ID,
        version=VERSION,
        name="Head and neck, 7 organs at risk",
        structures=STRUCTURES,
        region="head and neck",
        anatomy="planning CT of the head and neck, from the skull base to the shoulders, adults",
        recipe=recipe.to_dict(),
        network={"outputs": len(STRUCTURES), "widths": list(recipe.widths), "inputs": 1},
        training_spacing_mm=recipe.spacing,
        data=DATA,
        licence="Apache-2.0 (weights); training data: MIT (OpenKBP repository)",
        validation={name: {key: f[key] for key in keys} for name, f in figures.items()},
        known_failures=FAILURES,
    )
    text = card(manifest, network(run), validation(figures))
    weights = half_precision(contoured_at_half(run["weights"]))
    write_model(arguments.out, manifest, weights, text, overwrite=True)
    size = (arguments.out / manifest.weights).stat().st_size
    print(f"{arguments.out}: {size / 1e6:.2f} MB of weights")


if __name__ == "__main__":
    main()
