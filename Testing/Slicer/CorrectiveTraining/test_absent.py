"""A structure that is confirmed without being drawn is asked for before it is learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np

import SlicerHarness
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import case_folder


def reviewSlice(user: Any, k: int) -> None:
    """As the tick of "This slice is right"."""
    user.case.review(k)


def answers(*buttons: str) -> None:
    import qt

    SlicerHarness.answer(*(getattr(qt.QMessageBox, button) for button in buttons))


def stroke(user: Any) -> np.ndarray:
    mask = np.zeros(user.case.correction.corrected.shape, dtype=bool)
    mask[5, 8:12, 8:12] = True
    return mask


def test_a_confirmed_slice_of_a_structure_never_drawn_is_asked_for_and_no_loses_nothing(
    views: Any, user: Any, worker: Any
) -> None:
    from CorrectiveTrainingLib import Views

    Views.jump(user.case.volume, (4, 10, 10))
    user.ui.sliceReviewedCheckBox.click()
    user.edit(user.RIGHT, stroke(user))
    answers("No")
    user.ui.nextButton.click()
    (message,) = SlicerHarness.messages()
    question = "Kidney_L has not been drawn at all. Is it really absent from this image?"
    assert question in message.text
    assert user.case.name == "case-0" and user.session.project.state(user.case.id) == "new"
    assert user.session.project.case(user.case.id).side == "" and not worker.of("CorrectRequest")
    assert np.array_equal(user.case.corrections[user.RIGHT].corrected, stroke(user))
    assert np.flatnonzero(user.case.corrections[user.LEFT].annotation.reviewed).tolist() == [4]
    user.edit(user.LEFT, np.roll(stroke(user), 8, axis=2))
    user.ui.nextButton.click()
    assert user.case.name == "case-1" and len(SlicerHarness.messages()) == 1


def test_yes_saves_and_is_asked_once(user: Any) -> None:
    reviewSlice(user, 4)
    answers("Yes")
    user.ui.saveButton.click()
    assert user.session.project.state(user.case.id) == "corrected"
    user.ui.nextButton.click()
    assert user.case.name == "case-1" and len(SlicerHarness.messages()) == 1


def test_whole_case_is_right_asks_for_what_is_not_drawn(user: Any) -> None:
    user.edit(user.LEFT, stroke(user))
    answers("No", "Yes")
    user.ui.caseReviewedButton.click()
    assert "Kidney_R has not been drawn at all" in SlicerHarness.messages()[-1].text
    assert user.session.project.state(user.case.id) == "new"
    assert not any(c.annotation.reviewed.any() for c in user.case.corrections.values())
    user.ui.caseReviewedButton.click()
    assert user.session.project.state(user.case.id) == "reviewed"


def test_a_prediction_that_comes_during_the_question_is_not_confirmed_by_its_answer(
    user: Any
) -> None:
    user.edit(user.LEFT, stroke(user))
    geometry = user.session.project.case(user.case.id).image.geometry

    def asked(absent: Any) -> bool:
        found = Prediction({user.RIGHT: np.roll(stroke(user), 8, axis=2)}, geometry, "net")
        write_prediction(found, case_folder(user.folder, user.case.id))
        user.session._predicted(user.case.id)
        return True

    user.session.confirmAbsent = asked
    user.ui.caseReviewedButton.click()
    right = user.case.corrections[user.RIGHT].annotation
    assert right.reviewed.all() and not right.prediction.any() and not right.corrected.any()
    user.waitFor(lambda: not user.case.isTaking, 10)
    user.events(3)
    assert not user.case.corrections[user.RIGHT].corrected.any()


def test_several_structures_are_one_question(user: Any) -> None:
    answers("No")
    user.ui.caseReviewedButton.click()
    (message,) = SlicerHarness.messages()
    assert "Not drawn at all: Kidney_L, Kidney_R." in message.text


def test_what_is_drawn_or_not_confirmed_is_not_asked_for(user: Any) -> None:
    user.edit(user.LEFT, stroke(user))
    reviewSlice(user, 5)
    user.ui.nextButton.click()
    assert user.case.name == "case-1" and not SlicerHarness.messages()


def test_the_last_case_that_is_not_saved_is_not_called_saved(user: Any) -> None:
    import slicer

    user.widget.cases.onDoubleClicked(3, 0)
    said = []
    slicer.util.showStatusMessage, before = (lambda text, *_: said.append(text)), (
        slicer.util.showStatusMessage
    )
    try:
        reviewSlice(user, 4)
        answers("No", "Yes")
        user.ui.nextButton.click()
        assert not said
        user.ui.nextButton.click()
        assert said == ["This was the last case; it is saved."]
    finally:
        slicer.util.showStatusMessage = before


def test_the_state_line_counts_what_was_changed_and_what_was_confirmed(user: Any) -> None:
    reviewSlice(user, 4)
    text = "Kidney_L: 0 voxels corrected; 1 of 12 slices confirmed as right."
    assert text in user.ui.caseLabel.text
    seen, geometry = stroke(user), user.session.project.case(user.case.id).image.geometry
    user.widget.cases.onDoubleClicked(1, 0)
    found = Prediction({user.LEFT: seen, user.RIGHT: seen}, geometry, "net")
    write_prediction(found, case_folder(user.folder, user.case.id))
    user.session._predicted(user.case.id)
    user.paint(user.ui.foregroundButton, seen | np.roll(seen, 2, axis=2))  # 16 confirmed, 8 added
    assert "Kidney_L: 8 voxels corrected; 0 of 12" in user.ui.caseLabel.text
    user.paint(user.ui.backgroundButton, seen)
    assert "Kidney_L: 24 voxels corrected; 0 of 12" in user.ui.caseLabel.text
