"""The two kinds of numbers that volumes hold."""

from __future__ import annotations

import numpy as np

from AutoContourRTCore.errors import InputError


def plain_scalars(array: np.ndarray, what: str) -> np.ndarray:
    """The array [k, j, i] as int16 where it holds integers that fit, else as float32.

    Integers beyond int16 become float32, which is exact up to 2**24.
    what: how an error message calls the image. Raises InputError for complex, NaN, infinite or
    too large values.
    """
    if array.dtype.kind in "iub":
        bounds = np.iinfo(np.int16)
        fits = bounds.min <= array.min() and array.max() <= bounds.max
        return array.astype(np.int16 if fits else np.float32, copy=False)
    if array.dtype.kind != "f":
        raise InputError(f"{what} has voxels of type {array.dtype}; give an image of real numbers.")
    with np.errstate(over="ignore"):
        values = array.astype(np.float32, copy=False)
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(index) for index in np.argwhere(bad)[0])
        raise InputError(
            f"{what} has {np.count_nonzero(bad)} voxels that are not finite numbers, the first is "
            f"{array[first]} at {first} (k, j, i); export it again, or replace them."
        )
    return values
