"""The patient without couch, fixation mask and the air around.

The work is done on a grid of about 3.5 mm (block means), the skin is drawn on the input's grid.
"""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

#: Tissue is above this; fat is about -100 HU, a voxel half skin and half air about -450 HU.
THRESHOLD_HU = -300.0
#: Air is cut here before averaging, so that padding of -2048 or -3024 does not eat the skin.
AIR_HU = -1000.0
#: Spacing (mm) of the grid on which the body is found.
WORKING_MM = 3.5
#: Sheets thinner than about twice this (mm) are not the patient: couch shells, masks, tubes.
OPENING_MM = 4.0
#: How far (mm) along tissue thin parts of the patient (nose, ears) are won back after that.
RESTORE_MM = 12.0
#: A region cut by the edge of the volume is lung if most of it lies in this range (HU).
LUNG_HU = (-930.0, -400.0)
#: So near (mm, along each axis) to the body, what is no tissue is skin that a grid mixed with air.
SKIN_MM = 7.0
#: Less than this (ml) is not a body.
SMALLEST_ML = 20.0


def body_mask(volume: Volume) -> np.ndarray:
    """The patient in a CT (HU): bool array [k, j, i] on the volume's grid.

    Airways, lungs and other holes within an axial slice are filled ("axial": across the array axis
    nearest to the patient's long axis). Where the edge of the volume cuts the patient, lung is
    filled up to the edge, air is not. Kept by mistake: solid table parts thicker than about 8 mm
    that are pressed to the patient, and a mask without any gap to the skin.
    Raises InputError when nothing in the volume looks like a body.
    """
    steps = _steps(volume.geometry)
    coarse = _block_means(volume.array, steps)
    spacing = np.asarray(volume.geometry.spacing) * steps
    body = _find(coarse > THRESHOLD_HU, spacing)
    body = _fill_slices(body, coarse, volume.geometry.long_axis)
    if all(step == 1 for step in steps):
        return body
    return _skin_on_fine_grid(volume.array, body, steps)


def only_body(volume: Volume, body: np.ndarray) -> np.ndarray:
    """HU of the patient alone, float32 [k, j, i]: AIR_HU outside the body (bool [k, j, i]).

    Near the body, voxels below THRESHOLD_HU keep their HU: skin and air in one. Cut off, they make
    a patient thinner whose scan came through another grid, since that softens the skin (parotids
    drawn on both then had a Dice 0.02 lower).
    """
    near = body.view(np.uint8)
    for axis, reach in enumerate(skin_voxels(volume.geometry)):
        near = ndimage.maximum_filter1d(near, 2 * reach + 1, axis, mode="constant")
    shown = body | (near.view(bool) & (volume.array < THRESHOLD_HU))
    return np.where(shown, np.maximum(volume.array, AIR_HU), AIR_HU).astype(np.float32)


def skin_voxels(geometry: Geometry) -> Tuple[int, int, int]:
    """How many voxels along k, j, i SKIN_MM are, rounded up."""
    k, j, i = (int(np.ceil(SKIN_MM / mm)) for mm in geometry.spacing)
    return k, j, i


def _steps(geometry: Geometry) -> Tuple[int, int, int]:
    """How many voxels along k, j, i make one of the working grid."""
    a, b, c = (min(max(1, int(round(WORKING_MM / mm))), n)
               for mm, n in zip(geometry.spacing, geometry.shape))
    return a, b, c


def _block_means(array: np.ndarray, steps: Tuple[int, int, int]) -> np.ndarray:
    """Means over blocks of ``steps`` voxels (the last blocks may be smaller), float32."""
    if max(steps) == 1:
        return np.asarray(np.maximum(array, AIR_HU, dtype=np.float32))
    result = np.maximum(array, np.asarray(AIR_HU).astype(array.dtype))
    for axis in np.argsort(steps)[::-1]:
        result = _means_along(result, int(axis), steps[axis])
    return result


def _means_along(array: np.ndarray, axis: int, step: int) -> np.ndarray:
    starts = np.arange(0, array.shape[axis], step)
    sums = np.add.reduceat(array, starts, axis=axis, dtype=np.float32)
    counts = np.diff(np.append(starts, array.shape[axis])).astype(np.float32)
    along = [1, 1, 1]
    along[axis] = -1
    return np.asarray(sums / counts.reshape(along))


def _find(tissue: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """The body, its holes open, in a mask of tissue [k, j, i]; spacing in mm."""
    ball = _ball(OPENING_MM, spacing)
    core = _largest(ndimage.binary_erosion(tissue, ball, border_value=1))
    if np.count_nonzero(core) * np.prod(spacing) / 1000.0 < SMALLEST_ML:
        raise InputError(
            f"no body found: no connected tissue (above {THRESHOLD_HU:.0f} HU) of "
            f"{SMALLEST_ML:.0f} ml or more; is this a CT in Hounsfield units that shows a patient?"
        )
    body = ndimage.binary_dilation(core, ball) & tissue
    rounds = max(1, int(np.ceil(RESTORE_MM / spacing.max())))
    return np.asarray(ndimage.binary_dilation(body, iterations=rounds, mask=tissue))


def _ball(radius_mm: float, spacing: np.ndarray) -> np.ndarray:
    """Structuring element of a radius (mm), at least one voxel along axes finer than 8 mm."""
    reach = np.where(spacing <= 2 * radius_mm, np.maximum(radius_mm, spacing * 1.001), radius_mm)
    counts = np.floor(reach / spacing).astype(int)
    grid = np.meshgrid(*(np.arange(-n, n + 1) for n in counts), indexing="ij")
    distance = sum((g * mm / r) ** 2 for g, mm, r in zip(grid, spacing, reach))
    return np.asarray(distance <= 1.0)


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest 6-connected component of a mask (all False for an empty one)."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def _fill_slices(body: np.ndarray, hu: np.ndarray, axis: int) -> np.ndarray:
    """With the holes of each slice across ``axis`` filled, and lung that the edge cuts."""
    connect = ndimage.generate_binary_structure(3, 1)
    index: List[slice] = [slice(None)] * 3
    for end in (0, 2):
        index[axis] = slice(end, end + 1)
        connect[tuple(index)] = False
    labels, count = ndimage.label(~body, connect)
    outside = np.zeros(count + 1, dtype=bool)
    for other in {0, 1, 2} - {axis}:
        for end in (0, -1):
            outside[np.take(labels, end, axis=other)] = True
    outside[0] = False
    lung_like = (hu > LUNG_HU[0]) & (hu < LUNG_HU[1])
    lung_share = np.bincount(labels.ravel(), lung_like.ravel()) / np.bincount(labels.ravel())
    return np.asarray(~(outside & (lung_share < 0.5))[labels])


def _skin_on_fine_grid(
    array: np.ndarray, body: np.ndarray, steps: Tuple[int, int, int]
) -> np.ndarray:
    """The body on the grid of ``array``: the sure inside, and tissue that leads on from it.

    Tissue beyond a gap (a mask that stands off the skin) is not reached.
    """
    near = ndimage.generate_binary_structure(3, 3)
    core = _enlarged(ndimage.binary_erosion(body, near, border_value=1), steps, array.shape)
    reach = _enlarged(ndimage.binary_dilation(body, near), steps, array.shape)
    reach &= array > THRESHOLD_HU
    grown = ndimage.binary_dilation(core, iterations=3 * max(steps), mask=reach | core)
    return np.asarray(grown)


def _enlarged(mask: np.ndarray, steps: Tuple[int, int, int], shape: Tuple[int, ...]) -> np.ndarray:
    """Each voxel repeated ``steps`` times along k, j, i, cut to ``shape``."""
    for axis in range(3):
        mask = np.repeat(mask, steps[axis], axis=axis)
    return np.asarray(mask[tuple(slice(0, n) for n in shape)])
