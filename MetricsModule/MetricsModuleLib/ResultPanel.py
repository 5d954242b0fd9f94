"""The part of the panel that shows a result: table, place and surface of a row, plots, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.metrics.compare.rows import Row
from AutoContourRTLib.FileNames import fileName
from AutoContourRTLib.Requests import ignore
from MetricsModuleLib import (
    Charts,
    Grid,
    KeptTable,
    Looking,
    ResultRows,
    Results,
    TwoColors,
    WorstPlace,
)
from MetricsModuleLib.SegmentationWatch import SegmentationWatch


class ResultPanel:
    """ui: resultTable, summaryLabel, warningsLabel, rowLabel, provenanceLabel, twoColorsCheckBox,
    surfaceCheckBox, plotsButton, tableButton, copyButton, saveButton. onLook: hears of a row that
    a user looks at.
    """

    def __init__(self, ui: Any, onLook: Callable[[Row], None] = ignore) -> None:
        self._ui, self._onLook = ui, onLook
        self.node: Optional[Any] = None
        self._rows: List[Row] = []
        self._names: List[str] = []
        self._sort: Tuple[str, bool] = (ResultRows.NUMBER, False)
        self._chart = 0
        #: By the result's ID, which a loaded scene may give to another node.
        self._watches: Dict[str, Tuple[Any, Tuple[SegmentationWatch, ...]]] = {}
        ui.resultTable.connect("cellClicked(int,int)", self.onClicked)
        ui.resultTable.horizontalHeader().connect("sectionClicked(int)", self.onSort)
        for button, callback in (
            (ui.plotsButton, self.onPlots), (ui.tableButton, self.onTable),
            (ui.copyButton, self.onCopy), (ui.saveButton, self.onSave),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)
        ui.twoColorsCheckBox.connect("toggled(bool)", self.onTwoColors)
        ui.surfaceCheckBox.connect("toggled(bool)", self.onSurface)

    def watch(self, node: Any, watches: Tuple[SegmentationWatch, ...]) -> None:
        """Remember what tells whether the contours of a result have changed since."""
        self._watches[node.GetID()] = (node, watches)

    def show(self, node: Optional[Any]) -> None:
        """Show a result as it is now; None for none."""
        if node is not self.node:
            self.forget()
            self._sort = (ResultRows.NUMBER, False)
        self.node = node if Results.isResult(node) else None
        self._rows = Results.rowsOf(self.node) if self.node else []
        self._fill()
        self._tell()

    def forget(self) -> None:
        """Give the views back as they were."""
        TwoColors.restore()
        WorstPlace.hide(slicer.mrmlScene)
        Looking.hideSurface(slicer.mrmlScene)
        self._ui.rowLabel.text = ""

    def onSort(self, section: int) -> None:
        """Sort by the column; once more: the other way round."""
        name = self._names[section]
        self._sort = (name, not self._sort[1] if name == self._sort[0] else False)
        self._fill()

    def onClicked(self, line: int, column: int = 0) -> None:
        """Look at the structure of a line."""
        row = Grid.rowOf(self._ui.resultTable, line)
        if self.node is not None and 0 <= row < len(self._rows):
            self.look(self._rows[row])
            self._onLook(self._rows[row])

    def look(self, row: Row) -> None:
        """Slice views to the worst place; contours in two colours and surface as chosen."""
        place, isCohort = WorstPlace.placeOf(row), len(Results.casesOf(self.node)) > 1
        name = f"{row.case}, {row.structure}" if isCohort else row.structure
        if place is None:
            text = _("{structure}: {state}; there is no distance to show.").format(
                structure=name, state=row.state
            )
        else:
            text = _("{structure}: largest distance {mm:.2f} mm, at {place} mm").format(
                structure=name, mm=row["worst_mm"], place=WorstPlace.textOf(place)
            )
        self._ui.rowLabel.text = "\n".join([text, ResultRows.basis(row), *self._changes(row)])
        with slicer.util.tryWithErrorDisplay(_("This structure cannot be shown."), waitCursor=True):
            self._showContours(row, None if isCohort else place)  # the scene's CT may be another's

    def _showContours(self, row: Row, place: Optional[WorstPlace.Place]) -> None:
        """What can be seen of a row; where its segmentations are gone, the place alone."""
        scene, nodes = slicer.mrmlScene, Looking.setsOf(self.node)
        Looking.hideSurface(scene)
        WorstPlace.hide(scene)
        isThere = None not in nodes
        if isThere and self._ui.twoColorsCheckBox.checked:
            Looking.showTwo(nodes, row)
        if place is None:
            return
        WorstPlace.show(scene, place, row["worst_mm"], row.structure)
        if isThere:
            pair = Looking.pairOf(self.node, nodes, row)
            seen = WorstPlace.sliceThrough(pair, row)
            WorstPlace.show(scene, seen, row["worst_mm"], row.structure)
            if self._ui.surfaceCheckBox.checked:
                Looking.showSurface(self.node, pair, row)

    def onTwoColors(self, checked: bool) -> None:
        """Give the views back, or show the chosen structure in two colours."""
        if not checked:
            TwoColors.restore()
        else:
            self._again()

    def onSurface(self, checked: bool) -> None:
        """Take the surface away, or show that of the chosen structure."""
        if not checked:
            Looking.hideSurface(slicer.mrmlScene)
        else:
            self._again()

    def onPlots(self) -> None:
        """Show the plots, one after the other at each click."""
        with slicer.util.tryWithErrorDisplay(_("No plot could be made."), waitCursor=True):
            charts = Charts.makeCharts(self.node)
            Charts.showInLayout(charts[self._chart % len(charts)])
            self._chart += 1

    def onTable(self) -> None:
        """Show all columns in the layout's table view, which is there once the layout is."""
        if slicer.app.layoutManager() is not None:
            layouts = slicer.vtkMRMLLayoutNode
            slicer.app.layoutManager().setLayout(layouts.SlicerLayoutFourUpTableView)
        selection = slicer.app.applicationLogic().GetSelectionNode()
        selection.SetActiveTableID(self.node.GetID())
        slicer.app.applicationLogic().PropagateTableSelection()

    def onCopy(self) -> None:
        """All columns into the clipboard, for a spreadsheet."""
        slicer.app.clipboard().setText(KeptTable.clipboardText(self.node))

    def onSave(self) -> None:
        """The table as the command writes it."""
        with slicer.util.tryWithErrorDisplay(_("The table was not saved.")):
            name = fileName(self.node.GetName()) + ".csv"
            path = qt.QFileDialog.getSaveFileName(
                slicer.util.mainWindow(), _("Save the table"), name, "CSV (*.csv)"
            )
            if path:
                KeptTable.saveCsv(self.node, Path(path))

    def _again(self) -> None:
        line = self._ui.resultTable.currentRow()
        if line >= 0:
            self.onClicked(line)

    def _changes(self, row: Row) -> List[str]:
        """Why the contours are no longer those of the figures, as far as that can be known."""
        if len(Results.casesOf(self.node)) > 1:
            return [_("A cohort: the contours of the cases are not in this scene.")]
        nodes = Looking.setsOf(self.node)
        if None in nodes:
            return [_("The segmentations of this result are no longer in the scene.")]
        owner, watches = self._watches.get(self.node.GetID(), (None, ()))
        if owner is self.node:
            told = [watch.difference() for watch in watches]
        else:
            told = Looking.volumeChanges(nodes, row)
        return [_("Compare again: {why}").format(why=why) for why in told if why]

    def _fill(self) -> None:
        ui, node = self._ui, self.node
        limits = Results.limitsOf(node) if node else None
        isCohort = node is not None and len(Results.casesOf(node)) > 1
        hasDose = node is not None and "dose_mean_difference_gy" in KeptTable.columnsOf(node)
        self._names = ResultRows.columnsShown(limits, isCohort, hasDose) if limits else []
        verdicts = Results.verdictsOf(node) if node else []
        Grid.setHeaders(ui.resultTable, [ResultRows.header(name) for name in self._names])
        lines = ResultRows.items(self._rows, verdicts, limits, self._names) if limits else []
        order = ResultRows.order(self._rows, verdicts, *self._sort)
        texts = (ResultRows.CASE, ResultRows.STRUCTURE, ResultRows.VERDICT, ResultRows.STATE)
        numeric = [name not in texts for name in self._names]
        Grid.fill(ui.resultTable, [lines[number] for number in order], numeric)
        if self._sort[0] in self._names:
            direction = qt.Qt.DescendingOrder if self._sort[1] else qt.Qt.AscendingOrder
            header = ui.resultTable.horizontalHeader()
            header.setSortIndicatorShown(True)
            header.setSortIndicator(self._names.index(self._sort[0]), direction)

    def _tell(self) -> None:
        ui, node = self._ui, self.node
        ui.summaryLabel.text = ResultRows.summary(Results.verdictsOf(node)) if node else ""
        ui.warningsLabel.text = "\n".join(Results.warningsOf(node)) if node else ""
        ui.warningsLabel.visible = bool(ui.warningsLabel.text)
        provenance = Results.provenanceOf(node) if node else {}
        ui.provenanceLabel.text = ResultRows.provenanceText(provenance)
        for button in (ui.plotsButton, ui.tableButton, ui.copyButton, ui.saveButton):
            button.enabled = node is not None

