from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional

import numpy as np
import pytest

from AutoContourRTCore.correction import editing
from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND, NONE, begin
from AutoContourRTCore.correction.editing import (
    ANNOTATION,
    Correction,
    nothing_to_check,
    reopen,
    start,
    take_edit,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry


def begun(
    folder: Path,
    grid: Geometry,
    prediction: Optional[np.ndarray] = None,
    check: Callable[[], None] = nothing_to_check,
) -> Correction:
    return start(folder, begin(grid, prediction, "m"), check)


def voxel(grid: Geometry, *kji: int) -> np.ndarray:
    mask = np.zeros(grid.shape, dtype=bool)
    mask[kji] = True
    return mask


def test_any_edit_of_the_contour_becomes_marks(grid: Geometry, tmp_path: Path) -> None:
    predicted = voxel(grid, 1, 1, 1) | voxel(grid, 1, 1, 2)
    correction = begun(tmp_path, grid, predicted)
    edited = voxel(grid, 1, 1, 1) | voxel(grid, 2, 3, 3)
    assert correction.set_mask(edited) == 2
    assert np.array_equal(correction.corrected, edited)
    marks = correction.annotation.marks
    assert (marks[2, 3, 3], marks[1, 1, 2], marks[1, 1, 1]) == (FOREGROUND, BACKGROUND, NONE)


def test_an_edit_of_a_part_is_the_same_as_one_of_the_whole(grid: Geometry, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    predicted, edited = (rng.random(grid.shape) < 0.5 for _ in range(2))
    part = (slice(1, 3), slice(2, 6), slice(0, 5))
    whole_edit = predicted.copy()
    whole_edit[part] = edited[part]
    one, other = (begun(tmp_path / name, grid, predicted) for name in ("one", "other"))
    assert one.set_mask(edited[part], part) == other.set_mask(whole_edit)
    assert np.array_equal(one.annotation.marks, other.annotation.marks)
    stroke = voxel(grid, 1, 0, 0) | voxel(grid, 0, 3, 4)
    one.paint(voxel(grid, 2, 3, 4)[part], FOREGROUND, part)
    other.paint(voxel(grid, 2, 3, 4), FOREGROUND)
    assert np.array_equal(one.annotation.marks, other.annotation.marks)
    assert one.undo() and one.undo() and np.array_equal(one.corrected, predicted)
    with pytest.raises(InputError, match="does not fit"):
        one.paint(stroke, FOREGROUND, part)


def test_the_last_stroke_wins(grid: Geometry, tmp_path: Path) -> None:
    correction = begun(tmp_path, grid)
    here = voxel(grid, 0, 0, 0)
    for mark, there in ((FOREGROUND, True), (BACKGROUND, False), (FOREGROUND, True)):
        correction.paint(here, mark)
        assert correction.corrected[0, 0, 0] == there
    correction.paint(here, NONE)
    assert not correction.annotation.is_annotated


def test_strokes_survive_without_ever_being_saved(grid: Geometry, tmp_path: Path) -> None:
    correction = begun(tmp_path, grid, voxel(grid, 3, 3, 3))
    correction.paint(voxel(grid, 0, 0, 0), FOREGROUND)
    correction.review([2])
    correction.set_mask(voxel(grid, 0, 0, 0))
    back = reopen(tmp_path, grid, nothing_to_check)  # as after kill -9
    assert np.array_equal(back.annotation.marks, correction.annotation.marks)
    assert back.annotation.reviewed.tolist() == [False, False, True, False]
    assert np.array_equal(back.annotation.prediction, voxel(grid, 3, 3, 3))
    assert not back.is_saved


def test_undo_goes_back_through_slices_saves_and_sessions(grid: Geometry, tmp_path: Path) -> None:
    correction, states = begun(tmp_path, grid), []
    for n in range(24):  # far more than the five states of Slicer's own history
        states.append(correction.corrected)
        correction.paint(voxel(grid, n % 4, n % 6, n % 8), FOREGROUND)
        if n == 10:
            correction.save()
        if n == 15:
            correction = reopen(tmp_path, grid, nothing_to_check)
    for expected in reversed(states):
        assert correction.undo()
        assert np.array_equal(correction.corrected, expected)
    assert not correction.undo() and correction.can_redo
    while correction.redo():
        pass
    assert correction.corrected.sum() == 24


def test_undo_of_one_structure_leaves_the_others_alone(grid: Geometry, tmp_path: Path) -> None:
    one, other = (begun(tmp_path / name, grid) for name in ("one", "other"))
    one.paint(voxel(grid, 0, 0, 0), FOREGROUND)
    other.paint(voxel(grid, 1, 1, 1), FOREGROUND)
    one.undo()
    assert not one.corrected.any() and other.corrected[1, 1, 1]


def test_overwriting_a_neighbour_never_annotates_it(grid: Geometry, tmp_path: Path) -> None:
    organs = {
        name: begun(tmp_path / name, grid, voxel(grid, 1, 1, n))
        for n, name in enumerate(("Parotid_L", "Bone_Mandible", "Larynx"))
    }
    grown = voxel(grid, 1, 1, 0) | voxel(grid, 1, 1, 1)  # over the mandible
    after = {"Parotid_L": grown, "Bone_Mandible": np.zeros(grid.shape, dtype=bool)}
    assert take_edit(organs, after, "Parotid_L") == {"Bone_Mandible": 1}
    assert np.array_equal(organs["Parotid_L"].corrected, grown)
    assert not organs["Bone_Mandible"].annotation.is_annotated
    assert organs["Bone_Mandible"].corrected[1, 1, 1]
    assert not (tmp_path / "Bone_Mandible").exists()


def test_the_change_of_a_neighbour_counts_once_the_user_confirmed_it(
    grid: Geometry, tmp_path: Path
) -> None:
    organs = {name: begun(tmp_path / name, grid) for name in ("Parotid_L", "Bone_Mandible")}
    after = {"Parotid_L": voxel(grid, 0, 0, 0), "Bone_Mandible": voxel(grid, 1, 1, 1)}
    assert take_edit(organs, after, "Parotid_L", ["Bone_Mandible"]) == {}
    assert organs["Bone_Mandible"].annotation.marks[1, 1, 1] == FOREGROUND


def test_nothing_is_written_before_the_first_change(grid: Geometry, tmp_path: Path) -> None:
    folder = tmp_path / "organ"
    correction = begun(folder, grid, voxel(grid, 0, 0, 0))
    assert correction.set_mask(voxel(grid, 0, 0, 0)) == 0
    assert not folder.exists()
    correction.set_mask(voxel(grid, 0, 0, 1))
    assert (folder / ANNOTATION).exists()


def test_a_damaged_history_takes_nothing_from_what_was_saved(
    grid: Geometry, tmp_path: Path
) -> None:
    correction = begun(tmp_path, grid)
    correction.paint(voxel(grid, 0, 0, 0), FOREGROUND)
    correction.paint(voxel(grid, 1, 1, 1), FOREGROUND)
    correction.save()
    correction.journal.path.write_bytes(correction.journal.path.read_bytes()[:20])
    back = reopen(tmp_path, grid, nothing_to_check)
    assert back.corrected.sum() == 2 and "damaged" in back.note and not back.can_undo
    back.paint(voxel(grid, 2, 2, 2), FOREGROUND)
    again = reopen(tmp_path, grid, nothing_to_check)  # never saved since
    assert again.corrected.sum() == 3 and again.note == "" and again.undo()
    assert again.corrected.sum() == 2


def test_a_change_that_a_crash_cut_is_told_of_once(grid: Geometry, tmp_path: Path) -> None:
    correction = begun(tmp_path, grid)
    correction.paint(voxel(grid, 0, 0, 0), FOREGROUND)
    correction.paint(voxel(grid, 1, 1, 1), FOREGROUND)
    path = correction.journal.path
    path.write_bytes(path.read_bytes()[:-5])
    back = reopen(tmp_path, grid, nothing_to_check)
    assert back.corrected.sum() == 1 and str(back.journal.put_aside) in back.note
    assert reopen(tmp_path, grid, nothing_to_check).note == ""


def test_a_second_annotation_in_the_same_place_is_refused(grid: Geometry, tmp_path: Path) -> None:
    begun(tmp_path, grid).save()
    with pytest.raises(InputError, match="already"):
        begun(tmp_path, grid)


def test_who_lost_the_project_cannot_write(grid: Geometry, tmp_path: Path) -> None:
    lost = False

    def check() -> None:
        if lost:
            raise InputError("taken over by somebody")

    correction = begun(tmp_path, grid, check=check)
    correction.paint(voxel(grid, 0, 0, 0), FOREGROUND)
    lost = True
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for act in (
        lambda: correction.paint(voxel(grid, 0, 0, 1), FOREGROUND),
        correction.undo, correction.save, lambda: correction.review([0]),
    ):
        with pytest.raises(InputError, match="taken over"):
            act()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert correction.annotation.marks.sum() == FOREGROUND


def test_a_change_that_cannot_be_recorded_does_not_take_effect(
    grid: Geometry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    correction = begun(tmp_path, grid)

    def full(*arguments: object) -> None:
        raise InputError("no space")

    monkeypatch.setattr(editing.Journal, "append", full)
    with pytest.raises(InputError, match="no space"):
        correction.paint(voxel(grid, 0, 0, 0), FOREGROUND)
    assert not correction.annotation.is_annotated


def test_reviewed_slices_can_be_taken_back_and_must_exist(grid: Geometry, tmp_path: Path) -> None:
    correction = begun(tmp_path, grid)
    assert correction.review() == 4
    assert correction.review([1], confirmed=False) == 1
    assert correction.annotation.reviewed.tolist() == [True, False, True, True]
    with pytest.raises(InputError, match="no slice 4"):
        correction.review([4])


def test_masks_of_another_shape_and_unknown_marks_are_refused(
    grid: Geometry, tmp_path: Path
) -> None:
    correction = begun(tmp_path, grid)
    with pytest.raises(InputError, match=r"\(4, 6, 7\)"):
        correction.set_mask(np.zeros((4, 6, 7), dtype=bool))
    with pytest.raises(InputError, match="mark 3"):
        correction.paint(voxel(grid, 0, 0, 0), 3)
