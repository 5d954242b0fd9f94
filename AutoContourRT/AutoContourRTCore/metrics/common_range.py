"""Long organs that are drawn to different heights: compared where both were drawn.

How far a cord or an oesophagus is drawn is a convention, often that of one treatment plan. Its
ends then dominate every measure, and say nothing about the contour.
"""

from __future__ import annotations

from typing import Optional, Tuple

import numpy as np


def common_slices(a: np.ndarray, b: np.ndarray, axial_axis: int = 0) -> Optional[slice]:
    """The slices from the higher of both lower ends to the lower of both upper ends.

    Masks: bool [k, j, i], one shape. None where the masks have no such slice in common.
    """
    others = tuple(axis for axis in range(3) if axis != axial_axis)
    filled = [np.flatnonzero(mask.any(axis=others)) for mask in (a, b)]
    if not len(filled[0]) or not len(filled[1]):
        return None
    first = int(max(filled[0][0], filled[1][0]))
    last = int(min(filled[0][-1], filled[1][-1]))
    return slice(first, last + 1) if first <= last else None


def on_slices(
    a: np.ndarray, b: np.ndarray, slices: slice, axial_axis: int = 0
) -> Tuple[np.ndarray, np.ndarray]:
    """Both masks on these slices only; views. The cut ends count as surface, on both alike."""
    index = [slice(None)] * 3
    index[axial_axis] = slices
    return a[tuple(index)], b[tuple(index)]
