"""Bringing two contours onto one grid.

The comparison grid is a lattice: it goes on beyond the shape of the volume it comes from, so that
no part of a contour is cut off because the other file is smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import List, Optional, Tuple, Union

import numpy as np
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import Contour, ContourSet, Index, cut_to_box
from AutoContourRTCore.volumes.boxes import Box, joint_box
from AutoContourRTCore.volumes.geometry import Geometry, Triple

#: "reference", "test", or the spacing (mm; k, j, i) of a new grid along the reference's axes.
GridChoice = Union[str, Triple]

#: Voxels by which one lattice may drift against another over a whole mask and still be the same.
_DRIFT = 0.01
AS_STORED = "as stored"


@dataclass(frozen=True)
class Pair:
    """Two masks on one grid, cut to the box around both.

    a (reference), b (test): bool [k, j, i]. start: index of their first voxel in the grid.
    """

    a: np.ndarray
    b: np.ndarray
    start: Index
    grid: Geometry

    def to_lps(self, places: np.ndarray) -> np.ndarray:
        """LPS positions (mm; (..., 3)) of indices (..., 3) of the masks; halves are allowed."""
        return self.grid.to_lps(np.asarray(places) + np.asarray(self.start))


def check_frames(reference: ContourSet, test: ContourSet) -> None:
    """Raise InputError for two frames of reference, or for volumes that do not overlap."""
    frames = reference.frame_of_reference, test.frame_of_reference
    if all(frames) and frames[0] != frames[1]:
        raise InputError(
            f"{reference.source} and {test.source} have different frames of reference "
            f"({frames[0]} and {frames[1]}): they belong to two images that were never registered. "
            "Register them and resample one set first."
        )
    pairs = product(_grids(reference), _grids(test))
    if not any(_overlap(a, b) for a, b in pairs):
        apart = np.linalg.norm(_middle(reference.grid) - _middle(test.grid))
        raise InputError(
            f"{reference.source} and {test.source} do not overlap in space: their middles lie "
            f"{apart:.0f} mm apart. Are they of the same patient and image?"
        )


def comparison_grid(reference: ContourSet, test: ContourSet, choice: GridChoice) -> Geometry:
    """The grid that both sets are brought to."""
    if choice == "reference":
        return reference.grid
    if choice == "test":
        return test.grid
    if isinstance(choice, str):
        raise InputError(f"The grid {choice!r} is unknown: write reference, test, or a spacing.")
    if not all(0 < mm < np.inf for mm in choice):
        raise InputError(f"The grid's spacing {choice} mm must be above 0.")
    return reference.grid.with_spacing(choice)


def on_grid(contour: Contour, grid: Geometry) -> Tuple[Contour, str]:
    """The contour on the lattice of another grid, and how it came there.

    Where both lattices have the same voxels (also flipped, with axes in another order, cropped or
    shifted by whole voxels) the mask is taken over voxel by voxel; else each voxel of the grid
    takes the value of the contour's nearest voxel.
    """
    if contour.empty:
        return Contour(contour.mask, (0, 0, 0), grid), AS_STORED
    steps = _steps(contour, grid)
    order = _whole_steps(steps, contour.mask.shape)
    if order is None:
        return _nearest(contour, grid), f"nearest voxel of {spacing_text(contour.grid)}"
    beside = beside_grid(contour, grid)
    way = f"nearest voxel, {beside:.2g} mm beside the grid's" if beside else AS_STORED
    return _moved(contour, grid, np.rint(steps), order), way


def beside_grid(contour: Contour, grid: Geometry) -> float:
    """How far (mm) voxels of the grid's size lie beside the grid's own, as after a registration.

    0 where they fall on them, and for voxels of another size, which are resampled anyhow.
    """
    if contour.empty or _whole_steps(_steps(contour, grid), contour.mask.shape) is None:
        return 0.0
    first = grid.to_kji(contour.grid.to_lps(np.asarray(contour.start)))
    apart = first - np.rint(first)
    return float(np.linalg.norm(apart @ grid.step_vectors)) if np.abs(apart).max() > _DRIFT else 0.0


def paired(a: Contour, b: Contour) -> Pair:
    """Two contours on one grid as masks of one shape; without voxels when both are empty."""
    box = joint_box(_box(a), _box(b))
    start = (box[0].start, box[1].start, box[2].start)
    return Pair(_within(a, box), _within(b, box), start, a.grid)


def spacing_text(grid: Geometry) -> str:
    """Spacing along i, j, k, as people write it."""
    return " x ".join(f"{mm:.4g}" for mm in reversed(grid.spacing)) + " mm"


def _steps(contour: Contour, grid: Geometry) -> np.ndarray:
    """Rows: one voxel of the contour along its axes, in voxels of the grid; shape (3, 3)."""
    return contour.grid.step_vectors @ np.linalg.inv(grid.step_vectors)


def _whole_steps(steps: np.ndarray, shape: Tuple[int, ...]) -> Optional[Tuple[int, ...]]:
    """For each new axis the old one, where one voxel leads to exactly one voxel; else None."""
    whole = np.rint(steps)
    drift = np.abs(steps - whole) * np.asarray(shape)[:, None]
    ones = np.abs(whole)
    if drift.max() > _DRIFT or not (ones.sum(axis=0) == 1).all() or not (ones.sum(1) == 1).all():
        return None
    return tuple(int(axis) for axis in ones.argmax(axis=0))


def _moved(
    contour: Contour, grid: Geometry, steps: np.ndarray, order: Tuple[int, ...]
) -> Contour:
    """The same voxels under the indices of another grid; steps: signed permutation (3, 3)."""
    flipped = tuple(n for n in range(3) if steps[order[n], n] < 0)
    mask = np.flip(contour.mask.transpose(order), flipped)
    ends = np.asarray([contour.start, np.add(contour.start, contour.mask.shape) - 1])
    found = np.rint(grid.to_kji(contour.grid.to_lps(ends))).astype(int).min(axis=0)
    return Contour(mask, (int(found[0]), int(found[1]), int(found[2])), grid)


def _nearest(contour: Contour, grid: Geometry) -> Contour:
    padded = np.pad(contour.mask.view(np.uint8), 1)
    first = np.asarray(contour.start) - 1
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in padded.shape])).reshape(3, -1).T
    reached = grid.to_kji(contour.grid.to_lps(corners + first))
    low, high = np.ceil(reached.min(axis=0)).astype(int), np.floor(reached.max(axis=0)).astype(int)
    matrix = grid.step_vectors @ np.linalg.inv(contour.grid.step_vectors)
    offset = contour.grid.to_kji(grid.to_lps(low)) - first
    shape = tuple(np.maximum(high - low + 1, 1))
    found = ndimage.affine_transform(padded, matrix.T, offset, shape, order=0).astype(bool)
    cut = cut_to_box(found, grid)
    start = np.add(cut.start, low)
    return Contour(cut.mask, (int(start[0]), int(start[1]), int(start[2])), grid)


def _box(contour: Contour) -> Optional[Box]:
    if contour.empty:
        return None
    k, j, i = (slice(s, s + n) for s, n in zip(contour.start, contour.mask.shape))
    return k, j, i


def _within(contour: Contour, box: Box) -> np.ndarray:
    """The mask in a box (indices of the grid) that holds all of it."""
    shape = tuple(side.stop - side.start for side in box)
    if contour.mask.shape == shape:
        return contour.mask
    out = np.zeros(shape, bool)
    if not contour.empty:
        k, j, i = (
            slice(s - side.start, s - side.start + n)
            for s, side, n in zip(contour.start, box, contour.mask.shape)
        )
        out[k, j, i] = contour.mask
    return out


def _grids(contours: ContourSet) -> List[Geometry]:
    """The grids of a set; a folder may hold masks that are cut to their organs."""
    every = (contours.grid, *(contour.grid for contour in contours.contours.values()))
    return list({id(grid): grid for grid in every}.values())


def _overlap(a: Geometry, b: Geometry) -> bool:
    """Whether two volumes share space, seen along the axes of both."""
    return _seen_to_overlap(a, b) and _seen_to_overlap(b, a)


def _seen_to_overlap(a: Geometry, b: Geometry) -> bool:
    seen = a.to_kji(b.corners(0.5))
    low, high = seen.min(axis=0), seen.max(axis=0)
    return bool((high > -0.5).all() and (low < np.asarray(a.shape) - 0.5).all())


def _middle(grid: Geometry) -> np.ndarray:
    return grid.to_lps((np.asarray(grid.shape) - 1) / 2)
