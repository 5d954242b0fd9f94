from __future__ import annotations

from pathlib import Path

import numpy as np

from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND, begin
from AutoContourRTCore.correction.editing import Correction, nothing_to_check, start
from AutoContourRTCore.correction.oracle import (
    correct_worst_slices,
    draw_whole,
    slices_painted,
    worst_slices,
)
from AutoContourRTCore.volumes.geometry import Geometry

GRID = Geometry((20, 20, 20))


def block(*bounds: int) -> np.ndarray:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[tuple(slice(a, b) for a, b in zip(bounds[::2], bounds[1::2]))] = True
    return mask


def correction(folder: Path, predicted: np.ndarray) -> Correction:
    return start(folder, begin(GRID, predicted, "m"), nothing_to_check)


def test_a_whole_structure_gets_three_voxels_of_background_around(tmp_path: Path) -> None:
    found = correction(tmp_path, np.zeros(GRID.shape, dtype=bool))
    truth = block(8, 12, 8, 12, 8, 12)
    draw_whole(found, truth)
    marks = found.annotation.marks
    assert np.array_equal(marks == FOREGROUND, truth)
    assert np.array_equal(marks != 0, block(5, 15, 5, 15, 5, 15))
    assert slices_painted(found) == 10


def test_all_wrong_voxels_of_the_worst_slices_are_painted_and_no_other(tmp_path: Path) -> None:
    truth, predicted = block(4, 12, 5, 10, 5, 10), block(4, 12, 5, 10, 5, 10)
    predicted[6, 5:10, 5:10] = False  # 25 missed
    predicted[9, 5, 5:10] = False  # 5 missed, ...
    predicted[9, 0:3, 0:4] = True  # ... 12 too many
    predicted[2, 0, 0] = True  # 1 too many
    found = correction(tmp_path, predicted)
    correct_worst_slices(found, truth, 2)
    marks = found.annotation.marks
    assert np.unique(np.argwhere(marks)[:, 0]).tolist() == [6, 9]
    assert (marks == FOREGROUND).sum() == 30 and (marks == BACKGROUND).sum() == 12
    corrected = found.corrected
    assert np.array_equal(corrected[[6, 9]], truth[[6, 9]]) and corrected[2, 0, 0]
    correct_worst_slices(found, truth, 2)  # the same again does nothing
    assert np.array_equal(found.annotation.marks, marks)


def test_worst_slices_come_first_and_right_ones_never() -> None:
    wrong = block(3, 4, 0, 1, 0, 3) | block(7, 8, 0, 1, 0, 9) | block(5, 6, 0, 1, 0, 3)
    assert worst_slices(wrong, 5) == [7, 3, 5]
    assert worst_slices(wrong, 1) == [7]
    assert worst_slices(np.moveaxis(wrong, 0, 2), 2, axis=2) == [7, 3]


def test_axial_slices_are_found_on_any_grid(tmp_path: Path) -> None:
    turned = Geometry((20, 20, 20), axes=((1, 0, 0), (0, 0, 1), (0, 1, 0)))  # j runs along z
    wrong = np.zeros(turned.shape, dtype=bool)
    wrong[:, 4, :] = True
    found = start(tmp_path, begin(turned, wrong, "m"), nothing_to_check)
    correct_worst_slices(found, np.zeros(turned.shape, dtype=bool), 1)
    assert not found.corrected.any() and slices_painted(found) == 1
