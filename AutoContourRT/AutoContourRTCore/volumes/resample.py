"""From one grid to another, through physical space."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import SimpleITK as sitk

from AutoContourRTCore.volumes.geometry import Geometry, Triple
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

#: A target this many times coarser than the source is smoothed first. Below it linear interpolation
#: alone serves: a CT upsampled to 1 mm must lead to the same contours as the CT itself.
SMOOTH_ABOVE = 4.0
MOST_LOST = 0.01  # of a structure's volume, on the way to another grid; more is told
KERNEL_LIMIT = 64  # voxels of the smoothing kernel; more than the coarsest grid asks for


def to_sitk(array: np.ndarray, geometry: Geometry) -> sitk.Image:
    """A SimpleITK image of an array [k, j, i] at its place in the patient."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(tuple(reversed(geometry.spacing)))
    image.SetOrigin(geometry.origin)
    columns = np.asarray(geometry.axes)[::-1].T  # SimpleITK: columns are i, j, k
    image.SetDirection(tuple(columns.ravel()))
    return image


def resample(volume: Volume, target: Geometry, outside: float) -> Volume:
    """The volume on another grid, float32: linear, smoothed first where the target is coarser.

    outside: the value of target voxels that the source does not cover.
    """
    image = to_sitk(volume.array.astype(np.float32, copy=False), volume.geometry)
    image = _smoothed(image, volume.geometry, target)
    moved = sitk.Resample(
        image,
        tuple(reversed(target.shape)),
        sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkLinear,
        target.origin,
        tuple(reversed(target.spacing)),
        tuple(np.asarray(target.axes)[::-1].T.ravel()),
        float(outside),
    )
    return Volume(sitk.GetArrayFromImage(moved), target)


def resample_mask(mask: np.ndarray, source: Geometry, target: Geometry) -> np.ndarray:
    """A bool mask on another grid: where the interpolated mask is at least one half."""
    return resample(Volume(mask.astype(np.float32), source), target, 0.0).array >= 0.5


def resample_labelmap(labelmap: LabelMap, target: Geometry) -> Tuple[LabelMap, List[str]]:
    """Masks on another grid; a note for each whose volume has changed."""
    masks, notes = {}, []
    for name, mask in labelmap.masks.items():
        masks[name] = resample_mask(mask, labelmap.geometry, target)
        before, after = labelmap.volume_ml(name), masks[name].sum() * target.voxel_ml
        if abs(after - before) > MOST_LOST * before:
            notes.append(
                f"{name} has {before:.2f} ml in the file and {after:.2f} ml on this volume: it "
                "reaches outside, or the grids differ. Check it."
            )
    return LabelMap(masks, target), notes


def lps_grid_around(
    mask: np.ndarray, geometry: Geometry, spacing: Triple, block: int = 1, offset_mm: float = 0.0
) -> Geometry:
    """The grid of a given spacing (mm; k, j, i) along LPS that covers a mask's voxels.

    Its axes are S, P and L whatever the axes of the source, and its voxel centres lie on one
    lattice (offset_mm plus whole multiples of the spacing), so that all ways to store one patient
    lead to one grid. block: start and size are multiples of so many voxels, so that a slightly
    different mask seldom changes the grid. An all-False mask raises ValueError.
    """
    low, high = _lps_bounds(mask, geometry)
    step = np.asarray(spacing)[::-1]  # x, y, z
    first = np.floor((low / step + 1e-3) / block) * block
    count = np.ceil((np.ceil(high / step - 1e-3) - first + 1) / block) * block
    x, y, z = first * step + offset_mm
    shape = (int(count[2]), int(count[1]), int(count[0]))
    return Geometry(shape, spacing, (float(x), float(y), float(z)))


def _lps_bounds(mask: np.ndarray, geometry: Geometry) -> Tuple[np.ndarray, np.ndarray]:
    """LPS bounds (mm) of the centres of a mask's voxels.

    The outermost voxel in any direction is the first or the last of its row along i.
    """
    if not mask.any():
        raise ValueError("An empty mask has no bounds.")
    rows = np.argwhere(mask.any(axis=2))
    k, j = rows.T
    first = mask[k, j].argmax(axis=1)
    last = mask.shape[2] - 1 - mask[k, j, ::-1].argmax(axis=1)
    points = geometry.to_lps(np.concatenate([np.c_[rows, first], np.c_[rows, last]]))
    return points.min(axis=0), points.max(axis=0)


def _smoothed(image: sitk.Image, source: Geometry, target: Geometry) -> sitk.Image:
    """Blur along each source axis as far as the target's voxels along it are larger."""
    axes = np.abs(np.asarray(source.axes) @ np.asarray(target.axes).T)
    seen = axes @ np.asarray(target.spacing) / axes.sum(axis=1)
    factor = seen / np.asarray(source.spacing)
    wanted = 0.4 * np.asarray(source.spacing) * np.sqrt(np.maximum(factor**2 - 1, 0.0))
    sigma = np.where(factor > SMOOTH_ABOVE, wanted, 0.0)
    if not sigma.any():
        return image
    variance = tuple(float(s) ** 2 for s in reversed(sigma))
    return sitk.DiscreteGaussian(image, variance, KERNEL_LIMIT, 0.02, True)
