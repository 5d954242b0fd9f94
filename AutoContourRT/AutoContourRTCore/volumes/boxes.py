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
    if _is_tight(first, second):
        return first, second
    box = joint_box(box_of(first), box_of(second))
    return first[box], second[box]


def box_of(mask: np.ndarray) -> Optional[Box]:
    """The smallest box around a bool mask [k, j, i]; None for an empty one.

    Narrows one axis after another.
    """
    k = _range(_filled_planes(mask))
    if k is None:
        return None
    j = _range(np.asarray(mask[k].any(axis=(0, 2)))) or slice(0, 0)
    i = _range(np.asarray(mask[k, j].any(axis=(0, 1)))) or slice(0, 0)
    return k, j, i


def _filled_planes(mask: np.ndarray) -> np.ndarray:
    """Which planes of the first axis have a True; looks at a whole array in one go if it can."""
    if mask.flags.c_contiguous:
        return np.asarray(mask.reshape(len(mask), mask[:1].size).any(axis=1))
    return np.array([plane.any() for plane in mask], dtype=bool)


def _is_tight(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the box around both masks is all of the array: something lies on each of its sides.

    Asked first, as masks that were cut once come here again and again.
    """
    turned = [np.moveaxis(mask, axis, 0) for axis in range(3) for mask in (a, b)]
    pairs = zip(turned[::2], turned[1::2])
    return bool(a.size) and all(x[n].any() or y[n].any() for x, y in pairs for n in (0, -1))


def _range(filled: np.ndarray) -> Optional[slice]:
    """From the first to the last True."""
    where = np.flatnonzero(filled)
    return slice(int(where[0]), int(where[-1]) + 1) if len(where) else None


def joint_box(first: Optional[Box], second: Optional[Box]) -> Box:
    """The smallest box around two; of no voxel where both are None."""
    boxes = [box for box in (first, second) if box is not None]
    if not boxes:
        return slice(0, 0), slice(0, 0), slice(0, 0)
    k, j, i = (
        slice(min(s.start for s in sides), max(s.stop for s in sides)) for sides in zip(*boxes)
    )
    return k, j, i
