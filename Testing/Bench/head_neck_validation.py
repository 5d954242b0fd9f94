"""The shipped model on the clinicians' contours: figures for the card, and what disturbs it.

    python head_neck_validation.py plain [--json FILE]
    python head_neck_validation.py stored|turned|fine|spoilt [--cases N]

plain: per structure how often drawn and found, Dice, surface Dice, what is predicted undrawn.
stored: the same volume flipped and with permuted axes; Dice between the two results.
turned, fine: the volume resampled to a grid turned by 20 degrees, or of 1 x 1 x 2.5 mm; Dice
between the two results, beside the clinical mask's own round trip through that grid (other_grid
tells how).
spoilt: couch, fixation mask and dental streaks added; loss of Dice against the clinician.
Reads AUTOCONTOURRT_DATA/head_neck/validation.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import numpy as np

from AutoContourRTCore.anatomy.catalogue import find, standard_name
from AutoContourRTCore.artefacts import add_couch, add_dental_streaks, add_fixation_mask, padded
from AutoContourRTCore.metrics.measures import dice, mean_surface_distance, surface_dice
from AutoContourRTCore.metrics.surfaces import surface_distances
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.pipeline import (
    LoadedModel,
    load_model,
    place,
    probabilities,
    segment,
)
from AutoContourRTCore.segmentation.postprocess import clean
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import resample, resample_mask
from AutoContourRTCore.volumes.segfile import read_labelmap
from AutoContourRTCore.volumes.volume import Volume

MODEL = "head_neck_7"
AIR = -1000.0
#: Orders of the axes, and which of the new axes are reversed.
STORED = (((0, 1, 2), (0,)), ((0, 1, 2), (1, 2)), ((2, 0, 1), ()), ((1, 2, 0), (0,)))
Scores = Dict[str, List[float]]
Case = Tuple[str, Volume, LabelMap]


def cases(count: int) -> Iterator[Case]:
    """Validation cases with TG-263 names, in the order of their names."""
    folder = Path(os.environ["AUTOCONTOURRT_DATA"]) / "head_neck" / "validation"
    for case in sorted(folder.iterdir())[:count]:
        drawn = read_labelmap(case / "structures.seg.nrrd")
        masks = {standard_name(name): mask for name, mask in drawn.masks.items()}
        yield case.name, read_volume(case / "ct.nrrd"), LabelMap(masks, drawn.geometry)


def contour(volume: Volume, model: LoadedModel) -> LabelMap:
    """The model's contours; a structure that was not found has an empty mask."""
    found = segment(volume, model).labelmap
    empty = np.zeros(volume.geometry.shape, dtype=bool)
    masks = {name: found.masks.get(name, empty) for name in model.manifest.structures}
    return LabelMap(masks, volume.geometry)


def plain(model: LoadedModel, count: int) -> Dict[str, Dict[str, float]]:
    """Figures per structure over the cases as they are."""
    scores: Dict[str, Scores] = {n: defaultdict(list) for n in model.manifest.structures}
    for _, volume, truth in cases(count):
        found = contour(volume, model)
        for name, mask in found.masks.items():
            score = scores[name]
            if name not in truth.masks:
                score["undrawn_voxels"].append(int(mask.sum()))
                continue
            score["found"].append(bool(mask.any()))
            score["dice"].append(dice(truth.masks[name], mask))
            distances = surface_distances(truth.masks[name], mask, volume.geometry.spacing)
            tau = find(name).tolerance_mm or 0.0
            score["surface"].append(surface_dice(distances, tau))
            score["surface_rounded"].append(surface_dice(distances, tau, round_to_grid=True))
            score["msd"].append(
                mean_surface_distance(truth.masks[name], mask, volume.geometry.spacing)
            )
    return {name: _summary(name, score) for name, score in scores.items()}


def _summary(name: str, score: Scores) -> Dict[str, float]:
    msd = [v for v in score["msd"] if np.isfinite(v)]
    return {
        "n": len(score["dice"]),
        "n_found": int(sum(score["found"])),
        "dice_mean": float(np.mean(score["dice"])),
        "dice_sd": float(np.std(score["dice"], ddof=1)),
        "surface_dice_mean": float(np.mean(score["surface"])),
        "surface_dice_rounded_mean": float(np.mean(score["surface_rounded"])),
        "msd_mean_mm": float(np.mean(msd)),
        "tolerance_mm": float(find(name).tolerance_mm or 0.0),
        "undrawn_cases": len(score["undrawn_voxels"]),
        "undrawn_cases_predicted": int(sum(v > 0 for v in score["undrawn_voxels"])),
        "undrawn_voxels_predicted": int(sum(score["undrawn_voxels"])),
    }


def stored(model: LoadedModel, count: int) -> None:
    """Flips and axis permutations: Dice between the results, voxel by voxel in space."""
    worst: Dict[str, float] = {}
    for _, volume, _ in cases(count):
        first = contour(volume, model)
        for order, flips in STORED:
            again = contour(_restored(volume, order, flips), model)
            for name, mask in first.masks.items():
                back = np.flip(again.masks[name], flips).transpose(np.argsort(order))
                if mask.any() or back.any():
                    worst[name] = min(worst.get(name, 1.0), dice(mask, back))
    print("worst Dice between two ways to store a volume:")
    for name, value in worst.items():
        print(f"  {name:<14} {value:.4f}")


def _restored(volume: Volume, order: Tuple[int, ...], flips: Tuple[int, ...]) -> Volume:
    """The same volume with its axes in another order, some of them reversed."""
    old = volume.geometry
    array = np.flip(volume.array.transpose(order), flips)
    axes, spacing = np.asarray(old.axes)[list(order)], np.asarray(old.spacing)[list(order)]
    start = np.zeros(3)
    for axis in flips:
        start[order[axis]] = old.shape[order[axis]] - 1
        axes[axis] *= -1
    origin = tuple(old.to_lps(start))
    geometry = Geometry(array.shape, tuple(spacing), origin, tuple(map(tuple, axes)))
    return Volume(np.ascontiguousarray(array), geometry)


def other_grid(model: LoadedModel, count: int, kind: str) -> None:
    """A turned or finer grid: mean Dice, on the volume's own grid, with the contours of the volume.

    clinical: the clinician's mask, brought to the other grid and back. contour: the surface at
    probability 0.5 that was found in the resampled volume. mask: the mask that was written on the
    other grid, brought back. no network: as `mask`, of the probabilities of the volume itself:
    what two grids of voxels alone cost, which no way of contouring can better.
    """
    columns = ("clinical", "contour", "mask", "no network")
    scores: Dict[str, Scores] = {name: defaultdict(list) for name in model.manifest.structures}
    for _, volume, truth in cases(count):
        old = volume.geometry
        grid = _turned(old) if kind == "turned" else old.with_spacing((2.5, 1.0, 1.0))
        moved = Volume(np.rint(resample(volume, grid, AIR).array).astype(np.int16), grid)
        (here, lattice), (there, turned_lattice) = (_found(v, model) for v in (volume, moved))
        for n, name in enumerate(model.manifest.structures):
            first = clean(place(here[n], lattice, old))
            if not first.any():
                continue
            again = clean(place(there[n], turned_lattice, grid))
            alone = clean(place(here[n], lattice, grid))
            seen = {
                "contour": clean(place(there[n], turned_lattice, old)),
                "mask": resample_mask(again, grid, old),
                "no network": resample_mask(alone, grid, old),
            }
            for column, mask in seen.items():
                scores[name][column].append(dice(first, mask))
            if name in truth.masks:
                back = resample_mask(resample_mask(truth.masks[name], old, grid), grid, old)
                scores[name]["clinical"].append(dice(truth.masks[name], back))
    print(f"{kind}: mean Dice  {'  '.join(f'{c:>10}' for c in columns)}  contour - clinical")
    for name, score in scores.items():
        means = [float(np.mean(score[c])) if score[c] else float("nan") for c in columns]
        shown = "  ".join(f"{m:10.4f}" for m in means)
        print(f"  {name:<15}  {shown}  {means[1] - means[0]:+.4f}", flush=True)


def _found(volume: Volume, model: LoadedModel) -> Tuple[np.ndarray, Geometry]:
    body = body_mask(volume)
    return probabilities(volume, body, body, model.predictor)


def _turned(old: Geometry) -> Geometry:
    """A grid of the same spacing, turned by 20 degrees about S-I, that covers the old one."""
    angle = np.deg2rad(20.0)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    axes = np.asarray(old.axes) @ turn
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in old.shape])).reshape(3, -1).T
    along = old.to_lps(corners) @ axes.T
    low, spacing = along.min(axis=0), np.asarray(old.spacing)
    shape = np.ceil((along.max(axis=0) - low) / spacing).astype(int) + 1
    return Geometry(tuple(shape), old.spacing, tuple(low @ axes), tuple(map(tuple, axes)))


def spoilt(model: LoadedModel, count: int) -> None:
    """Couch, fixation mask and dental streaks: mean Dice against the clinician, before, after."""
    before, after = defaultdict(list), defaultdict(list)
    for _, volume, truth in cases(count):
        roomy = padded(volume, (0, 14, 14), AIR)
        worse = add_couch(add_fixation_mask(roomy))
        if "Bone_Mandible" in truth.masks:
            teeth = volume.geometry.to_lps(np.argwhere(truth.masks["Bone_Mandible"]).mean(axis=0))
            worse = add_dental_streaks(worse, teeth)
        inner = (slice(None), slice(14, -14), slice(14, -14))
        first, again = contour(volume, model), contour(worse, model)
        for name, mask in truth.masks.items():
            before[name].append(dice(mask, first.masks[name]))
            after[name].append(dice(mask, again.masks[name][inner]))
    print("spoilt: mean Dice against the clinician, clean | spoilt | loss")
    for name in before:
        a, b = float(np.mean(before[name])), float(np.mean(after[name]))
        print(f"  {name:<14} {a:.4f} | {b:.4f} | {a - b:+.4f}")
    means = [float(np.mean([np.mean(v) for v in d.values()])) for d in (before, after)]
    print(f"  mean over structures {means[0]:.4f} | {means[1]:.4f} | {means[0] - means[1]:+.4f}")


def print_plain(figures: Dict[str, Dict[str, float]]) -> None:
    """The figures as a table."""
    print("| structure | n drawn | n found | Dice mean (SD) | surface Dice at tau (rounded tau) "
          "| MSD mm | undrawn: cases predicted, voxels |")
    print("|---|---|---|---|---|---|---|")
    for name, f in figures.items():
        print(
            f"| {name} | {f['n']:.0f} | {f['n_found']:.0f} | {f['dice_mean']:.3f} "
            f"({f['dice_sd']:.3f}) | {f['surface_dice_mean']:.3f} at {f['tolerance_mm']} mm "
            f"({f['surface_dice_rounded_mean']:.3f}) | {f['msd_mean_mm']:.2f} "
            f"| {f['undrawn_cases_predicted']:.0f} of {f['undrawn_cases']:.0f}, "
            f"{f['undrawn_voxels_predicted']:.0f} |"
        )
    print(f"mean Dice over structures: {np.mean([f['dice_mean'] for f in figures.values()]):.4f}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("plain", "stored", "turned", "fine", "spoilt"))
    parser.add_argument("--cases", type=int, default=31)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--model", default=MODEL)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    if arguments.what == "plain":
        figures = plain(model, arguments.cases)
        print_plain(figures)
        if arguments.json:
            arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    elif arguments.what == "stored":
        stored(model, arguments.cases)
    elif arguments.what == "spoilt":
        spoilt(model, arguments.cases)
    else:
        other_grid(model, arguments.cases, arguments.what)


if __name__ == "__main__":
    main()
