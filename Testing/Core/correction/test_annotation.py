from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.correction.annotation import (
    BACKGROUND,
    FOREGROUND,
    NONE,
    begin,
    box_slices,
    marks_for,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry


def test_the_corrected_contour_is_prediction_plus_foreground_minus_background(
    grid: Geometry,
) -> None:
    rng = np.random.default_rng(0)
    predicted = rng.random(grid.shape) < 0.5
    annotation = begin(grid, predicted, "m")
    annotation.marks[:] = rng.integers(0, 3, grid.shape)
    expected = {
        (False, NONE): False, (False, FOREGROUND): True, (False, BACKGROUND): False,
        (True, NONE): True, (True, FOREGROUND): True, (True, BACKGROUND): False,
    }
    for was, mark, now in zip(predicted.flat, annotation.marks.flat, annotation.corrected.flat):
        assert now == expected[(bool(was), int(mark))]


def test_added_voxels_become_foreground_removed_ones_background_and_others_stay() -> None:
    before = np.array([[[True, True, False, False]]])
    after = np.array([[[True, False, True, False]]])
    marks = np.array([[[BACKGROUND, NONE, BACKGROUND, FOREGROUND]]], dtype=np.uint8)
    assert marks_for(before, after, marks).tolist() == [
        [[BACKGROUND, BACKGROUND, FOREGROUND, FOREGROUND]]
    ]
    assert marks.tolist() == [[[BACKGROUND, NONE, BACKGROUND, FOREGROUND]]]


def test_only_marks_are_known_until_slices_are_reviewed_and_then_within_the_box(
    grid: Geometry,
) -> None:
    annotation = begin(grid, box=(1, 5, 2, 4, 0, 3))
    annotation.marks[3, 0, 0] = FOREGROUND
    assert annotation.known.sum() == 1 and annotation.is_annotated
    annotation.reviewed[[1, 3]] = True  # slice 3 lies outside the box
    known = np.zeros(grid.shape, dtype=bool)
    known[1, 2:4, 1:5] = True
    known[3, 0, 0] = True
    assert np.array_equal(annotation.known, known)


def test_nothing_is_annotated_at_first(grid: Geometry) -> None:
    annotation = begin(grid, np.ones(grid.shape, dtype=bool))
    assert not annotation.is_annotated and not annotation.known.any()
    assert annotation.corrected.all()


def test_a_prediction_of_another_shape_is_refused(grid: Geometry) -> None:
    with pytest.raises(InputError, match=r"\(4, 6, 7\).*\(4, 6, 8\)"):
        begin(grid, np.zeros((4, 6, 7), dtype=bool))


@pytest.mark.parametrize("box", [(0, 9, 0, 6, 0, 4), (3, 3, 0, 6, 0, 4), (-1, 8, 0, 6, 0, 4)])
def test_a_box_must_lie_in_the_image(grid: Geometry, box: tuple) -> None:
    with pytest.raises(InputError, match="does not fit"):
        box_slices(box, grid.shape)
