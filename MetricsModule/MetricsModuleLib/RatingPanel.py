"""The part of the panel in which a person grades contours, one at a time.

Blinded, a contour is shown in a colour of its own without the name of its set; the panel's other
parts, which name the sets, are closed meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.metrics.compare.ratings import GRADES
from AutoContourRTCore.metrics.compare.rows import Row
from MetricsModuleLib import KeptTable, Looking, Ratings, Results, TwoColors, WorstPlace
from MetricsModuleLib.Handover import segmentIdOf


class RatingPanel:
    """ui: ratingSetsComboBox, shuffleCheckBox, seedSpinBox, ratingLabel, the four grade buttons
    (excellentRadioButton, ...), noteLineEdit, previousButton, nextButton, saveRatingsButton,
    ratedLabel. onBlinded(bool): hides what would name the sets.
    """

    def __init__(self, ui: Any, onBlinded: Callable[[bool], None]) -> None:
        self._ui, self._onBlinded = ui, onBlinded
        self._result: Optional[Any] = None
        self._contours: List[Ratings.Contour] = []
        self._place, self._isFilling = 0, False
        self._places: Dict[str, int] = {}  # by the result's ID: where the user was
        self._buttons = dict(zip(GRADES, (
            ui.excellentRadioButton, ui.goodRadioButton, ui.acceptableRadioButton,
            ui.notAcceptableRadioButton,
        )))  # fmt: skip
        for text, key in ((_("The test, named"), "test"), (_("Both sets, named"), "both"),
                          (_("Both sets, blinded"), "blinded")):  # fmt: skip
            ui.ratingSetsComboBox.addItem(text, key)
        ui.ratingSetsComboBox.connect("activated(int)", self.onPlan)
        ui.shuffleCheckBox.connect("clicked(bool)", self.onPlan)
        ui.seedSpinBox.connect("valueChanged(int)", self.onPlan)
        for button in self._buttons.values():
            button.connect("clicked(bool)", self.onRated)
        ui.noteLineEdit.connect("editingFinished()", self.onRated)
        ui.previousButton.connect("clicked(bool)", self.onPrevious)
        ui.nextButton.connect("clicked(bool)", self.onNext)
        ui.saveRatingsButton.connect("clicked(bool)", self.onSave)

    @property
    def plan(self) -> Ratings.Plan:
        """What the widgets say."""
        kind = self._ui.ratingSetsComboBox.currentData
        return Ratings.Plan(
            kind != "test", kind == "blinded", self._ui.shuffleCheckBox.checked,
            self._ui.seedSpinBox.value,
        )  # fmt: skip

    def show(self, result: Optional[Any]) -> None:
        """Grade the contours of this result; None, or a cohort: nothing to grade."""
        isOne = result is not None and len(Results.casesOf(result)) == 1
        self._result = result if isOne else None
        self._place = self._places.get(result.GetID(), 0) if isOne else 0
        if self._result is not None:
            self._showPlan(Ratings.planOf(self._result))
        self._list()
        if self._contours and self.plan.blinded:
            self._look()

    def onPlan(self, *changed: Any) -> None:
        """Other sets, another order."""
        if self._result is not None and not self._isFilling:
            if self.plan.blinded and not Ratings.planOf(self._result).blinded:
                self._ui.shuffleCheckBox.checked = True  # else the order tells the set
            Ratings.setPlan(self._result, self.plan)
            self._place = 0
            self._list()
            if self.plan.blinded:
                self._look()

    def onRated(self, *changed: Any) -> None:
        """Keep grade and note."""
        if self._isFilling or not self._contours:
            return
        grade = next((grade for grade, button in self._buttons.items() if button.checked), "")
        note, place = self._ui.noteLineEdit.text, self._place + 1
        before = Ratings.ratingOf(self._result, self._contours[self._place])
        if (grade, note) != ((before.grade, before.note) if before else ("", "")):
            Ratings.rate(
                self._result, self._contours[self._place], grade, note, place, self.plan
            )
        self._showRating()

    def onPrevious(self) -> None:
        """The contour before."""
        self._go(self._place - 1)

    def onNext(self) -> None:
        """The next contour."""
        self._go(self._place + 1)

    def goTo(self, row: Row) -> None:
        """Grade the structure of a row, where the sets are named anyway."""
        names = {Ratings.REFERENCE: row.reference_name, Ratings.TEST: row.test_name}
        found = [n for n, c in enumerate(self._contours)
                 if (c.case, c.name) == (row.case, names[c.side])]  # fmt: skip
        if found and not self.plan.blinded:
            self._place = found[0]
            self._showRating()

    def onSave(self) -> None:
        """The ratings as a CSV file, as `autocontourrt evaluate` reads them."""
        with slicer.util.tryWithErrorDisplay(_("The ratings were not saved.")):
            path = qt.QFileDialog.getSaveFileName(
                slicer.util.mainWindow(), _("Save the ratings"), "ratings.csv", "CSV (*.csv)"
            )
            if path:
                KeptTable.saveCsv(Ratings.table(self._result), Path(path))

    def _go(self, place: int) -> None:
        self.onRated()  # a note that is still being typed
        self._place = min(max(place, 0), len(self._contours) - 1)
        self._places[self._result.GetID()] = self._place
        self._showRating()
        self._look()

    def _look(self) -> None:
        """Show the contour alone, in the middle of the slice views."""
        sets = Looking.setsOf(self._result)
        if None in sets or not self._contours:
            return
        contour = self._contours[self._place]
        isTest = contour.side == Ratings.TEST
        node = sets[1] if isTest else sets[0]
        segmentId = segmentIdOf(node, contour.name)
        WorstPlace.hide(slicer.mrmlScene)
        Looking.hideSurface(slicer.mrmlScene)
        ids = ("", segmentId) if isTest else (segmentId, "")
        TwoColors.show(sets[0], ids[0], sets[1], ids[1], self.plan.blinded)
        center = node.GetSegmentCenterRAS(segmentId) if segmentId else None
        if center is not None:
            WorstPlace.jumpTo(slicer.mrmlScene, center)

    def _showPlan(self, plan: Ratings.Plan) -> None:
        ui, self._isFilling = self._ui, True
        kind = "blinded" if plan.blinded else "both" if plan.both else "test"
        ui.ratingSetsComboBox.currentIndex = ui.ratingSetsComboBox.findData(kind)
        ui.shuffleCheckBox.checked, ui.seedSpinBox.value = plan.shuffled, plan.seed
        self._isFilling = False

    def _list(self) -> None:
        """The contours anew."""
        result, ui = self._result, self._ui
        self._contours = Ratings.contoursOf(result, self.plan) if result is not None else []
        self._place = min(self._place, max(0, len(self._contours) - 1))
        ui.seedSpinBox.enabled = ui.shuffleCheckBox.checked
        for widget in (*self._buttons.values(), ui.noteLineEdit, ui.previousButton, ui.nextButton,
                       ui.ratingSetsComboBox, ui.shuffleCheckBox):  # fmt: skip
            widget.enabled = bool(self._contours)
        self._onBlinded(bool(self._contours) and self.plan.blinded)
        self._showRating()

    def _showRating(self) -> None:
        ui, self._isFilling = self._ui, True
        contour = self._contours[self._place] if self._contours else None
        rating = Ratings.ratingOf(self._result, contour) if contour else None
        for grade, button in self._buttons.items():
            button.autoExclusive = False  # else none could be unchecked
            button.checked = rating is not None and rating.grade == grade
            button.autoExclusive = True
        ui.noteLineEdit.text = rating.note if rating else ""
        ui.ratingLabel.text = self._title(contour) if contour else ""
        ratings = Ratings.ratingsOf(self._result) if self._result is not None else []
        counts = Ratings.counts(ratings)
        told = ", ".join(f"{count} {grade}" for grade, count in counts.items() if count)
        ui.ratedLabel.text = told
        ui.saveRatingsButton.enabled = bool(ratings)
        self._isFilling = False

    def _title(self, contour: Ratings.Contour) -> str:
        place = _("Contour {n} of {all}: {structure}").format(
            n=self._place + 1, all=len(self._contours), structure=contour.structure
        )
        if self.plan.blinded:
            return place
        side = _("reference") if contour.side == Ratings.REFERENCE else _("test")
        return f"{place} ({side})"
