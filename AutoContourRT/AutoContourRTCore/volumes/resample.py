"""From one grid to another, through physical space."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import SimpleITK as sitk

from AutoContourRTCore.volumes.geometry import Geometry, Triple
from AutoContourRTCore.volumes.volume import Volume


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


def lps_grid_around(mask: np.ndarray, geometry: Geometry, spacing: Triple) -> Geometry:
    """The grid of a given spacing (mm; k, j, i) along LPS that covers a mask's voxels.

    Its axes are S, P and L whatever the axes of the source, and its voxel centres lie at whole
    multiples of the spacing, so that all ways to store one patient lead to one grid. An all-False
    mask raises ValueError.
    """
    low, high = _lps_bounds(mask, geometry)
    step = np.asarray(spacing)[::-1]  # x, y, z
    first = np.floor(low / step + 1e-3)
    count = np.ceil(high / step - 1e-3) - first + 1
    x, y, z = first * step
    shape = (int(count[2]), int(count[1]), int(count[0]))
    return Geometry(shape, spacing, (float(x), float(y), float(z)))


def _lps_bounds(mask: np.ndarray, geometry: Geometry) -> Tuple[np.ndarray, np.ndarray]:
    """LPS bounds (mm) of the centres of a mask's voxels."""
    if not mask.any():
        raise ValueError("An empty mask has no bounds.")
    if np.allclose(np.abs(np.asarray(geometry.axes)).max(axis=1), 1.0):
        ranges = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {n})))[[0, -1]] for n in range(3)]
        corners = np.array(np.meshgrid(*ranges)).reshape(3, -1).T
    else:
        corners = np.argwhere(mask)
    points = geometry.to_lps(corners)
    return points.min(axis=0), points.max(axis=0)


def _smoothed(image: sitk.Image, source: Geometry, target: Geometry) -> sitk.Image:
    """Blur along each source axis as far as the target's voxels along it are larger."""
    axes = np.abs(np.asarray(source.axes) @ np.asarray(target.axes).T)
    seen = axes @ np.asarray(target.spacing) / axes.sum(axis=1)
    factor = seen / np.asarray(source.spacing)
    wanted = 0.4 * np.asarray(source.spacing) * np.sqrt(np.maximum(factor**2 - 1, 0.0))
    sigma = np.where(factor > 1.3, wanted, 0.0)
    if not sigma.any():
        return image
    variance = tuple(float(s) ** 2 for s in reversed(sigma))
    return sitk.DiscreteGaussian(image, variance, 16, 0.02, True)
