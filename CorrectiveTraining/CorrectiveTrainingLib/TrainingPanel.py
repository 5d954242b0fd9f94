"""The part of the panel that trains, plots and promotes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.correction import report
from AutoContourRTLib.EventLoop import QtTimer
from CorrectiveTrainingLib import Texts
from CorrectiveTrainingLib.Figures import Figures
from CorrectiveTrainingLib.Plots import AGREEMENT, DOSE, DURATION, VALIDATION, Plots
from CorrectiveTrainingLib.Session import Session
from CorrectiveTrainingLib.Training import STOPPED

PLOT_VIEW = "CorrectiveTrainingPlot"
DRAW_SECONDS = 3.0  # between two drawings of the plots while training runs


class TrainingPanel:
    """ui: what lies in trainingCollapsibleButton. owner: a node of the module; its plot view node
    belongs to it, so that Slicer's layouts leave it alone."""

    def __init__(self, ui: Any, session: Session) -> None:
        self._ui, self._session = ui, session
        self.plots, self.figures = Plots(), Figures()
        self._widget: Optional[Any] = None
        self._viewNode: Optional[Any] = None
        self._timer: Optional[Any] = None
        titles = self.plots.titles()
        for kind in (VALIDATION, AGREEMENT, DURATION, DOSE):
            ui.plotComboBox.addItem(titles[kind][0], kind)
        ui.plotComboBox.connect("currentIndexChanged(int)", self.onPlot)
        for button, callback in (
            (ui.startButton, self.onStart), (ui.stopButton, self.onStop),
            (ui.exportButton, self.onExport), (ui.promoteButton, self.onPromote),
            (ui.figuresButton, self.onFigures), (ui.largestCheckBox, self.onLargest),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)

    def close(self) -> None:
        """The panel goes: nothing is drawn any more."""
        if self._timer is not None:
            self._timer.stop()

    def refresh(self) -> None:
        """Everything, and the plots."""
        self.refreshState()
        self.draw()

    def refreshState(self) -> None:
        """The sentence and the buttons; the plots once in a while."""
        ui, session = self._ui, self._session
        training = session.training
        ui.stateLabel.text = Texts.trainingSentence(training, session.isNextReady())
        ui.problemsLabel.text = Texts.leftOut(training, session.project)
        ui.problemsLabel.visible = bool(ui.problemsLabel.text)
        isThere = training is not None
        ui.startButton.enabled = isThere and training.state == STOPPED
        ui.stopButton.enabled = isThere and training.state != STOPPED
        ui.promoteButton.enabled = isThere and training.hasNetwork and not training.isPromoting
        ui.whyNotLabel.visible = isThere and not training.hasNetwork
        ui.exportButton.enabled = ui.figuresButton.enabled = ui.largestCheckBox.enabled = isThere
        if isThere:
            ui.largestCheckBox.checked = session.project.record.settings.largest_component
        if isThere and training.state != STOPPED and self._timer is None:
            self._timer = QtTimer(DRAW_SECONDS, self._drawLater)

    # Plots

    def showPlots(self, owner: Any) -> None:
        """Show the plots in the panel; made anew after the scene was closed."""
        scene, kind = slicer.mrmlScene, "vtkMRMLPlotViewNode"
        if self._widget is None:
            self._widget = slicer.qMRMLPlotWidget()
            self._ui.plotFrame.layout().addWidget(self._widget)
        if self._viewNode is None or self._viewNode.GetScene() is None:
            node = scene.CreateNodeByClass(kind)
            node.UnRegister(None)
            node.SetSingletonTag(PLOT_VIEW)
            node.SetName(PLOT_VIEW)
            node.SetLayoutName(PLOT_VIEW)
            node.SetLayoutLabel("P")
            node.SetSaveWithScene(False)
            node.SetDoPropagatePlotChartSelection(False)  # other modules' charts stay out
            node.SetAndObserveParentLayoutNodeID(owner.GetID())
            self._viewNode = scene.AddNode(node)
        self._widget.setMRMLScene(scene)
        self._widget.setMRMLPlotViewNode(self._viewNode)
        self.onPlot()

    def hidePlots(self) -> None:
        """The scene takes the nodes away."""
        if self._widget is not None:
            self._widget.setMRMLPlotViewNode(None)
        self._viewNode = None

    def onPlot(self, index: Optional[int] = None) -> None:
        """Another chart, drawn anew."""
        if self._viewNode is not None and self._viewNode.GetScene() is not None:
            chart = self.plots.chart(self._ui.plotComboBox.currentData)
            self._viewNode.SetPlotChartNodeID(chart.GetID())
        self.draw()

    def draw(self) -> None:
        """Draw the chosen plot as the project is now."""
        project, case = self._session.project, self._session.case
        if project is None or self._viewNode is None:
            return
        structure = project.record.structures[0] if case is None else case.structure
        kind = self._ui.plotComboBox.currentData
        text = self.plots.update(kind, project, structure, self._session.seconds())
        if kind == DOSE:
            rows = report.rows_of(project.record, {})
            values = report.deviations(rows, structure).value.tolist()
            text += "<br>" + Texts.doseBands(values)
        self._ui.legendLabel.text = text

    def _drawLater(self) -> None:
        self._timer = None
        if self._ui.plotComboBox.currentData == VALIDATION:
            self.draw()

    # What the user does

    def onStart(self) -> None:
        """Train."""
        with slicer.util.tryWithErrorDisplay(_("Training did not begin.")):
            self._session.training.start(self._session.device)

    def onStop(self) -> None:
        """Stop."""
        with slicer.util.tryWithErrorDisplay(_("Training goes on.")):
            self._session.training.stop()

    def onExport(self) -> None:
        """A table of all corrected cases."""
        path = qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(), _("Export the table"), "corrections.csv",
            _("Table ({kinds})").format(kinds="*.csv"),
        )
        if path:
            with slicer.util.tryWithErrorDisplay(_("The table was not written.")):
                report.write_csv(self._session.project.folder, Path(path))

    def onFigures(self) -> None:
        """The paper's figures of this project as pictures."""
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Folder for the figures")
        )
        if folder:
            with slicer.util.tryWithErrorDisplay(_("No figure was written."), waitCursor=True):
                paths = self.figures.save(self._session.project.folder, Path(folder))
                if not paths:  # the user declined to install what draws them
                    return
                text = _("{n} figures were written to {folder}.")
                slicer.util.showStatusMessage(text.format(n=len(paths), folder=folder), 10000)

    def onLargest(self, isOnly: bool) -> None:
        """Predict each structure in one piece from now on."""
        try:
            with slicer.util.tryWithErrorDisplay(_("The project stays as it was.")):
                self._session.setLargestOnly(isOnly)
        finally:
            self.refreshState()

    def onPromote(self) -> None:
        """Make a model of the best network."""
        with slicer.util.tryWithErrorDisplay(_("No model was made.")):
            self._session.training.promote(
                self._ui.modelLineEdit.text.strip(), self._session.device, self._promoting,
                self._promoted, self._notPromoted,
            )

    def _promoting(self, fraction: float, message: str) -> None:
        text = _("{percent:.0f} %: {message}").format(percent=100 * fraction, message=message)
        self._ui.promotedLabel.text = text

    def _promoted(self, result: Dict[str, Any]) -> None:
        text = _(
            "{id} {version} is now a model of Auto Contour RT, which says under Models how good it "
            "is."
        )
        done = text.format(id=result["id"], version=result["version"])
        warning = result.get("warning", "")
        warned = _("{done} Warning: {warning}").format(done=done, warning=warning)
        self._ui.promotedLabel.text = warned if warning else done

    def _notPromoted(self, message: str) -> None:
        self._ui.promotedLabel.text = ""
        slicer.util.errorDisplay(_("No model was made.") + "\n\n" + message)
