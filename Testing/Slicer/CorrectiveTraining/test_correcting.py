"""Corrections, both ways, from the editor into the project and back."""

from __future__ import annotations

from typing import Any

import numpy as np

import SlicerHarness
from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND, NONE
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import Project, case_folder


def predict(user: Any, caseId: str, left: np.ndarray, right: np.ndarray, name: str = "net") -> None:
    """As the worker would; the open case is opened anew."""
    geometry = user.session.project.case(caseId).image.geometry
    masks = {user.LEFT: left, user.RIGHT: right}
    write_prediction(Prediction(masks, geometry, name), case_folder(user.folder, caseId))


def opened(user: Any) -> Any:
    """The first case, predicted: the left organ two voxels too far to one side, the right none."""
    wanted = user.truth()
    predict(user, user.case.id, np.roll(wanted[user.LEFT], 2, axis=2), wanted[user.RIGHT])
    user.session._predicted(user.case.id)
    return wanted


def test_an_edit_of_the_contour_becomes_foreground_and_background(user: Any) -> None:
    wanted = opened(user)[user.LEFT]
    seen = user.case.correction.annotation.prediction.copy()
    user.edit(user.LEFT, wanted)
    annotation = user.case.corrections[user.LEFT].annotation
    assert np.array_equal(annotation.marks == FOREGROUND, wanted & ~seen)
    assert np.array_equal(annotation.marks == BACKGROUND, seen & ~wanted)
    assert np.array_equal(annotation.prediction, seen)
    assert np.array_equal(user.shown(user.case.prediction, user.LEFT), seen)


def test_strokes_become_marks_and_the_last_one_wins(user: Any) -> None:
    opened(user)
    stroke = np.zeros(user.case.correction.corrected.shape, dtype=bool)
    stroke[5, 10, 5:12] = True
    user.paint(user.ui.foregroundButton, stroke)
    assert np.array_equal(user.case.correction.annotation.marks == FOREGROUND, stroke)
    assert (user.shown(user.case.contours, user.LEFT) & stroke).sum() == stroke.sum()
    user.paint(user.ui.backgroundButton, stroke)
    assert np.array_equal(user.case.correction.annotation.marks == BACKGROUND, stroke)
    assert not (user.shown(user.case.contours, user.LEFT) & stroke).any()
    assert not user.shown(user.case.marks, "Foreground").any()
    user.paint(user.ui.eraserButton, stroke)
    assert (user.case.correction.annotation.marks == NONE).all()
    assert not user.shown(user.case.marks, "Eraser").any()
    prediction = user.case.correction.annotation.prediction
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), prediction)


def test_the_two_ways_mix(user: Any) -> None:
    wanted = opened(user)[user.LEFT]
    user.edit(user.LEFT, wanted)
    stroke = np.zeros(wanted.shape, dtype=bool)
    stroke[4, 4, 4:8] = True
    user.paint(user.ui.foregroundButton, stroke)
    assert np.array_equal(user.case.correction.corrected, wanted | stroke)
    user.edit(user.LEFT, wanted)
    assert np.array_equal(user.case.correction.corrected, wanted)
    assert (user.case.correction.annotation.marks[stroke] == BACKGROUND).all()


def test_painting_does_not_erase_the_neighbour(user: Any) -> None:
    opened(user)
    right = user.case.corrections[user.RIGHT].corrected.copy()
    assert user.editor.mrmlSegmentEditorNode().GetOverwriteMode() == 2  # OverwriteNone
    user.edit(user.LEFT, user.case.correction.corrected | right)
    assert np.array_equal(user.shown(user.case.contours, user.RIGHT), right)
    assert not SlicerHarness.messages()
    assert not user.case.corrections[user.RIGHT].annotation.is_annotated


def test_other_structures_changes_are_asked_for_and_put_back_when_not_meant(user: Any) -> None:
    import qt

    opened(user)
    right = user.case.corrections[user.RIGHT].corrected.copy()
    node = user.editor.mrmlSegmentEditorNode()
    node.SetOverwriteMode(node.OverwriteAllSegments)
    SlicerHarness.answer(qt.QMessageBox.No)
    user.edit(user.LEFT, user.case.correction.corrected | right)
    (message,) = SlicerHarness.messages()
    assert f"{user.RIGHT}: {right.sum()}" in message.text
    assert np.array_equal(user.shown(user.case.contours, user.RIGHT), right)
    assert not user.case.corrections[user.RIGHT].annotation.is_annotated
    assert (user.case.corrections[user.LEFT].corrected & right).sum() == right.sum()


def test_other_structures_changes_count_when_they_were_meant(user: Any) -> None:
    import qt

    opened(user)
    right = user.case.corrections[user.RIGHT].corrected.copy()
    node = user.editor.mrmlSegmentEditorNode()
    node.SetOverwriteMode(node.OverwriteAllSegments)
    SlicerHarness.answer(qt.QMessageBox.Yes)
    user.edit(user.LEFT, user.case.correction.corrected | right)
    marks = user.case.corrections[user.RIGHT].annotation.marks
    assert np.array_equal(marks == BACKGROUND, right)


def test_undo_goes_back_through_all_changes_also_of_an_earlier_day(user: Any) -> None:
    wanted = opened(user)[user.LEFT]
    states = [user.case.correction.corrected.copy()]
    for k in range(8):  # more than Slicer's history keeps
        mask = states[-1].copy()
        mask[k] ^= wanted[5]
        user.edit(user.LEFT, mask)
        states.append(mask)
    case, folder = user.case.id, user.folder
    user.session.close()
    user.session.openProject(folder)
    user.session.open(case)
    for state in reversed(states[:-1]):
        user.ui.undoButton.click()
        assert np.array_equal(user.case.correction.corrected, state)
        assert np.array_equal(user.shown(user.case.contours, user.LEFT), state)
    assert not user.ui.undoButton.enabled
    for state in states[1:]:
        user.ui.redoButton.click()
        assert np.array_equal(user.shown(user.case.contours, user.LEFT), state)


def test_undo_is_of_one_structure(user: Any) -> None:
    wanted = opened(user)
    user.edit(user.RIGHT, np.roll(wanted[user.RIGHT], 1, axis=1))
    user.edit(user.LEFT, wanted[user.LEFT])
    user.ui.undoButton.click()
    left = user.case.correction
    assert np.array_equal(left.corrected, left.annotation.prediction)
    moved = np.roll(wanted[user.RIGHT], 1, axis=1)
    assert np.array_equal(user.case.corrections[user.RIGHT].corrected, moved)


def test_a_deleted_segment_comes_back_and_is_no_correction(user: Any) -> None:
    opened(user)
    before = user.case.correction.corrected.copy()
    user.case.contours.GetSegmentation().RemoveSegment(user.LEFT)
    user.events()
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), before)
    assert not user.case.correction.annotation.is_annotated


def test_a_newer_prediction_leaves_what_was_corrected_and_shows_the_rest(user: Any) -> None:
    wanted = opened(user)
    user.edit(user.LEFT, wanted[user.LEFT])
    newer = np.roll(wanted[user.RIGHT], 3, axis=1)
    predict(user, user.case.id, np.zeros_like(newer), newer, "newer")
    user.session._predicted(user.case.id)
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), wanted[user.LEFT])
    assert user.case.corrections[user.LEFT].annotation.model == "net"
    assert np.array_equal(user.shown(user.case.contours, user.RIGHT), newer)
    assert np.array_equal(user.shown(user.case.prediction, user.RIGHT), newer)
    predict(user, user.case.id, newer, np.zeros_like(newer), "finds nothing")
    user.session._predicted(user.case.id)
    assert not user.shown(user.case.contours, user.RIGHT).any()


def test_a_slice_is_marked_as_right_where_the_axial_view_is(views: Any, user: Any) -> None:
    from CorrectiveTrainingLib import Views

    opened(user)
    for k in (2, 9):
        Views.jump(user.case.volume, (k, 10, 10))
        user.ui.sliceReviewedCheckBox.click()
        assert user.ui.sliceReviewedCheckBox.checked
    assert np.flatnonzero(user.case.correction.annotation.reviewed).tolist() == [2, 9]
    user.ui.sliceReviewedCheckBox.click()
    assert np.flatnonzero(user.case.correction.annotation.reviewed).tolist() == [2]
    Views.jump(user.case.volume, (2, 10, 10))
    assert user.ui.sliceReviewedCheckBox.checked


def test_no_slice_of_a_tilted_image_is_marked_that_is_not_seen_whole(
    views: Any, user: Any
) -> None:
    import vtk

    from CorrectiveTrainingLib import Views

    opened(user)
    volume, angle = user.case.volume, np.radians(20.0)
    tilt = vtk.vtkMatrix4x4()
    for place, value in (((1, 1), np.cos(angle)), ((1, 2), -np.sin(angle)),
                         ((2, 1), np.sin(angle)), ((2, 2), np.cos(angle))):  # fmt: skip
        tilt.SetElement(*place, float(value))
    volume.SetIJKToRASDirectionMatrix(tilt)
    Views.jump(volume, (4, 10, 10))
    assert Views.sliceIndex(volume) is None
    views_of_case = Views.Views()
    views_of_case.enter()
    views_of_case.show(user.case)
    Views.jump(volume, (4, 10, 10))
    assert Views.sliceIndex(volume) == 4  # the view was turned into the slices
    volume.SetIJKToRASDirectionMatrix(vtk.vtkMatrix4x4())
    views_of_case.show(user.case)
    Views.jump(volume, (2, 10, 10))
    assert Views.sliceIndex(volume) == 2
    views_of_case.exit()


def test_a_whole_case_is_reviewed(user: Any) -> None:
    opened(user)
    user.ui.caseReviewedButton.click()
    project = user.session.project
    assert project.state(user.case.id) == "reviewed"
    assert all(c.annotation.known.all() for c in user.case.corrections.values())
    assert user.ui.casesTable.item(0, 1).text() == "reviewed"


def test_what_is_drawn_is_on_the_disk_before_anything_is_saved(user: Any) -> None:
    wanted = opened(user)[user.LEFT]
    user.edit(user.LEFT, wanted)
    case, folder = user.case.id, user.folder
    user.session.project._lock.path.unlink()  # as after a kill: nobody closed anything
    with Project.open(folder) as again:
        assert np.array_equal(again.correct(case)[user.LEFT].corrected, wanted)
        assert again.unsaved() == [(case, user.LEFT)]
    SlicerHarness.forgetMessages()
    user.session.project._lock.take()


def test_an_image_moved_against_its_contours_stops_corrections(user: Any, scene: Any) -> None:
    opened(user)
    before = user.case.correction.corrected.copy()
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    user.case.volume.SetAndObserveTransformNodeID(transform.GetID())
    user.edit(user.LEFT, np.roll(before, 1, axis=2))
    assert "moved against its contours" in SlicerHarness.messages()[-1].text
    assert np.array_equal(user.case.correction.corrected, before)
    user.case.volume.SetAndObserveTransformNodeID(None)
    user.case.takeEdits()
    assert np.array_equal(user.case.correction.corrected, np.roll(before, 1, axis=2))


def test_what_is_drawn_anew_while_the_image_is_moved_lies_where_the_project_says(
    user: Any
) -> None:
    opened(user)
    user.paint(user.ui.foregroundButton, np.roll(user.case.correction.corrected, 2, axis=2))
    wanted, marks = user.case.correction.corrected.copy(), user.case.correction.annotation.marks
    before = marks.copy()
    origin = user.case.volume.GetOrigin()
    user.case.volume.SetOrigin(*np.add(origin, 6.0))
    user.case.undo()
    user.case.redo()
    user.case.refresh()
    user.case.volume.SetOrigin(origin)
    stroke = np.zeros_like(wanted)
    stroke[1, 4:6, 4:6] = True
    user.paint(user.ui.foregroundButton, stroke)
    annotation = user.case.correction.annotation
    assert np.array_equal(annotation.corrected, wanted | stroke)
    assert np.array_equal(annotation.marks[~stroke], before[~stroke])


def test_an_image_whose_origin_was_changed_stops_corrections(user: Any) -> None:
    opened(user)
    before = user.case.correction.corrected.copy()
    origin = user.case.volume.GetOrigin()
    user.case.volume.SetOrigin(0, 0, 0)
    user.ui.editRadioButton.checked = True
    user.editor.paint(np.ones_like(before))
    user.events()
    assert "moved against its contours" in SlicerHarness.messages()[-1].text
    assert np.array_equal(user.case.correction.corrected, before)
    user.case.volume.SetOrigin(origin)
