"""Boxes around masks: most of a CT lies outside an organ and need not be looked at twice."""

from __future__ import annotations

from typing import Optional, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError

Box = Tuple[slice, slice, slice]


def cropped_pair(a: np.ndarray, b: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Two masks (bool [k, j, i]) cut to the smallest box around both.

    Views where the masks are bool already; without voxels when both are empty.
    Raises InputError for masks of different shapes or not three dimensions.
    """
    if np.ndim(a) != 3:
        raise InputError(f"A mask needs three axes (k, j, i), got {np.ndim(a)}.")
    if np.shape(a) != np.shape(b):
        raise InputError(
            f"The masks have different shapes, {np.shape(a)} and {np.shape(b)}; "
            "bring both onto one grid first."
        )
    first, second = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    box = _joint(_box(first), _box(second))
    return first[box], second[box]


def _box(mask: np.ndarray) -> Optional[Box]:
    """The smallest box around a mask; None for an empty one. Narrows one axis after another."""
    k = _range(np.array([plane.any() for plane in mask], dtype=bool))  # each stops at a True
    if k is None:
        return None
    j = _range(np.asarray(mask[k].any(axis=(0, 2)))) or slice(0, 0)
    i = _range(np.asarray(mask[k, j].any(axis=(0, 1)))) or slice(0, 0)
    return k, j, i


def _range(filled: np.ndarray) -> Optional[slice]:
    """From the first to the last True."""
    where = np.flatnonzero(filled)
    return slice(int(where[0]), int(where[-1]) + 1) if len(where) else None


def _joint(first: Optional[Box], second: Optional[Box]) -> Box:
    boxes = [box for box in (first, second) if box is not None]
    if not boxes:
        return slice(0, 0), slice(0, 0), slice(0, 0)
    k, j, i = (
        slice(min(s.start for s in sides), max(s.stop for s in sides)) for sides in zip(*boxes)
    )
    return k, j, i
