"""Corrections that are made in Slicer's own Segment Editor module, with its undo and redo."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture()
def editor(user: Any, slicer_app: Any) -> Any:
    """The editor of the Segment Editor module, with its undo on."""
    slicer_app.util.selectModule("SegmentEditor")
    made = slicer_app.modules.segmenteditor.widgetRepresentation().self().editor
    made.mrmlSegmentEditorNode().SetOverwriteMode(made.mrmlSegmentEditorNode().OverwriteNone)
    return made


def point(editor: Any, user: Any, node: Any, segment: str) -> None:
    editor.setSegmentationNode(node)
    editor.setSourceVolumeNode(user.case.volume)
    editor.setCurrentSegmentID(segment)


def drawn(user: Any) -> np.ndarray:
    user.events()
    return np.array(user.case.correction.corrected)


def test_undo_and_redo_of_an_edited_contour_reach_the_project(user: Any, editor: Any) -> None:
    point(editor, user, user.case.contours, user.LEFT)
    mask = user.truth()[user.LEFT]
    editor.paint(mask)
    assert np.array_equal(drawn(user), mask)
    editor.undo()
    assert not drawn(user).any()
    editor.redo()
    assert np.array_equal(drawn(user), mask)


def test_what_was_erased_by_mistake_and_undone_is_in_the_project_again(
    user: Any, editor: Any
) -> None:
    point(editor, user, user.case.contours, user.LEFT)
    mask = user.truth()[user.LEFT]
    editor.paint(mask)
    user.events()
    editor.erase(mask)
    assert not drawn(user).any()
    editor.undo()
    assert np.array_equal(drawn(user), mask)
    case_id = user.case.id
    user.session.save()
    user.session.open(case_id)
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), mask)


def test_undo_of_a_mark_reaches_the_project(user: Any, editor: Any) -> None:
    point(editor, user, user.case.marks, "Foreground")
    mask = user.truth()[user.LEFT]
    editor.paint(mask)
    assert np.array_equal(drawn(user), mask)
    editor.undo()
    assert not drawn(user).any()
    assert not user.shown(user.case.marks, "Foreground").any()


def test_a_structure_that_the_case_refuses_is_not_shown_as_chosen(user: Any) -> None:
    """The image is moved, so that a stroke cannot be saved, and another structure is chosen."""
    user.ui.structureComboBox.currentIndex = user.ui.structureComboBox.findData(user.LEFT)
    origin = user.case.volume.GetOrigin()
    user.case.volume.SetOrigin(9.0, 9.0, 9.0)
    user.paint(user.ui.foregroundButton, user.truth()[user.LEFT])
    user.ui.structureComboBox.currentIndex = user.ui.structureComboBox.findData(user.RIGHT)
    user.events()
    assert user.ui.structureComboBox.currentData == user.case.structure
    user.case.volume.SetOrigin(*origin)
