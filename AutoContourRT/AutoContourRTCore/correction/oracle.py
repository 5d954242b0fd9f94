"""A simulated user who knows the truth and has time for a few slices of each image."""

from __future__ import annotations

from typing import List

import numpy as np
from scipy import ndimage

from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND
from AutoContourRTCore.correction.editing import Correction

#: Voxels of background around a structure that is drawn whole.
MARGIN = 3


def draw_whole(correction: Correction, truth: np.ndarray, margin: int = MARGIN) -> None:
    """Paint a whole structure (bool [k, j, i]) and so many voxels of background around it."""
    cube = np.ones((3, 3, 3), dtype=bool)
    around = ndimage.binary_dilation(truth, cube, iterations=margin) & ~truth
    correction.paint(truth, FOREGROUND)
    correction.paint(around, BACKGROUND)


def correct_worst_slices(correction: Correction, truth: np.ndarray, count: int) -> None:
    """Paint all wrong voxels of the `count` axial slices that have most of them.

    Wrong is what the prediction got wrong, whatever was painted since: the same again does
    nothing.
    """
    predicted = correction.annotation.prediction
    axis = correction.annotation.geometry.long_axis
    chosen = np.zeros(truth.shape, dtype=bool)
    for number in worst_slices(predicted != truth, count, axis):
        np.moveaxis(chosen, axis, 0)[number] = True
    correction.paint(chosen & truth & ~predicted, FOREGROUND)
    correction.paint(chosen & predicted & ~truth, BACKGROUND)


def worst_slices(wrong: np.ndarray, count: int, axis: int = 0) -> List[int]:
    """The slices across an axis with most wrong voxels (bool [k, j, i]), worst first; those
    without any are left out, of equal ones the first comes first."""
    others = tuple(n for n in range(wrong.ndim) if n != axis)
    sums = wrong.sum(axis=others)
    order = np.argsort(-sums, kind="stable")[:count]
    return [int(n) for n in order if sums[n]]


def slices_painted(correction: Correction) -> int:
    """How many axial slices hold a mark."""
    axis = correction.annotation.geometry.long_axis
    others = tuple(n for n in range(3) if n != axis)
    return int((correction.annotation.marks != 0).any(axis=others).sum())
