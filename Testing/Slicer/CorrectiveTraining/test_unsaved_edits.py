"""Edits that the project cannot take, or not now: told, kept as long as they can be, asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import SlicerHarness
from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND
from AutoContourRTCore.correction.journal import Journal
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import WINDOW_LOCK, Project, case_folder
from AutoContourRTCore.errors import InputError

SURFACE, LINES = "Closed surface", "Planar contour"


def block(k: int, j: int, i: int, side: int = 3) -> np.ndarray:
    """bool [k, j, i]."""
    mask = np.zeros((12, 24, 28), dtype=bool)
    mask[k : k + side, j : j + side, i : i + side] = True
    return mask


def marked(user: Any, mark: int) -> np.ndarray:
    """Of the left structure."""
    return user.case.corrections[user.LEFT].annotation.marks == mark


def predict(user: Any, **masks: np.ndarray) -> None:
    """As the worker would, into the folder of the open case."""
    geometry = user.session.project.case(user.case.id).image.geometry
    write_prediction(Prediction(masks, geometry, "net"), case_folder(user.folder, user.case.id))


def fullDisk(patch: Any) -> None:
    def full(self: Any, *arguments: Any) -> None:
        raise InputError("The last change could not be saved: No space left on device.")

    patch.setattr(Journal, "append", full)


def doubleClick(user: Any, row: int) -> None:
    """In the list of cases; what a failure raises after it was shown ends in Qt."""
    with suppress(InputError):
        user.widget.cases.onDoubleClicked(row, 0)


def yes() -> None:
    import qt

    SlicerHarness.answer(qt.QMessageBox.Yes)


# A segment that is no structure


def addSegment(user: Any, node: Any, mask: np.ndarray) -> str:
    """Add, and paint in it, as the Segment Editor does; the ID."""
    user.editor.setSegmentationNode(node)
    segmentId = node.GetSegmentation().AddEmptySegment("", "Segment_1")
    user.events()
    assert not SlicerHarness.messages()  # nothing is in it yet
    user.editor.setCurrentSegmentID(segmentId)
    user.editor.paint(mask)
    user.events()
    return segmentId


@pytest.mark.parametrize("kind", ["contours", "marks"])
def test_what_is_drawn_in_a_segment_of_ones_own_is_told_once_and_asked_for(
    user: Any, kind: str
) -> None:
    case, node = user.case, getattr(user.case, kind)
    segmentId = addSegment(user, node, block(3, 8, 8))
    (message,) = SlicerHarness.messages()
    wanted = "Kidney_L, Kidney_R" if kind == "contours" else "Foreground, Background, Eraser"
    assert "Segment_1" in message.text and wanted in message.text
    user.editor.paint(block(6, 8, 8))
    user.events()
    assert len(SlicerHarness.messages()) == 1
    user.ui.closeButton.click()  # the question is answered with No
    assert user.case is case and user.session.project is not None
    question, refusal = SlicerHarness.messages()[1:]
    assert "Segment_1" in question.text and "Yes: its contours as they are now" in question.text
    assert "not closed" in refusal.text
    assert user.shown(node, segmentId).sum() == 2 * 27
    yes()
    user.ui.nextButton.click()
    assert user.case.name == "case-1" and node.GetScene() is None


def test_a_segment_of_ones_own_that_was_removed_again_is_not_asked_for(user: Any) -> None:
    segmentId = addSegment(user, user.case.contours, block(3, 8, 8))
    user.edit(user.LEFT, block(3, 8, 8))
    user.case.contours.GetSegmentation().RemoveSegment(segmentId)
    user.events()
    SlicerHarness.forgetMessages()
    user.ui.nextButton.click()
    assert user.case.name == "case-1" and not SlicerHarness.messages()
    user.ui.previousButton.click()
    assert np.array_equal(user.case.correction.corrected, block(3, 8, 8))


# Strokes and edits that wait for room on the disk


def test_a_stroke_that_could_not_be_saved_is_saved_with_the_next_edit_of_the_contour(
    user: Any, monkeypatch: Any
) -> None:
    user.edit(user.LEFT, block(2, 4, 4))
    stroke, more = block(6, 12, 12), block(2, 4, 4) | block(2, 4, 16)
    with monkeypatch.context() as patch:
        fullDisk(patch)
        user.paint(user.ui.foregroundButton, stroke)
        assert not marked(user, FOREGROUND)[stroke].any()
    user.edit(user.LEFT, more)
    assert np.array_equal(marked(user, FOREGROUND), more | stroke)
    assert np.array_equal(user.shown(user.case.marks, "Foreground"), more | stroke)
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), more | stroke)


def test_an_edit_of_the_contour_that_could_not_be_saved_outlives_strokes(
    user: Any, monkeypatch: Any
) -> None:
    user.edit(user.LEFT, block(2, 4, 4))
    edited, stroke = block(2, 4, 5) | block(5, 4, 16), block(8, 12, 12)
    with monkeypatch.context() as patch:
        fullDisk(patch)
        user.edit(user.LEFT, edited)
    wiped = block(5, 4, 16, 1)
    user.ui.paintRadioButton.checked = True
    node = user.case.marks
    user.editor.setSegmentationNode(node)
    for segmentId, mask in (("Foreground", stroke), ("Background", wiped)):
        user.editor.setCurrentSegmentID(segmentId)
        user.editor.paint(mask)
    user.events()
    wanted = (edited | stroke) & ~wiped
    assert np.array_equal(user.case.correction.corrected, wanted)
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), wanted)
    assert np.array_equal(user.shown(node, "Foreground"), marked(user, FOREGROUND))
    assert marked(user, BACKGROUND)[wiped].all()


def test_both_wait_as_long_as_the_disk_is_full(user: Any, monkeypatch: Any) -> None:
    user.edit(user.LEFT, block(2, 4, 4))
    stroke, edited = block(6, 12, 12), block(2, 4, 4) | block(2, 4, 16)
    with monkeypatch.context() as patch:
        fullDisk(patch)
        user.paint(user.ui.foregroundButton, stroke)
        user.edit(user.LEFT, edited)
        assert user.shown(user.case.marks, "Foreground")[stroke].all()
        assert np.array_equal(user.shown(user.case.contours, user.LEFT), edited)
    user.case.takeEdits()
    assert np.array_equal(user.case.correction.corrected, edited | stroke)
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), edited | stroke)


def test_a_prediction_that_comes_while_the_user_is_asked_waits_for_the_answer(
    user: Any
) -> None:
    seen, newer, drawn = block(3, 8, 4, 6), block(4, 14, 14), block(3, 8, 4)
    predict(user, **{user.LEFT: newer, user.RIGHT: seen})
    user.session._predicted(user.case.id)

    def asked(others: Any) -> tuple:
        predict(user, **{user.LEFT: newer, user.RIGHT: newer})
        user.session._predicted(user.case.id)
        return tuple(others)

    user.session.confirm = asked
    node = user.editor.mrmlSegmentEditorNode()
    node.SetOverwriteMode(node.OverwriteAllSegments)
    user.edit(user.LEFT, newer | drawn)
    right = user.case.corrections[user.RIGHT]
    assert np.array_equal(right.annotation.prediction, seen)
    assert np.array_equal(right.annotation.marks == BACKGROUND, drawn)
    assert not (right.annotation.marks == FOREGROUND).any()
    assert np.array_equal(user.case.corrections[user.LEFT].corrected, newer | drawn)


def test_a_prediction_that_waited_is_shown_later(user: Any) -> None:
    found = block(4, 14, 14)
    predict(user, **{user.LEFT: found, user.RIGHT: found})
    user.case.isTaking = True
    user.session._predicted(user.case.id)
    assert not user.shown(user.case.prediction, user.LEFT).any()
    user.case.isTaking = False
    user.waitFor(lambda: user.shown(user.case.prediction, user.LEFT).any(), 10)
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), found)


def test_what_is_not_saved_is_shown_tried_again_and_told_anew(
    user: Any, monkeypatch: Any
) -> None:
    from CorrectiveTrainingLib import Unsaved

    monkeypatch.setattr(Unsaved, "RETRY_SECONDS", 0.05)
    for n in (1, 2):
        with monkeypatch.context() as patch:
            fullDisk(patch)
            user.edit(user.LEFT, block(2, 4, 4 * n))
            (message,) = SlicerHarness.messages()
            assert "No space left" in message.text
            user.edit(user.LEFT, block(2, 4, 4 * n) | block(8, 4, 4))
            assert len(SlicerHarness.messages()) == 1, "not at every stroke"
            assert user.ui.caseLabel.text.startswith("NOT SAVED")
        user.waitFor(lambda: not user.case.unsaved.problem, 10)  # without another stroke
        assert np.array_equal(user.case.correction.corrected, block(2, 4, 4 * n) | block(8, 4, 4))
        assert "NOT SAVED" not in user.ui.caseLabel.text
        SlicerHarness.forgetMessages()


def test_what_is_given_up_stays_in_the_scene(user: Any, slicer_app: Any) -> None:
    from AutoContourRTLib.SegmentLabels import labelMapFromSegmentation

    user.edit(user.LEFT, block(2, 4, 4))
    with Project.open(user.folder, by_force=True):
        user.edit(user.LEFT, block(2, 4, 4) | block(6, 4, 4))
        yes()
        user.ui.closeButton.click()
    assert user.case is None
    (kept,) = slicer_app.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert kept.GetName() == "case-0 contours, not in the project"
    assert list(kept.GetSegmentation().GetSegmentIDs()) == [user.LEFT, user.RIGHT]
    assert labelMapFromSegmentation(kept).labelMap.masks[user.LEFT].sum() == 54


# Another representation


@pytest.mark.parametrize("kind", [SURFACE, LINES])
def test_a_contour_turned_into_surfaces_is_no_correction_and_comes_back(
    user: Any, kind: str
) -> None:
    wanted, right = block(2, 4, 4) | block(5, 4, 16), block(6, 12, 6)
    user.edit(user.RIGHT, right)
    user.edit(user.LEFT, wanted)
    count = len(user.case.correction.journal)
    segmentation = user.case.contours.GetSegmentation()
    segmentation.CreateRepresentation(kind)  # as the module Segmentations does it
    segmentation.SetSourceRepresentationName(kind)
    user.events()
    (message,) = SlicerHarness.messages()
    assert "another representation" in message.text and user.case.contours.GetName() in message.text
    assert len(user.case.correction.journal) == count
    assert segmentation.GetSourceRepresentationName() == "Binary labelmap"
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), wanted)
    assert np.array_equal(user.shown(user.case.contours, user.RIGHT), right)
    user.edit(user.LEFT, wanted | block(8, 4, 4))
    assert np.array_equal(user.case.correction.corrected, wanted | block(8, 4, 4))
    assert len(SlicerHarness.messages()) == 1


def test_marks_turned_into_surfaces_come_back(user: Any) -> None:
    stroke = block(2, 4, 4)
    user.paint(user.ui.foregroundButton, stroke)
    segmentation = user.case.marks.GetSegmentation()
    segmentation.CreateRepresentation(SURFACE)
    segmentation.SetSourceRepresentationName(SURFACE)
    user.events()
    assert "another representation" in SlicerHarness.messages()[-1].text
    assert np.array_equal(marked(user, FOREGROUND), stroke)
    assert np.array_equal(user.shown(user.case.marks, "Foreground"), stroke)


# An edit that cannot be saved traps nobody


def move(user: Any) -> None:
    """The image, and then draw."""
    user.edit(user.LEFT, block(2, 4, 4))
    SlicerHarness.forgetMessages()
    user.case.volume.SetOrigin(0, 0, 0)
    user.ui.editRadioButton.checked = True
    user.editor.paint(block(6, 4, 4))
    user.events()
    (message,) = SlicerHarness.messages()
    assert "moved against its contours" in message.text
    SlicerHarness.forgetMessages()


@pytest.mark.parametrize("way", ["same", "other", "close"])
def test_after_the_image_was_moved_the_case_can_be_left_without_the_edit(
    user: Any, way: str
) -> None:
    move(user)
    case = user.case.id
    act = {
        "same": lambda: doubleClick(user, 0),
        "other": lambda: doubleClick(user, 1),
        "close": user.ui.closeButton.click,
    }[way]
    act()  # the question is answered with No: the case stays
    assert user.case.volume.GetOrigin() == (0, 0, 0)
    assert "moved against its contours" in SlicerHarness.messages()[0].text
    yes()
    act()
    if way == "close":
        assert user.session.project is None
        user.session.openProject(user.folder)
    if way != "same":
        user.session.open(case)
    assert np.array_equal(user.case.correction.corrected, block(2, 4, 4))
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), block(2, 4, 4))
    user.edit(user.LEFT, block(2, 4, 4) | block(8, 4, 4))  # goes on
    assert user.case.correction.corrected.sum() == 54
    move(user)  # and is told again


def test_a_project_that_somebody_took_over_can_be_closed(user: Any) -> None:
    user.edit(user.LEFT, block(2, 4, 4))
    with Project.open(user.folder, by_force=True) as other:
        user.edit(user.LEFT, block(2, 4, 4) | block(6, 4, 4))
        assert "was taken over by" in SlicerHarness.messages()[-1].text
        user.ui.closeButton.click()
        assert user.session.project is not None
        yes()
        user.ui.closeButton.click()
        assert user.session.project is None and user.case is None
        kept = other.correct("0001_case-0")[user.LEFT].corrected
        assert np.array_equal(kept, block(2, 4, 4))


def test_to_open_another_project_does_not_ask_to_take_that_over_for_the_first_ones_sake(
    user: Any, tmp_path: Any
) -> None:
    user.edit(user.LEFT, block(2, 4, 4))
    with Project.open(user.folder, by_force=True):
        user.edit(user.LEFT, block(2, 4, 4) | block(6, 4, 4))
        SlicerHarness.forgetMessages()
        SlicerHarness.answer(str(tmp_path / "another"))
        user.ui.openButton.click()
        texts = [message.text for message in SlicerHarness.messages()]
        assert "Leave the case all the same?" in texts[1]
        assert not any("Take it over" in text for text in texts)


@pytest.mark.parametrize("way", ["exit", "quit"])
def test_the_module_and_slicer_are_left_although_the_edit_cannot_be_saved(
    user: Any, slicer_app: Any, way: str
) -> None:
    move(user)
    if way == "exit":
        slicer_app.util.selectModule("Welcome")
        assert "The last edit is not saved" in SlicerHarness.messages()[-1].text
        assert user.case is not None and not user.widget.interaction._tags
    user.widget.cleanup()
    assert user.session.project is None and not (user.folder / WINDOW_LOCK).exists()
