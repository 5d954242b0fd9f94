"""What is done to a predicted mask before the user sees it (Sartor et al. 2020)."""

from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy import ndimage

_ALL_26 = np.ones((3, 3, 3), dtype=bool)


def clean(mask: np.ndarray, least: float = 1.0, along: int = 0) -> np.ndarray:
    """The largest 26-connected component of a bool mask [k, j, i], its holes filled; with `least`
    below 1 also those that have this share of its voxels or more and lie beside it: in slices
    across the axis `along` that it has, too.

    Sartor et al. 2020 name a 26-connected neighbourhood for both steps. Here an object is
    26-connected, and the background, as its dual, 6-connected: a hole is a 6-connected region of
    background that does not reach the edge of the volume, so an object's diagonal contact closes
    a hole. Of two components of equal size the one that comes first in the array stays, unless
    `least` is below 1. An empty mask stays empty; the input is not changed.
    """
    result = np.zeros(mask.shape, dtype=bool)
    box = bounding_box(mask)
    if result[box].size:
        part = _components(np.asarray(mask[box], dtype=bool), least, along)
        inner = bounding_box(part)
        result[box][inner] = fill_holes(part[inner])
    return result


def bounding_box(mask: np.ndarray) -> Tuple[slice, ...]:
    """Slices of the smallest box around the True voxels; empty slices for an empty mask."""
    box = []
    for axis in range(mask.ndim):
        others = tuple(n for n in range(mask.ndim) if n != axis)
        hits = np.flatnonzero(np.any(mask, axis=others))
        box.append(slice(int(hits[0]), int(hits[-1]) + 1) if hits.size else slice(0, 0))
    return tuple(box)


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest 26-connected component of a bool array (3D)."""
    return _components(mask, 1.0, 0)


def _components(mask: np.ndarray, least: float, along: int) -> np.ndarray:
    labels, count = ndimage.label(mask, _ALL_26)
    if count <= 1:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if least >= 1:
        return np.asarray(labels == sizes.argmax())
    across = bounding_box(labels == sizes.argmax())[along]
    level = (slice(None),) * along + (across,)
    stays = sizes >= max(1.0, least * sizes.max())
    stays[np.setdiff1d(np.arange(count + 1), labels[level])] = False
    return np.asarray(stays[labels])


def fill_holes(mask: np.ndarray) -> np.ndarray:
    """With every 6-connected region of background that touches no face of the array filled."""
    labels, count = ndimage.label(~mask)
    outside = np.zeros(count + 1, dtype=bool)
    for axis in range(mask.ndim):
        for end in (0, -1):
            outside[np.take(labels, end, axis=axis)] = True
    outside[0] = False
    return np.asarray(~outside[labels])
