from __future__ import annotations

import math

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.pooled import Overlap, overlap, pooled_dice


def test_sums_come_before_the_division():
    """By hand: 2 (1 + 90) / ((2 + 2) + (100 + 100)); the mean of both Dice would be 0.7."""
    patients = [Overlap(1, 2, 2), Overlap(90, 100, 100)]
    assert pooled_dice(patients) == pytest.approx(2 * 91 / 204)


def test_only_the_drawn_slices_count(box):
    reference, test = box((2, 3, 4), (1, 6, 7)), box((0, 3, 4), (6, 6, 7))
    assert overlap(reference, test) == Overlap(42, 42, 6 * 42)
    assert overlap(reference, test, [2]) == Overlap(42, 42, 42)
    assert pooled_dice([overlap(reference, test, [2])]) == 1
    assert overlap(reference, test, [2, 2, 1]) == Overlap(42, 42, 2 * 42)
    assert overlap(reference, test, []) == Overlap(0, 0, 0)


def test_slices_lie_along_the_axial_axis(box):
    mask = box((2, 3, 4), (5, 6, 7))
    assert overlap(mask, mask, [3], 1) == Overlap(35, 35, 35)


def test_nothing_drawn_is_nan_and_a_slice_that_is_not_there_is_refused():
    nothing = np.zeros((3, 4, 5), bool)
    assert math.isnan(pooled_dice([overlap(nothing, nothing)])) and math.isnan(pooled_dice([]))
    with pytest.raises(InputError, match="between 0 and 2"):
        overlap(nothing, nothing, [3])
