from __future__ import annotations

import numpy as np

from AutoContourRTCore.metrics.common_range import common_slices, on_slices


def test_the_common_range_lies_between_the_inner_ends(box):
    a, b = box((2, 3, 4), (10, 4, 4)), box((5, 3, 4), (12, 4, 4))
    assert common_slices(a, b) == slice(5, 12) == common_slices(b, a)
    cut = on_slices(a, b, slice(5, 12))
    assert cut[0].shape[0] == 7 and (cut[0] == cut[1]).all()


def test_a_gap_in_between_belongs_to_the_range(box):
    a = box((2, 3, 4), (10, 4, 4))
    a[6] = False
    assert common_slices(a, box((0, 3, 4), (20, 4, 4))) == slice(2, 12)


def test_structures_above_each_other_have_no_common_range(box):
    assert common_slices(box((0, 0, 0), (3, 4, 4)), box((3, 0, 0), (3, 4, 4))) is None
    assert common_slices(box((0, 0, 0), (3, 4, 4)), np.zeros((20, 24, 28), bool)) is None


def test_slices_lie_along_the_axial_axis(box):
    a, b = box((0, 2, 0), (4, 8, 4)), box((0, 5, 0), (4, 9, 4))
    assert common_slices(a, b, 1) == slice(5, 10)
    assert on_slices(a, b, slice(5, 10), 1)[0].shape[1] == 5
