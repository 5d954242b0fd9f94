"""The module Corrective Training: correct a contour, and the model learns while you go on.

Glue only: the work is done by CorrectiveTrainingLib here, and by AutoContourRTCore in a worker
process.
"""

from __future__ import annotations

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTLib.Dependencies import Dependencies
from AutoContourRTLib.DependencyPanel import DependencyPanel
from AutoContourRTLib.ParameterNodes import ParameterLogic, connectGui
from AutoContourRTLib.WorkerProcess import sharedWorker
from CorrectiveTrainingLib import Texts, Views
from CorrectiveTrainingLib.CasesPanel import CasesPanel
from CorrectiveTrainingLib.CorrectPanel import CorrectPanel
from CorrectiveTrainingLib.Interaction import Interaction
from CorrectiveTrainingLib.ModuleTest import CorrectiveTrainingTest  # noqa: F401 (Slicer looks here)
from CorrectiveTrainingLib.ProjectPanel import ProjectPanel
from CorrectiveTrainingLib.Session import Session
from CorrectiveTrainingLib.TrainingPanel import TrainingPanel

DEVICES = ("auto", "cpu", "cuda")


class CorrectiveTraining(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Corrective Training")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = ["AutoContourRT"]
        self.parent.contributors = ["AutoContourRT contributors"]
        self.parent.helpText = _(
            "Correct the contours that a model proposes, case after case: the model learns from "
            "your corrections while you go on, on this computer. Start from a model or from "
            "nothing. Nothing is sent anywhere. Research use only; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "After RootPainter3D (Smith et al., Physics and Imaging in Radiation Oncology 2021)."
        )


@parameterNodeWrapper
class CorrectiveTrainingParameterNode:
    """What the panel remembers in the scene; the project itself is a folder of its own."""

    device: str = "auto"
    keys: str = "rootpainter"
    preset: str = "mediastinum"
    trainsByItself: bool = True
    showImage: bool = True
    showPrediction: bool = True
    showContours: bool = True
    showMarks: bool = True
    isFilled: bool = False


class CorrectiveTrainingLogic(ParameterLogic):
    """What the panel does, without the panel."""

    Parameters = CorrectiveTrainingParameterNode

    def __init__(self):
        super().__init__()
        self.store = ModelStore()
        self.dependencies = Dependencies()
        self.session = Session(sharedWorker())


class CorrectiveTrainingWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: wires the widgets of Resources/UI/CorrectiveTraining.ui."""

    def __init__(self, parent=None):
        VTKObservationMixin.__init__(self)
        self._parameterNode = self._guiTag = self._problem = None
        self._isFilling = self._isEntered = False
        ScriptedLoadableModuleWidget.__init__(self, parent)

    # Life of the panel

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/CorrectiveTraining.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = CorrectiveTrainingLogic()
        self.session = session = self.logic.session
        self._fillCombos()
        self.packages = DependencyPanel(self.ui, self.logic.dependencies, self.refresh)
        self.project = ProjectPanel(self.ui, session, self.logic.store)
        self.cases = CasesPanel(self.ui, session)
        self.correct = CorrectPanel(self.ui, session, self.onKeys)
        self.training = TrainingPanel(self.ui, session)
        self.views, self.interaction = Views.Views(), Interaction(session.log)
        session.onChanged, session.onCaseChanged = self.refresh, self.onCaseChanged
        session.onEdited = self.correct.refresh
        session.onTraining = self.training.refreshState
        session.onProblem, session.confirm = self.onProblem, self.confirmOthers
        session.confirmAbsent, session.confirmLoss = self.confirmAbsent, self.confirmLoss
        self._connect()
        self.initializeParameterNode()
        self.onCaseChanged()

    def _fillCombos(self):
        texts = {"auto": _("Graphics card, if there is one"), "cpu": _("Processor (CPU)"),
                 "cuda": _("Graphics card (CUDA)")}  # fmt: skip
        for device in DEVICES:
            self.ui.deviceComboBox.addItem(texts[device], device)
        for preset, _low, _high in Views.PRESETS:
            self.ui.presetComboBox.addItem(Views.presetTitle(preset), preset)

    def _connect(self):
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndImport)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeRemoved)
        self.ui.deviceComboBox.connect("currentIndexChanged(int)", self.onChosen)
        self.ui.presetComboBox.connect("currentIndexChanged(int)", self.onChosen)
        slicer.app.connect("aboutToQuit()", self.onQuit)

    def cleanup(self):
        """The panel goes: what was drawn is in the project, the project is given back."""
        slicer.app.disconnect("aboutToQuit()", self.onQuit)
        self.exit()
        self.onQuit()
        self.training.close()
        self.setParameterNode(None)
        self.removeObservers()

    def onQuit(self):
        """Nothing that was drawn is lost, and the project's lock does not outlive us."""
        self.project.close()
        self.session.forsake()
        self.session.close()

    def enter(self):
        self._isEntered = True
        self.packages.refresh()
        self.project.fillModels()
        self.views.enter()
        self.initializeParameterNode()
        self.correct.enter(self._parameterNode.keys)
        self.training.showPlots(self._parameterNode.parameterNode)
        self.interaction.start()
        self._watchSlices()
        self.refresh()

    def exit(self):
        """Back to how Slicer was; training goes on."""
        if not self._isEntered:
            return
        self._isEntered = False
        self.correct.exit()
        self.views.exit()
        self.interaction.stop()
        self._takeEdits()
        for node in Views.sliceNodes(slicer.mrmlScene):
            if self.hasObserver(node, vtk.vtkCommand.ModifiedEvent, self.onSlice):
                self.removeObserver(node, vtk.vtkCommand.ModifiedEvent, self.onSlice)

    def _takeEdits(self):
        if self.session.case is None:
            return
        try:
            self.session.case.takeEdits()
        except InputError as error:  # the module is left all the same
            text = _("The last edit is not saved; it is shown yet.\n\n{error}")
            slicer.util.errorDisplay(text.format(error=error))

    def _watchSlices(self):
        for node in Views.sliceNodes(slicer.mrmlScene):
            if not self.hasObserver(node, vtk.vtkCommand.ModifiedEvent, self.onSlice):
                self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self.onSlice)

    def onSlice(self, caller, event):
        self.correct.refreshSlice()

    def onSceneStartClose(self, caller, event):
        """What was drawn is taken over while the nodes are still there."""
        self.session.forsake()
        self.interaction.stop()
        self.views.exit()
        self.correct.forgetEditorNode()
        self.training.hidePlots()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if not self._isEntered:
            return
        self.initializeParameterNode()
        self.correct.useEditorNode()
        self.training.showPlots(self._parameterNode.parameterNode)
        self.interaction.start()
        self._watchSlices()
        self.refresh()
        qt.QTimer.singleShot(0, self.layOut)  # behind this event the layout's node is made anew

    def onSceneEndImport(self, caller, event):
        """A scene that was added shows its own image in the views: not behind our contours."""
        if self._isEntered and self.session.case is not None:
            self.views.show(self.session.case)
            self.onParameters()

    def layOut(self):
        """Our views, where the module is shown."""
        if self._isEntered:
            self.views.enter()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeRemoved(self, caller, event, node):
        """Somebody removes a node of the open case: it is closed first, and all is kept. One that
        was chosen to be added is chosen no longer; Slicer's selector would choose the next."""
        if node is self.ui.volumeSelector.currentNode():
            self.ui.volumeSelector.setCurrentNode(None)
        case = self.session.case
        if case is not None and not slicer.mrmlScene.IsClosing() and node in case.nodes:
            self.session.forsake(node)

    def initializeParameterNode(self):
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, parameterNode):
        event = vtk.vtkCommand.ModifiedEvent
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, event, self.onParameters)
        self._parameterNode = parameterNode
        if parameterNode:
            self._guiTag = connectGui(parameterNode, self.ui)
            self.addObserver(parameterNode, event, self.onParameters)
            self.onParameters()

    # What is shown

    def refresh(self):
        """Everything as it is now."""
        for panel in (self.project, self.cases, self.correct, self.training):
            panel.refresh()

    def onCaseChanged(self):
        """Another case is open, or none."""
        case, self._problem = self.session.case, None
        self.correct.showCase()
        if case is not None:
            self.views.show(case)
            self.onParameters()
        self.refresh()

    def onParameters(self, caller=None, event=None):
        """Show what the parameter node says."""
        parameters, case = self._parameterNode, self.session.case
        if not parameters or self._isFilling:
            return
        self.session.device = parameters.device
        self.session.trainsByItself = parameters.trainsByItself
        self._isFilling = True
        for combo, value in ((self.ui.deviceComboBox, parameters.device),
                             (self.ui.presetComboBox, parameters.preset)):  # fmt: skip
            combo.currentIndex = max(0, combo.findData(value))
        self._isFilling = False
        if case is not None:
            shown = {"image": parameters.showImage, "prediction": parameters.showPrediction,
                     "contours": parameters.showContours, "marks": parameters.showMarks}
            self.views.setWindow(case, parameters.preset)
            self.views.setShown(case, shown, parameters.isFilled)

    # What the user chooses

    def onChosen(self, index=None):
        if self._parameterNode and not self._isFilling:
            device, preset = self.ui.deviceComboBox.currentData, self.ui.presetComboBox.currentData
            with slicer.util.NodeModify(self._parameterNode):
                self._parameterNode.device, self._parameterNode.preset = device, preset

    def onKeys(self, which):
        if self._parameterNode:
            self._parameterNode.keys = which
        self.correct.useKeys(which)

    def onProblem(self, message):
        """Shown once a case, not at every stroke; "": what could not be saved is saved now."""
        self.correct.refresh()
        if message != self._problem:
            self._problem = message
            if message:
                slicer.util.errorDisplay(message)

    def confirmOthers(self, others):
        """Which changes of structures that were not selected the user means."""
        question = Texts.othersQuestion(self.session.case.structure, others)
        return tuple(others) if slicer.util.confirmYesNoDisplay(question) else ()

    def confirmAbsent(self, structures):
        """Whether structures that were confirmed, but not drawn, are not in the image at all."""
        return slicer.util.confirmYesNoDisplay(Texts.absentQuestion(structures))

    def confirmLoss(self, why):
        """Whether to leave the case although something that was drawn there is lost then."""
        return slicer.util.confirmYesNoDisplay(Texts.lossQuestion(why))
