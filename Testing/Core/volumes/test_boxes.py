from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.boxes import cropped_pair


def test_both_masks_are_cut_to_the_smallest_box_around_both():
    a, b = np.zeros((2, 8, 9, 10), bool)
    a[2, 3, 4], b[5, 1, 7] = True, True
    first, second = cropped_pair(a, b)
    assert first.shape == second.shape == (4, 3, 4)
    assert first.sum() == second.sum() == 1
    assert first[0, 2, 0] and second[3, 0, 3]


def test_an_empty_mask_does_not_widen_the_box_of_the_other():
    a, b = np.zeros((2, 5, 5, 5), bool)
    a[1:3, 2, 2:5] = True
    assert cropped_pair(b, a)[1].all()


def test_two_empty_masks_leave_no_voxel():
    empty = np.zeros((3, 3, 3), bool)
    assert cropped_pair(empty, empty)[0].size == 0


def test_masks_without_three_axes_are_refused():
    with pytest.raises(InputError, match="three axes"):
        cropped_pair(np.ones((2, 2), bool), np.ones((2, 2), bool))
