"""Grading contours one at a time, also blinded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AutoContourRTCore.metrics.compare.ratings import read_ratings
from metrics_panel import click, emit
from MetricsModuleLib import Ratings


def test_grades_and_notes_follow_the_contours(compared: Any, tmp_path: Path) -> None:
    from SlicerHarness import answer

    ui = compared.ui
    assert "Contour 1 of 3: Parotid_L (test)" == ui.ratingLabel.text
    ui.goodRadioButton.click()
    ui.nextButton.click()
    assert "Brain" in ui.ratingLabel.text and not ui.goodRadioButton.checked
    ui.noteLineEdit.text = "fine"
    ui.previousButton.click()
    assert ui.goodRadioButton.checked and ui.noteLineEdit.text == ""
    click(compared, "Brain")
    assert ui.noteLineEdit.text == "fine" and ui.ratedLabel.text == "1 good"
    answer(str(tmp_path / "ratings.csv"))
    ui.saveRatingsButton.click()
    saved = {each.structure: each for each in read_ratings(tmp_path / "ratings.csv")}
    assert saved["Parotid_L"].grade == "good" and saved["Brain"].note == "fine"


def test_blinded_nothing_names_the_set_and_both_look_alike(
    compared: Any, reference: Any, test: Any
) -> None:
    ui = compared.ui
    ui.shuffleCheckBox.checked = True
    ui.seedSpinBox.value = 5
    ui.ratingSetsComboBox.currentIndex = ui.ratingSetsComboBox.findData("blinded")
    emit(ui.ratingSetsComboBox, "activated", ui.ratingSetsComboBox.currentIndex)
    hidden = (ui.compareCollapsibleButton, ui.resultCollapsibleButton, ui.matchingCollapsibleButton)
    assert all(section.isHidden() for section in hidden)
    seen = set()
    for _ in range(7):
        for word in ("test", "reference", "Observer"):
            assert word not in ui.ratingLabel.text
        for node in (reference, test):
            display = node.GetDisplayNode()
            ids = node.GetSegmentation().GetSegmentIDs()
            seen |= {
                tuple(display.GetSegmentOverrideColor(each))
                for each in ids
                if display.GetSegmentVisibility(each)
            }
        ui.acceptableRadioButton.click()
        ui.nextButton.click()
    assert len(seen) == 1, "one colour for both sets"
    ratings = Ratings.ratingsOf(compared.result.node)
    assert len(ratings) == 7 and {each.blinded for each in ratings} == {"yes"}
    wanted = Ratings.contoursOf(compared.result.node, Ratings.Plan(True, True, True, 5))
    assert [each.structure for each in ratings] == [each.structure for each in wanted]
    ui.ratingSetsComboBox.currentIndex = 0
    emit(ui.ratingSetsComboBox, "activated", 0)
    assert not any(section.isHidden() for section in hidden)


def shown(*nodes: Any) -> list:
    """The segments that are seen."""
    return [
        (node.GetName(), each)
        for node in nodes
        for each in node.GetSegmentation().GetSegmentIDs()
        if node.GetDisplayNode().GetSegmentVisibility(each)
    ]


def test_a_blinded_rating_goes_on_where_it_was_and_stays_blinded(
    compared: Any, reference: Any, test: Any
) -> None:
    ui = compared.ui
    assert not ui.shuffleCheckBox.checked
    ui.ratingSetsComboBox.currentIndex = ui.ratingSetsComboBox.findData("blinded")
    emit(ui.ratingSetsComboBox, "activated", ui.ratingSetsComboBox.currentIndex)
    assert ui.shuffleCheckBox.checked, "in order, test and reference take turns"
    ui.nextButton.click()
    ui.nextButton.click()
    before = (ui.ratingLabel.text, shown(reference, test))
    assert before[0].startswith("Contour 3 of 7") and len(before[1]) == 1
    compared.exit()
    assert len(shown(reference, test)) > 1
    compared.enter()
    assert (ui.ratingLabel.text, shown(reference, test)) == before
