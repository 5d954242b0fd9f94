"""From a training folder to a model that everybody can load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import write_model
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.nn.checkpoint import load_checkpoint
from AutoContourRTCore.nn.recipes import Recipe


def export_model(
    training: Path,
    out: Path,
    model_id: str,
    drawn: Mapping[str, int],
    name: str = "",
    data: str = "not stated",
    licence: str = "not stated",
    overwrite: bool = False,
    parent: str = "",
) -> Manifest:
    """Write the best averaged weights of a training folder, as float16, to a model folder.

    drawn: in how many validation cases each structure was drawn; the Dice is that of best.pt, on
    the network's own grid. parent: id of the model that training began with. Raises InputError for
    a training without a finished epoch, a bad id, and a folder that exists (unless overwrite and it
    is a model) or cannot be written.
    """
    weights, structures, dice = _best(training)
    recipe = _recipe(training)
    manifest = Manifest(
        id=model_id,
        version="1.0",
        name=name or model_id,
        structures=structures,
        region=region_of(structures),
        anatomy=f"CTs that show {', '.join(structures)}",
        recipe=recipe.to_dict(),
        network={"outputs": len(structures), "widths": list(recipe.widths), "inputs": 1},
        training_spacing_mm=recipe.spacing,
        data=data,
        licence=licence,
        validation={s: _figures(dice.get(s), drawn.get(s, 0)) for s in structures},
        parent=parent,
    )
    return write_model(out, manifest, weights, card(manifest), overwrite)


def card(manifest: Manifest, network: str = "", validation: Sequence[str] = ()) -> str:
    """What people should know of a model, in Markdown.

    network: the network and its training in a sentence or two. validation: lines of Markdown;
    without them the manifest's Dice, which is that on the network's own grid.
    """
    k, j, i = manifest.training_spacing_mm
    failures = [f"- {failure}" for failure in manifest.known_failures] or ["None stated."]
    lines = [
        f"# {manifest.name} ({manifest.id} {manifest.version})",
        "",
        "Research use only; not a medical device. Check every contour.",
        "",
        f"- Covers: {manifest.anatomy}",
        f"- Structures: {', '.join(manifest.structures)}",
        f"- Works on: {k} x {j} x {i} mm (S-I, A-P, L-R)",
        f"- Recipe: `{manifest.recipe['name']}`",
        *([f"- Network: {network}"] if network else []),
        *([f"- Started from: `{manifest.parent}`"] if manifest.parent else []),
        f"- Data: {manifest.data}",
        f"- Licence: {manifest.licence}",
        "",
        "## Validation",
        "",
        *(validation or _dice_table(manifest)),
        "",
        "## Known failures",
        "",
        *failures,
    ]
    return "\n".join(lines) + "\n"


def _dice_table(manifest: Manifest) -> List[str]:
    lines = [
        "| structure | validation cases drawn | mean Dice, on the network's grid |",
        "|---|---|---|",
    ]
    for name, figures in manifest.validation.items():
        mean = figures["dice_mean"]
        lines.append(f"| {name} | {figures['n']} | {'-' if mean is None else f'{mean:.3f}'} |")
    return lines


def half_precision(weights: Mapping[str, torch.Tensor]) -> Dict[str, np.ndarray]:
    """The weights as float16, as float32 where they are too large for that."""
    arrays = {}
    for name, tensor in weights.items():
        exact = tensor.detach().cpu().float()
        half = exact.half()
        arrays[name] = (half if bool(half.isfinite().all()) else exact).numpy()
    return arrays


def _best(
    training: Path,
) -> Tuple[Dict[str, np.ndarray], Tuple[str, ...], Dict[str, Optional[float]]]:
    """Weights, structures and validation Dice of the best epoch of a training folder."""
    cpu = torch.device("cpu")
    best, last = (load_checkpoint(training, cpu, file) for file in ("best.pt", "checkpoint.pt"))
    if best is None or last is None:
        raise InputError(
            f"{training} holds no finished epoch yet; train longer (add --resume to go on)."
        )
    dice: Dict[str, Optional[float]] = best["epoch"].get("validation_dice", {})
    return half_precision(best["network"]), tuple(last["structures"]), dice


def _recipe(training: Path) -> Recipe:
    return Recipe.from_dict(json.loads((training / "recipe.json").read_text(encoding="utf-8")))


def region_of(structures: Sequence[str]) -> str:
    """The region in which most of the structures lie, as the catalogue calls it."""
    regions = [find(name).region for name in structures]
    return max(sorted(set(regions)), key=regions.count)


def _figures(dice: Optional[float], count: int) -> Dict[str, Optional[float]]:
    return {
        "dice_mean": dice, "dice_sd": None, "surface_dice_mean": None, "tolerance_mm": None,
        "n": count,
    }
