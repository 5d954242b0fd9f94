"""The shipped model on grids finer than those it was trained on, where staircases would show.

    python fine_grids.py

The phantom on 1 x 1 x 1 mm, all structures against the known truth, and the cord and oesophagus of
a chest CT of 1.4 x 1.4 x 2.5 mm against labels that TotalSegmentator made. Steps: mean distance
(mm) between the contour and the same contour smoothed by a Gaussian of SD 2 mm; "in blocks" is that
of the same probabilities thresholded on the network's own grid, as a mask of coarse voxels.
Reads AUTOCONTOURRT_DATA/thorax.
"""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from validation_cases import MODEL, data_folder

from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.comparison import compare
from AutoContourRTCore.metrics.measures import mean_surface_distance
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.pipeline import LoadedModel, load_model, probabilities, segment
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

SMOOTH_MM = 2.0
MARGIN = 10  # voxels
HEAD = (
    "| structure | Dice | surface Dice | MSD mm | Dice, common range | surface Dice, common range "
    "| steps mm | in blocks |"
)
CHEST = {"Esophagus": 4, "SpinalCord": 5}  # oar_labels.json


def chest() -> Tuple[Volume, LabelMap]:
    """The CT and its two labels."""
    folder = data_folder() / "thorax"
    labels = read_volume(folder / "oar_labels_half.nii.gz")
    masks = {name: labels.array == label for name, label in CHEST.items()}
    return read_volume(folder / "ct_half.nii.gz"), LabelMap(masks, labels.geometry)


def around(mask: np.ndarray, grid: Geometry) -> Tuple[np.ndarray, Geometry]:
    """The part of a mask that holds something, with a margin, and its grid."""
    filled = np.argwhere(mask)
    low = tuple(np.maximum(filled.min(axis=0) - MARGIN, 0))
    high = tuple(np.minimum(filled.max(axis=0) + 1 + MARGIN, mask.shape))
    return mask[tuple(slice(a, b) for a, b in zip(low, high))], grid.cropped(low, high)


def in_blocks(probability: np.ndarray, grid: Geometry, target: Geometry) -> np.ndarray:
    """The mask on the network's grid, each of its voxels a block on the target."""
    index = np.moveaxis(np.indices(target.shape), 0, -1)
    at = grid.to_kji(target.to_lps(index.reshape(-1, 3))).T
    coarse = (probability >= 0.5).astype(np.uint8)
    found: np.ndarray = map_coordinates(coarse, at, order=0).reshape(target.shape) > 0
    return found


def steps_mm(mask: np.ndarray, spacing: Tuple[float, float, float]) -> float:
    """How far a contour lies from itself smoothed."""
    sigma = [SMOOTH_MM / s for s in spacing]
    smooth = gaussian_filter(mask.astype(np.float32), sigma) >= 0.5
    return mean_surface_distance(smooth, mask, spacing)


def lines(volume: Volume, truth: LabelMap, model: LoadedModel) -> List[str]:
    """A Markdown row for each structure of the truth."""
    found = segment(volume, model, structures=list(truth.masks))
    body = body_mask(volume)
    probability, grid = probabilities(volume, body, body, model.predictor)
    rows = []
    for row in compare(truth, found.labelmap, Settings(common_range=tuple(truth.masks))).rows:
        if row.structure not in found.labelmap.masks:
            rows.append(f"| {row.structure} | not found |")
            continue
        channel = model.manifest.structures.index(row.structure)
        mask, part = around(found.labelmap.masks[row.structure], volume.geometry)
        blocks = in_blocks(probability[channel], grid, part)
        own, coarse = (steps_mm(m, part.spacing) for m in (mask, blocks))
        rows.append(
            f"| {row.structure} | {row['dice']:.3f} | {row['surface_dice']:.3f} at "
            f"{row['tolerance_mm']} mm | {row['msd_mm']:.2f} | {row['dice_common_range']:.3f} | "
            f"{row['surface_dice_common_range']:.3f} | {own:.2f} | {coarse:.2f} |"
        )
    return rows


def main() -> None:
    """Print the table."""
    model = load_model(MODEL)
    cases = {
        "phantom, 1 x 1 x 1 mm": make_phantom((1.0, 1.0, 1.0)),
        "chest CT, 1.4 x 1.4 x 2.5 mm": chest(),
    }
    for title, (volume, truth) in cases.items():
        print(f"{title}\n\n{HEAD}\n{'|---' * HEAD.count(' | ')}|---|")
        wanted = truth.only([n for n in model.manifest.structures if n in truth.masks])
        print("\n".join([*lines(volume, wanted, model), ""]), flush=True)


if __name__ == "__main__":
    main()
