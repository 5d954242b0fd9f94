"""What disturbs the shipped model, on the validation cases. Its figures: head_neck_figures.py.

    python head_neck_validation.py stored|turned|fine|spoilt [--cases N]

stored: the same volume flipped and with permuted axes; Dice between the two results.
turned, fine: the volume resampled to a grid turned by 20 degrees, or of 1 x 1 x 2.5 mm; Dice
between the two results, beside the clinical mask's own round trip through that grid (other_grid
tells how).
spoilt: couch, fixation mask and dental streaks added; loss of Dice against the clinician.
Reads AUTOCONTOURRT_DATA/head_neck/validation.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from typing import Dict, List, Tuple

import numpy as np
from validation_cases import MODEL, cases, contour

from AutoContourRTCore.artefacts import add_couch, add_dental_streaks, add_fixation_mask, padded
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.pipeline import (
    LoadedModel,
    load_model,
    place,
    probabilities,
)
from AutoContourRTCore.segmentation.postprocess import clean
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.resample import resample, resample_mask
from AutoContourRTCore.volumes.volume import Volume

AIR = -1000.0
#: Orders of the axes, and which of the new axes are reversed.
STORED = (((0, 1, 2), (0,)), ((0, 1, 2), (1, 2)), ((2, 0, 1), ()), ((1, 2, 0), (0,)))
Scores = Dict[str, List[float]]


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


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("stored", "turned", "fine", "spoilt"))
    parser.add_argument("--cases", type=int, default=31)
    parser.add_argument("--model", default=MODEL)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    if arguments.what == "stored":
        stored(model, arguments.cases)
    elif arguments.what == "spoilt":
        spoilt(model, arguments.cases)
    else:
        other_grid(model, arguments.cases, arguments.what)


if __name__ == "__main__":
    main()
