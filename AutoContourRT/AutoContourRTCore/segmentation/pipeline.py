"""One call from a CT to named structures on the CT's own grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.doubt import Doubt, doubt_of
from AutoContourRTCore.segmentation.last_answer import RememberingPredictor
from AutoContourRTCore.segmentation.levels import head_neck_levels, outside_head_neck
from AutoContourRTCore.segmentation.patient import network_grid, network_image
from AutoContourRTCore.segmentation.postprocess import clean
from AutoContourRTCore.segmentation.sense import check_input
from AutoContourRTCore.segmentation.wanted import wanted_structures
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import resample
from AutoContourRTCore.volumes.volume import Volume

Roi = Tuple[int, int, int, int, int, int]
ROI_MARGIN_MM = 40.0
#: Structures that a dental streak may cut in two: pieces of this share of the largest
#: stay, too, but for those above and below it (the vault of a skull can look like a mandible).
PIECES = {"Bone_Mandible": 0.1}
BOX_NOTE = "Only the box was contoured: organs that reach out of it are cut, others are absent."
SMALLEST_SHARE = 0.05  # of the smallest plausible adult volume


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory: what it is and the network that computes it."""

    manifest: Manifest
    predictor: Predictor


@dataclass(frozen=True)
class Segmentation:
    """What was found on the input's grid, what was not and why, and what to be wary of.

    doubt: about each structure found; of the whole contour, also where a roi cut it.
    """

    labelmap: LabelMap
    absent: Dict[str, str]
    warnings: Tuple[str, ...]
    doubt: Dict[str, Doubt]


def load_model(
    model_id: str, device: str = "auto", store: Optional[ModelStore] = None
) -> LoadedModel:
    """A model of the store (None: shipped and the user's own). Unknown id: InputError."""
    manifest, weights = (store or ModelStore()).load(model_id)
    recipe = Recipe.from_dict(manifest.recipe)
    return LoadedModel(
        manifest, RememberingPredictor(weights, tuple(manifest.structures), recipe, device)
    )


def segment(
    volume: Volume,
    model: LoadedModel,
    structures: Optional[Sequence[str]] = None,
    roi: Optional[Roi] = None,
    progress: Progress = ignore_progress,
    warn: Callable[[str], None] = lambda warning: None,
) -> Segmentation:
    """Contour a CT (HU).

    structures: names to keep (None: all of the model's). roi: half-open voxel box
    (i0, i1, j0, j1, k0, k1) outside which nothing is reported. warn: called with each warning of
    the input before the network runs; the result holds all of them too.
    Raises InputError for a structure that the model lacks, an impossible box, an image without a
    body; Cancelled when the progress callback raises it.
    """
    wanted = wanted_structures(structures, model.manifest)
    progress(0.0, "looking for the body")
    body = body_mask(volume)
    region = body if roi is None else body & _box(roi, volume.geometry, ROI_MARGIN_MM)
    if not region.any():
        raise InputError(f"The box {roi} (i0 i1 j0 j1 k0 k1) holds no part of the body.")
    warnings = tuple(check_input(volume, model.manifest, body))
    if roi is not None:
        warnings += (BOX_NOTE,)
    for warning in warnings:
        warn(warning)
    levels = head_neck_levels(volume, body)
    predictor = model.predictor
    progress(0.1, "resampling")
    found, grid = probabilities(volume, body, region, predictor, part_of(progress, 0.15, 0.85))
    limits = None if roi is None else _box(roi, volume.geometry, 0.0)
    all_masks = _masks(found, grid, volume.geometry, model, wanted, limits, progress)
    masks, absent = _sorted_out(all_masks, volume.geometry, levels)
    doubt = _doubts(masks, volume.geometry, found, grid, model.manifest.structures)
    progress(1.0, "done")
    labelmap = LabelMap(masks, volume.geometry)
    return Segmentation(labelmap, absent, warnings + predictor.notes, doubt)


def probabilities(
    volume: Volume,
    body: np.ndarray,
    region: np.ndarray,
    predictor: Predictor,
    progress: Progress = ignore_progress,
) -> Tuple[np.ndarray, Geometry]:
    """Probabilities [structures, k, j, i] on the network's grid around a region, and that grid.

    body, region: bool [k, j, i] on the volume's grid; outside the body the network sees AIR.
    """
    grid = network_grid(region, volume.geometry, predictor.recipe.spacing, predictor.block)
    return predictor(network_image(volume, body, grid), progress), grid


def _masks(
    found: np.ndarray,
    grid: Geometry,
    target: Geometry,
    model: LoadedModel,
    wanted: Sequence[str],
    limits: Optional[np.ndarray],
    progress: Progress,
) -> Dict[str, np.ndarray]:
    """Cleaned masks on the target grid, empty ones included."""
    masks: Dict[str, np.ndarray] = {}
    for n, name in enumerate(wanted):
        progress(0.85 + 0.15 * n / len(wanted), f"placing {name}")
        mask = place(found[model.manifest.structures.index(name)], grid, target)
        mask = mask if limits is None else mask & limits
        masks[name] = clean(mask, PIECES.get(name, 1.0), target.long_axis)
    return masks


def _doubts(
    masks: Dict[str, np.ndarray],
    geometry: Geometry,
    found: np.ndarray,
    grid: Geometry,
    channels: Sequence[str],
) -> Dict[str, Doubt]:
    """The doubt about each mask, from the probabilities within the volume: beyond its end they fall
    to 0, which is no edge that the network saw."""
    index = grid.to_kji(geometry.corners(0.5))
    low = np.clip(np.ceil(index.min(axis=0) - 1e-6).astype(int), 0, grid.shape)
    high = np.clip(np.floor(index.max(axis=0) + 1e-6).astype(int) + 1, low, grid.shape)
    within = tuple(slice(a, b) for a, b in zip(low, high))
    doubts = {}
    for name, mask in masks.items():
        probability, lattice = found[channels.index(name)], grid
        if (probability[within] >= 0.5).any():  # else it lies between the grid's slices
            probability, lattice = probability[within], grid.cropped(tuple(low), tuple(high))
        doubts[name] = doubt_of(probability, lattice, geometry.to_lps(np.argwhere(mask)))
    return doubts


def _sorted_out(
    masks: Dict[str, np.ndarray], geometry: Geometry, levels: np.ndarray
) -> Tuple[Dict[str, np.ndarray], Dict[str, str]]:
    """The masks to report, and the reasons for those that are not."""
    reasons = {n: _reason_to_leave_out(n, mask, geometry, levels) for n, mask in masks.items()}
    kept = {name: mask for name, mask in masks.items() if not reasons[name]}
    return kept, {name: reason for name, reason in reasons.items() if reason}


def place(probability: np.ndarray, grid: Geometry, target: Geometry) -> np.ndarray:
    """Where a probability [k, j, i] on one grid is at least one half on another; bool [k, j, i].

    The probability is interpolated, not the label, and only where it can reach one half.
    """
    mask = np.zeros(target.shape, dtype=bool)
    likely = np.argwhere(probability >= 0.25)
    if len(likely) == 0:
        return mask
    low = tuple(np.maximum(likely.min(axis=0) - 2, 0))
    high = tuple(np.minimum(likely.max(axis=0) + 3, probability.shape))
    part = Volume(
        probability[tuple(slice(a, b) for a, b in zip(low, high))], grid.cropped(low, high)
    )
    start, stop = _covering(part.geometry, target)
    if any(b <= a for a, b in zip(start, stop)):
        return mask
    moved = resample(part, target.cropped(start, stop), 0.0)
    mask[tuple(slice(a, b) for a, b in zip(start, stop))] = moved.array >= 0.5
    return mask


def _covering(part: Geometry, target: Geometry) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    """Half-open index box of the target that covers another grid."""
    index = target.to_kji(part.corners(0.5))
    start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, target.shape)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, 0, target.shape)
    return tuple(start), tuple(stop)


def _reason_to_leave_out(
    name: str, mask: np.ndarray, geometry: Geometry, levels: np.ndarray
) -> str:
    """Why a structure is reported as absent; empty when it is there."""
    if not mask.any():
        return "not found; it may lie outside the field of view"
    ml = float(np.count_nonzero(mask)) * geometry.voxel_ml
    least = SMALLEST_SHARE * find(name).volume_ml[0]
    if ml < least:
        return (
            f"only {ml:.2f} ml found, less than {least:.2f} ml; "
            "taken as outside the field of view"
        )
    if outside_head_neck(name, mask, geometry, levels):
        return "the image shows no head or neck at its level; taken as outside the field of view"
    return ""


def _box(roi: Roi, geometry: Geometry, margin_mm: float) -> np.ndarray:
    """A voxel box (half-open i0 i1 j0 j1 k0 k1), widened by a margin, as a bool array [k, j, i]."""
    start, stop = np.array(roi[4::-2]), np.array(roi[5::-2])
    if np.any(start < 0) or np.any(stop > geometry.shape) or np.any(start >= stop):
        size = tuple(reversed(geometry.shape))
        raise InputError(
            f"The box {' '.join(map(str, roi))} does not fit the image of {size} voxels (i j k); "
            "give i0 i1 j0 j1 k0 k1, half-open, within it."
        )
    margin = np.ceil(margin_mm / np.asarray(geometry.spacing)).astype(int)
    mask = np.zeros(geometry.shape, dtype=bool)
    low, high = np.maximum(start - margin, 0), stop + margin
    mask[tuple(slice(a, b) for a, b in zip(low, high))] = True
    return mask
