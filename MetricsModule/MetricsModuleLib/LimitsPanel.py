"""The part of the panel in which limits are set: a line for each structure and measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.compare.limits import ANY, Limits, read_limits, write_limits
from MetricsModuleLib import Grid, LimitsText, Results
from MetricsModuleLib.ResultRows import Item

_STRUCTURE, _MEASURE, _PASS, _BORDERLINE = range(4)
_FILTER = "CSV (*.csv)"


class LimitsPanel:
    """ui: limitsTable, addLimitButton, removeLimitButton, loadLimitsButton, saveLimitsButton,
    limitsLabel. onLimits: hears of new limits.
    """

    def __init__(self, ui: Any, onLimits: Callable[[Limits], None]) -> None:
        self._ui, self._onLimits = ui, onLimits
        self._isFilling = False
        self._combos: List[Any] = []
        headers = [(_("Structure"), _("A name, or * for all others.")), (_("Measure"), ""),
                   (_("Pass"), _("At least this where more is better, else at most this.")),
                   (_("Borderline"), _("What is worse fails."))]  # fmt: skip
        Grid.setHeaders(ui.limitsTable, headers)
        for button, callback in (
            (ui.addLimitButton, self.onAdd), (ui.removeLimitButton, self.onRemove),
            (ui.loadLimitsButton, self.onLoad), (ui.saveLimitsButton, self.onSave),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)
        ui.limitsTable.connect("itemChanged(QTableWidgetItem*)", self.onEdited)

    def show(self, limits: Limits) -> None:
        """Show these limits, unless they are what the table says already."""
        if LimitsText.linesOf(limits) == self._goodLines():
            return
        self._fill([list(line) for line in LimitsText.linesOf(limits)])
        self._ui.limitsLabel.text = ""

    def lines(self) -> List[LimitsText.Line]:
        """What the table says, as typed."""
        table = self._ui.limitsTable
        return [
            (table.item(row, _STRUCTURE).text(), self._combos[row].currentData,
             table.item(row, _PASS).text(), table.item(row, _BORDERLINE).text())
            for row in range(table.rowCount)
        ]  # fmt: skip

    def onEdited(self, item: Any = None) -> None:
        """Take over what was typed, or say what is wrong with it."""
        if self._isFilling:
            return
        try:
            limits = LimitsText.fromLines(self.lines())
        except InputError as error:
            self._ui.limitsLabel.text = _("Not in use yet: {why}").format(why=error)
            return
        self._ui.limitsLabel.text = ""
        self._onLimits(limits)

    def onAdd(self) -> None:
        """One more line, for all structures."""
        self._fill([*map(list, self.lines()), [ANY, "hd95_mm", "3.0", "5.0"]])
        self.onEdited()

    def onRemove(self) -> None:
        """Without the line that the cursor is in."""
        lines = self.lines()
        row = self._ui.limitsTable.currentRow()
        if 0 <= row < len(lines):
            self._fill([list(line) for n, line in enumerate(lines) if n != row])
            self.onEdited()

    def onLoad(self) -> None:
        """Limits of a CSV file."""
        with slicer.util.tryWithErrorDisplay(_("The limits were not read.")):
            path = qt.QFileDialog.getOpenFileName(
                slicer.util.mainWindow(), _("Limits"), "", _FILTER
            )
            if path:
                self._onLimits(read_limits(Path(path)))

    def onSave(self) -> None:
        """The limits in use into a CSV file."""
        with slicer.util.tryWithErrorDisplay(_("The limits were not saved.")):
            path = qt.QFileDialog.getSaveFileName(
                slicer.util.mainWindow(), _("Limits"), "limits.csv", _FILTER
            )
            if path:
                write_limits(Path(path), LimitsText.fromLines(self.lines()))

    def _goodLines(self) -> List[LimitsText.Line]:
        try:
            return LimitsText.linesOf(LimitsText.fromLines(self.lines()))
        except InputError:
            return []

    def _fill(self, lines: List[List[str]]) -> None:
        table, self._isFilling = self._ui.limitsTable, True
        self._combos = []
        Grid.fill(table, [[Item(text) for text in line] for line in lines])
        for row, line in enumerate(lines):
            combo = qt.QComboBox()
            combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
            combo.minimumContentsLength = 14  # longer ones show whole in the list
            for name in dict.fromkeys((*LimitsText.MEASURES, line[_MEASURE])):
                combo.addItem(Results.title(name), name)
            combo.currentIndex = combo.findData(line[_MEASURE])
            combo.connect("activated(int)", self.onEdited)
            self._combos.append(combo)
            table.setCellWidget(row, _MEASURE, combo)
        Grid.fit(table)
        self._isFilling = False
