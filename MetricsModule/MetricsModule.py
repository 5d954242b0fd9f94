"""The module Contour Metrics: how two contour sets differ, at one look, and where.

Glue only: the work is done by MetricsModuleLib here, and by AutoContourRTCore in a worker process.
"""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLTableNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.ModulePanel import ModulePanel
from AutoContourRTLib.ParameterNodes import ParameterLogic
from AutoContourRTLib.Provenance import provenance
from AutoContourRTLib.SegmentationNodes import segmentNames
from AutoContourRTLib.WorkerProcess import sharedWorker
from MetricsModuleLib import ComparisonRun, Example, LimitsText, OptionTexts, Results, TwoColors
from MetricsModuleLib.LimitsPanel import LimitsPanel
from MetricsModuleLib.MatchingPanel import MatchingPanel
from MetricsModuleLib.ModuleTest import MetricsModuleTest  # noqa: F401  (Slicer looks for it here)
from MetricsModuleLib.RatingPanel import RatingPanel
from MetricsModuleLib.ResultPanel import ResultPanel


class MetricsModule(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Contour Metrics")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = ["AutoContourRT"]
        self.parent.contributors = ["AutoContourRT contributors"]
        self.parent.helpText = _(
            "Compares two contour sets of one patient: surface Dice at each organ's tolerance, "
            "Dice, distances, volumes, dose. Click a structure to see where the sets differ most. "
            "Everything is computed on this computer. Research use only; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "Surface Dice and tolerances: Nikolov et al. 2021. Mean surface distance and rating: "
            "Sartor et al. 2020."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the example in the module Sample Data; it is computed here, nothing is downloaded."""
    Example.register(str(Path(__file__).parent / "Resources/Icons/MetricsModule.png"))


@parameterNodeWrapper
class MetricsModuleParameterNode:
    """What the panel shows, kept in the scene. limits, byHand: JSON, "" for the defaults.

    spacing: along i, j, k, as typed. case: the name of the patient in the table. wasChosen: whether
    a reference or a test ever was.
    """

    reference: vtkMRMLSegmentationNode
    test: vtkMRMLSegmentationNode
    dose: vtkMRMLScalarVolumeNode
    result: vtkMRMLTableNode
    doseUnit: str = ""
    grid: str = "reference"
    spacing: str = ""
    roundTolerance: bool = False
    tolerances: str = ""
    audit: str = ""
    case: str = ""
    limits: str = ""
    byHand: str = ""
    wasChosen: bool = False


class MetricsModuleLogic(ParameterLogic):
    """What the panel does, without the panel."""

    Parameters = MetricsModuleParameterNode

    def __init__(self):
        super().__init__()
        self.worker = sharedWorker()

    def optionsOf(self, parameters):
        """The options of a comparison. Raises InputError for a spacing that is none."""
        return ComparisonRun.Options(
            parameters.dose, parameters.doseUnit,
            OptionTexts.gridFrom(parameters.grid, parameters.spacing), parameters.roundTolerance,
            parameters.tolerances, LimitsText.limitsFrom(parameters.limits),
            OptionTexts.pairsFrom(parameters.byHand), parameters.audit, parameters.case,
        )  # fmt: skip

    def start(self, reference, test, options, onDone, **callbacks):
        """Start a comparison; onDone(result table node, Outcome). See ComparisonRun."""

        def done(outcome):
            scene = reference.GetScene()
            node = Results.addResult(scene, outcome, reference, test, options.limits)
            onDone(node, outcome)

        run = ComparisonRun.ComparisonRun(
            reference, test, options, self.worker, onDone=done, **callbacks
        )
        run.start()
        return run

    def openCohort(self, path, limits):
        """Add per_case.csv of `autocontourrt evaluate` to the scene; its table node."""
        return Results.addCohort(slicer.mrmlScene, Path(path), limits)


class MetricsModuleWidget(ModulePanel):
    """The panel: wires the widgets of Resources/UI/MetricsModule.ui."""

    def __init__(self, parent=None):
        self._names = None
        super().__init__(parent)

    # Life of the panel

    def setup(self):
        super().setup()
        panel = self.loadPanel()
        self.ui.resultSelector.addAttribute("vtkMRMLTableNode", Results.ROLE, Results.COMPARISON)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = MetricsModuleLogic()
        for text, unit in ((_("unit?"), ""), ("Gy", "Gy"), ("cGy", "cGy")):
            self.ui.doseUnitComboBox.addItem(text, unit)
        for text, grid in ((_("of the reference"), "reference"), (_("of the test"), "test"),
                           (_("of this spacing"), OptionTexts.SPACING)):  # fmt: skip
            self.ui.gridComboBox.addItem(text, grid)
        self.matching = MatchingPanel(self.ui, self.onMatchedByHand)
        self.limits = LimitsPanel(self.ui, self.onLimits)
        self.rating = RatingPanel(self.ui, self.onBlinded)
        self.result = ResultPanel(self.ui, self.rating.goTo)
        self._connect()
        self.setIdle("")
        self.initializeParameterNode()

    def _connect(self):
        ui, scene = self.ui, slicer.mrmlScene
        self.followScene()
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodeAdded)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodeRemoved)
        for button, callback in (
            (ui.compareButton, self.onCompare), (ui.cancelButton, self.onCancel),
            (ui.openCohortButton, self.onOpenCohort),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)
        for combo in (ui.doseUnitComboBox, ui.gridComboBox):
            combo.connect("currentIndexChanged(int)", self.onChosen)
        for edit in (ui.tolerancesPathLineEdit, ui.auditPathLineEdit):
            edit.connect("currentPathChanged(QString)", self.onChosen)
            edit.connect("validInputChanged(bool)", self.onChosen)  # all that an empty path tells

    def cleanup(self):
        super().cleanup()
        self.result.forget()

    def onNodeAdded(self, caller, event):
        """A segmentation, perhaps; its reader completes it first."""
        if self._parameterNode and not self._parameterNode.wasChosen:
            qt.QTimer.singleShot(0, self.chooseBoth)

    def initializeParameterNode(self):
        TwoColors.restore()  # of a scene that was saved while they were shown
        super().initializeParameterNode()
        self.chooseBoth()

    def chooseBoth(self):
        """Choose reference and test where nobody has chosen before, and there are just two, one of
        them of our making: that is the test.
        """
        parameters, kind = self._parameterNode, "vtkMRMLSegmentationNode"
        if parameters and not parameters.wasChosen:
            nodes = [n for n in slicer.util.getNodesByClass(kind) if not n.GetHideFromEditors()]
            nodes.sort(key=lambda node: bool(provenance(node)))
            if [bool(provenance(node)) for node in nodes] == [False, True]:
                with slicer.util.NodeModify(parameters):
                    parameters.reference, parameters.test = nodes

    def onNodeRemoved(self, caller, event):
        if self._parameterNode and not slicer.mrmlScene.IsClosing():
            self.updatePanel()

    def setParameterNode(self, parameterNode):
        self._names = None  # segments may have been renamed or drawn meanwhile
        super().setParameterNode(parameterNode)
        if not parameterNode:
            self._showResult(None)

    # From the parameter node to the panel

    def updatePanel(self, caller=None, event=None):
        """Show what the parameter node says; the node selectors are tied to it by themselves."""
        parameters, ui = self._parameterNode, self.ui
        if not parameters or self._isFilling:
            return
        if parameters.reference or parameters.test:
            parameters.wasChosen = True
        with self.filling():
            for combo, value in ((ui.doseUnitComboBox, parameters.doseUnit),
                                 (ui.gridComboBox, parameters.grid)):  # fmt: skip
                combo.currentIndex = max(0, combo.findData(value))
            for edit, path in ((ui.tolerancesPathLineEdit, parameters.tolerances),
                               (ui.auditPathLineEdit, parameters.audit)):  # fmt: skip
                if edit.currentPath != path:  # else the cursor would jump to the end
                    edit.currentPath = path
        self.limits.show(LimitsText.limitsFrom(parameters.limits))
        self._showMatching()
        if parameters.result is not self.result.node:
            self._showResult(parameters.result)
        self._updateButtons()

    def _showMatching(self):
        nodes = (self._parameterNode.reference, self._parameterNode.test)
        names = [segmentNames(node) if node else () for node in nodes]
        if (names, self._parameterNode.byHand) != self._names:
            self._names = (names, self._parameterNode.byHand)
            self.matching.show(*names, OptionTexts.pairsFrom(self._parameterNode.byHand))

    def _showResult(self, node):
        """Show a result, judged by the limits that stand below it."""
        if Results.isResult(node):
            limits = LimitsText.limitsFrom(self._parameterNode.limits)
            if Results.limitsOf(node) != limits:
                Results.judge(node, limits)
        self.result.show(node)
        self.rating.show(self.result.node)

    def _updateButtons(self):
        """What can be done now, and in words why not."""
        parameters, ui = self._parameterNode, self.ui
        problem = self._problem(parameters)
        ui.noticeLabel.text = problem
        ui.noticeLabel.visible = bool(problem)
        ui.compareButton.enabled = not problem and self._run is None
        ui.cancelButton.enabled = self._run is not None
        ui.doseUnitComboBox.enabled = bool(parameters.dose)
        ui.spacingLineEdit.enabled = parameters.grid == OptionTexts.SPACING

    def _problem(self, parameters):
        try:
            ComparisonRun.check(
                parameters.reference, parameters.test, self.logic.optionsOf(parameters)
            )
        except InputError as error:
            return str(error)
        return ""

    # From the panel to the parameter node

    def onChosen(self, changed=None):
        if self._parameterNode and not self._isFilling:
            parameters, ui = self._parameterNode, self.ui
            with slicer.util.NodeModify(parameters):
                parameters.doseUnit = ui.doseUnitComboBox.currentData
                parameters.grid = ui.gridComboBox.currentData
                parameters.tolerances = ui.tolerancesPathLineEdit.currentPath
                parameters.audit = ui.auditPathLineEdit.currentPath

    def onMatchedByHand(self, pairs):
        if self._parameterNode:
            self._parameterNode.byHand = OptionTexts.textOfPairs(pairs)

    def onLimits(self, limits):
        """New limits judge the result that is shown, and those to come."""
        if self._parameterNode:
            if self.result.node is not None:
                Results.judge(self.result.node, limits)
                self.result.show(self.result.node)
            self._parameterNode.limits = LimitsText.textOf(limits)

    def onBlinded(self, blinded):
        """Hide what would tell the sets apart, or show it again."""
        ui = self.ui
        for section in (ui.compareCollapsibleButton, ui.matchingCollapsibleButton,
                        ui.resultCollapsibleButton, ui.cohortCollapsibleButton):  # fmt: skip
            section.visible = not blinded
        told = _(
            "Blinded: figures and names of the sets are hidden until another choice is made above. "
            "Slicer's own Data module still shows the names."
        )
        ui.blindedLabel.text = told if blinded else ""

    # A run

    def onCompare(self):
        parameters = self._parameterNode
        with slicer.util.tryWithErrorDisplay(_("The comparison could not begin."), waitCursor=True):
            self._run = self.logic.start(
                parameters.reference, parameters.test, self.logic.optionsOf(parameters),
                self.onDone, onProgress=self.onProgress, onFailed=self.onFailed,
                onCancelled=self.onCancelled,
            )  # fmt: skip
            self.onProgress(0.0, _("starting"))
            self._updateButtons()

    def onDone(self, node, outcome):
        self.result.watch(node, outcome.watches)
        self.logic.getParameterNode().result = node
        text = _("Structures compared: {n}, in {seconds:.1f} s.")
        self.setIdle(text.format(n=len(outcome.rows), seconds=outcome.seconds))

    def onFailed(self, message):
        self.setIdle(_("The comparison failed; nothing was changed."))
        slicer.util.errorDisplay(_("The comparison failed.") + "\n\n" + message)

    def onOpenCohort(self):
        with slicer.util.tryWithErrorDisplay(_("The table was not opened."), waitCursor=True):
            limits = LimitsText.limitsFrom(self._parameterNode.limits)
            path = self.ui.cohortPathLineEdit.currentPath
            self._parameterNode.result = self.logic.openCohort(path, limits)
