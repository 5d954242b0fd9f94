"""The voxels of one segment on another grid: exactly where the grids fit, else the nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from AutoContourRTLib.Layers import Layer

#: Two grids fit when every voxel centre of one lies so near to one of the other, in voxels. Headers
#: with float32 numbers are off by some thousandths.
FITS_WITHIN = 0.02
_SLAB_VOXELS = 1 << 22


@dataclass(frozen=True)
class Placed:
    """mask: bool [k, j, i] on the new grid; outside: voxels of the segment whose centre lies
    outside of it; exact: whether the grids fit.
    """

    mask: np.ndarray
    outside: int
    exact: bool


def place(layer: Layer, toIndex: np.ndarray, shape: Tuple[int, int, int]) -> Placed:
    """A layer (True or other than 0: inside) on a grid of this shape (k, j, i).

    toIndex: (4, 4), from i, j, k, 1 of the layer's indices to those of the grid.
    """
    mask = np.zeros(shape, dtype=bool)
    inside = np.asarray(layer.array, dtype=bool)
    if not inside.any():
        return Placed(mask, 0, True)
    linear, offset = _kjiMap(layer, toIndex)
    fit = _fit(linear, offset, inside.shape)
    if fit is not None:
        return Placed(mask, _copy(inside, *fit, mask), True)
    _nearest(inside, linear, offset, mask)
    return Placed(mask, _countOutside(inside, linear, offset, shape), False)


def _kjiMap(layer: Layer, toIndex: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """linear (3, 3) and offset (3,): index in layer.array (k, j, i) -> index in the grid."""
    linear = toIndex[:3, :3][::-1, ::-1]
    return linear, linear @ np.array(layer.start) + toIndex[:3, 3][::-1]


def _fit(
    linear: np.ndarray, offset: np.ndarray, shape: Tuple[int, ...]
) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """The same map in whole numbers, where all of the layer's voxels fall on the grid's."""
    whole, start = np.rint(linear).astype(int), np.rint(offset).astype(int)
    ones = np.ones(3, dtype=int)
    if np.any(np.abs(whole).sum(0) != ones) or np.any(np.abs(whole).sum(1) != ones):
        return None
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1)
    off = (linear - whole) @ corners + (offset - start)[:, None]
    return (whole, start) if np.abs(off).max() <= FITS_WITHIN else None


def _copy(inside: np.ndarray, whole: np.ndarray, start: np.ndarray, mask: np.ndarray) -> int:
    """Set mask where the layer, axes swapped and flipped, has voxels; how many fell outside."""
    order = np.abs(whole).argmax(axis=1)  # grid axis -> axis of the layer
    turned = inside.transpose(order)
    signs = whole[np.arange(3), order]
    turned = turned[tuple(slice(None, None, int(sign)) for sign in signs)]
    size = np.array(turned.shape)
    low = np.where(signs > 0, start, start - (size - 1))
    a, b = np.maximum(low, 0), np.minimum(low + size, mask.shape)
    if np.any(a >= b):
        return int(np.count_nonzero(inside))
    part = turned[tuple(slice(p, q) for p, q in zip(a - low, b - low))]
    mask[tuple(slice(p, q) for p, q in zip(a, b))] = part
    return int(np.count_nonzero(inside) - np.count_nonzero(part))


def _nearest(inside: np.ndarray, linear: np.ndarray, offset: np.ndarray, mask: np.ndarray) -> None:
    """Set each voxel of mask whose centre lies in a voxel of the layer that is inside."""
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in inside.shape])).reshape(3, -1)
    box = linear @ corners + offset[:, None]
    low = np.clip(np.floor(box.min(axis=1)).astype(int), 0, mask.shape)
    high = np.clip(np.ceil(box.max(axis=1)).astype(int) + 1, 0, mask.shape)
    if np.any(low >= high):
        return
    back = np.linalg.inv(linear)
    j, i = np.meshgrid(np.arange(low[1], high[1]), np.arange(low[2], high[2]), indexing="ij")
    for k in range(low[0], high[0]):
        points = np.stack([np.full(j.shape, k), j, i]).reshape(3, -1) - offset[:, None]
        index = np.floor(back @ points + 0.5).astype(int)
        valid = np.all((index >= 0) & (index < np.array(inside.shape)[:, None]), axis=0)
        found = np.zeros(index.shape[1], dtype=bool)
        found[valid] = inside[tuple(index[:, valid])]
        mask[k, low[1] : high[1], low[2] : high[2]] = found.reshape(j.shape)


def _countOutside(
    inside: np.ndarray, linear: np.ndarray, offset: np.ndarray, shape: Tuple[int, int, int]
) -> int:
    """How many voxels of the layer have their centre beyond the outer faces of the grid."""
    count = 0
    step = max(1, _SLAB_VOXELS // max(1, inside[0].size))
    limit = np.array(shape)[:, None] - 0.5
    for first in range(0, len(inside), step):
        index = np.argwhere(inside[first : first + step]) + (first, 0, 0)
        place_ = linear @ index.T + offset[:, None]
        count += int(np.count_nonzero(np.any((place_ < -0.5) | (place_ > limit), axis=0)))
    return count
