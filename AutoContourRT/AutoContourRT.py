"""The module Auto Contour RT: one button from a CT to contours that are ready to be reviewed.

Glue only: the work is done by AutoContourRTLib here, and by AutoContourRTCore in a worker process.
"""

from __future__ import annotations

from pathlib import Path
from typing import List

import qt
import slicer
from slicer import vtkMRMLMarkupsROINode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTLib import ModelText, MrmlBridge, Provenance, RunReport, SamplePhantom, Tables
from AutoContourRTLib.Dependencies import Dependencies
from AutoContourRTLib.DependencyPanel import DependencyPanel
from AutoContourRTLib.DicomPanel import DicomPanel
from AutoContourRTLib.ExportPanel import ExportPanel
from AutoContourRTLib.ModelsPanel import ModelsPanel
from AutoContourRTLib.ModulePanel import ModulePanel
from AutoContourRTLib.ModuleTest import AutoContourRTTest  # noqa: F401  (Slicer looks for it here)
from AutoContourRTLib.ParameterNodes import ParameterLogic
from AutoContourRTLib.ReviewPanel import ReviewPanel
from AutoContourRTLib.RoiNodes import placeBox
from AutoContourRTLib.RtImport import RtImport
from AutoContourRTLib.RtNodes import SLICER_RT_DOSE
from AutoContourRTLib.RtStructExport import RtStructExport
from AutoContourRTLib.SegmentationRun import RunOptions, SegmentationRun
from AutoContourRTLib.WorkerProcess import sharedWorker


class AutoContourRT(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Auto Contour RT")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = ["Markups", "Segmentations", "SegmentEditor", "SubjectHierarchy"]
        self.parent.contributors = ["AutoContourRT contributors"]
        self.parent.helpText = _(
            "Contours organs at risk on a CT with a trained model, on this computer: choose the "
            "volume, press Segment, review every contour. Nothing is sent anywhere. Research use "
            "only; not a medical device. Structure sets, DICOM segmentations and doses are loaded, "
            "contours exported as RTSTRUCT or SEG, without further extensions."
        )
        self.parent.acknowledgementText = _(
            "The shipped model was trained on the OpenKBP data (Babier et al., Medical Physics "
            "2021)."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the phantom in the module Sample Data; it is computed here, nothing is downloaded."""
    SamplePhantom.register(str(Path(__file__).parent / "Resources/Icons/AutoContourRTPhantom.png"))


@parameterNodeWrapper
class AutoContourRTParameterNode:
    """What the panel shows, kept in the scene. leftOut: structures without a tick."""

    inputVolume: vtkMRMLScalarVolumeNode
    roi: vtkMRMLMarkupsROINode
    result: vtkMRMLSegmentationNode
    model: str = ""
    device: str = "auto"
    leftOut: List[str]


class AutoContourRTLogic(ParameterLogic):
    """What the panel does, without the panel. Tests put others in place of what it works with.

    dicomDatabase: None for slicer.dicomDatabase, which may come after this.
    """

    Parameters = AutoContourRTParameterNode

    def __init__(self):
        super().__init__()
        self.worker, self.store = sharedWorker(), ModelStore()
        self.dependencies = Dependencies()
        self.dicomDatabase = None

    def start(self, volumeNode, options, onDone, **callbacks):
        """Start a run, which ends in a new segmentation node; see SegmentationRun."""

        def done(result):
            if result.segmentationNode is not None:
                RunReport.keepReport(result.segmentationNode, result.absent, result.warnings)
            onDone(result)

        run = SegmentationRun(
            volumeNode, options, self.worker, onDone=done, store=self.store, **callbacks
        )
        run.start()
        return run

    def load(self, volumeNode, path, **callbacks):
        """Start loading a structure set, segmentation or dose for a volume; see RtImport."""
        run = RtImport(volumeNode, path, self.worker, self.dicomDatabase, **callbacks)
        run.start()
        return run

    def export(self, segmentationNode, options, **callbacks):
        """Start writing a structure set or DICOM segmentation; see RtStructExport."""
        run = RtStructExport(
            segmentationNode, options, self.worker, database=self.dicomDatabase, **callbacks
        )
        run.start()
        return run


class AutoContourRTWidget(ModulePanel):
    """The panel: wires the widgets of Resources/UI/AutoContourRT.ui."""

    def __init__(self, parent=None):
        self._shownModel, self._listed = None, ()
        super().__init__(parent)

    # Life of the panel

    def setup(self):
        super().setup()
        self.loadPanel().setMRMLScene(slicer.mrmlScene)
        self.logic = AutoContourRTLogic()
        devices = [("auto", _("Graphics card, if there is one")), ("cpu", _("Processor (CPU)")),
                   ("cuda", _("Graphics card (CUDA)"))]  # fmt: skip
        for device, text in devices:
            self.ui.deviceComboBox.addItem(text, device)
        titles = [_("Structure"), _("Dice in validation")]
        Tables.setHeaders(self.ui.structuresTable, titles)
        self.review = ReviewPanel(self.ui)
        self.export = ExportPanel(self.ui, self.logic)
        self.dicom = DicomPanel(self.ui, self.logic)
        self.packages = DependencyPanel(self.ui, self.logic.dependencies, self.updatePanel)
        self.models = ModelsPanel(self.ui, self.logic.store, self.onModelsChanged)
        self.packages.refresh()
        self._connect()
        self._fillModels()
        self.setIdle("")
        self.initializeParameterNode()

    def _connect(self):
        ui, scene = self.ui, slicer.mrmlScene
        self.followScene()
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodeAdded)
        for button, callback in (
            (ui.segmentButton, self.onSegment), (ui.cancelButton, self.onCancel),
            (ui.hardenButton, self.onHarden), (ui.tickAllButton, self.onTickAll),
            (ui.tickNoneButton, self.onTickNone), (ui.rtstructButton, self.showContours),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)
        ui.roiSelector.connect("nodeAddedByUser(vtkMRMLNode*)", self.onBoxAdded)
        ui.modelComboBox.connect("currentIndexChanged(int)", self.onChosen)
        ui.deviceComboBox.connect("currentIndexChanged(int)", self.onChosen)
        ui.structuresTable.connect("itemChanged(QTableWidgetItem*)", self.onTicked)

    def cleanup(self):
        self.export.close()
        self.dicom.close()
        super().cleanup()

    def enter(self):
        self.packages.refresh()
        super().enter()
        if self._listed != self.logic.store.list():  # one was promoted or imported elsewhere
            self._fillModels()
        self.dicom.refresh()
        self.showContours()  # edited elsewhere, perhaps

    def onNodeAdded(self, caller, event):
        """A volume, perhaps; its reader completes it first."""
        if self._parameterNode and not self._parameterNode.inputVolume:
            qt.QTimer.singleShot(0, self.chooseVolume)

    def onBoxAdded(self, node):
        """A new box is where it can be seen and dragged: in the middle of the volume."""
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetFillVisibility(False)
        if self._parameterNode and self._parameterNode.inputVolume:
            placeBox(node, self._parameterNode.inputVolume)

    def initializeParameterNode(self):
        super().initializeParameterNode()
        self.chooseVolume()
        if not self._parameterNode.result:
            self._parameterNode.result = Provenance.lastOfOurs(slicer.mrmlScene)

    def chooseVolume(self):
        """Choose the first volume that is no dose where none is chosen."""
        if self._parameterNode and not self._parameterNode.inputVolume:
            name = "vtkMRMLScalarVolumeNode"  # and not those derived from it: label maps
            volumes = slicer.util.getNodesByClass(name)
            images = [node for node in volumes
                      if node.GetClassName() == name and not node.GetAttribute(SLICER_RT_DOSE)]
            self._parameterNode.inputVolume = next(iter(images), None)

    # From the parameter node to the panel

    def updatePanel(self, caller=None, event=None):
        """Show what the parameter node says; the node selectors are tied to it by themselves."""
        parameters, ui = self._parameterNode, self.ui
        if not parameters or self._isFilling:
            return
        with self.filling():
            ui.deviceComboBox.currentIndex = max(0, ui.deviceComboBox.findData(parameters.device))
            index = ui.modelComboBox.findData(parameters.model)  # -1: see _missingModel
            ui.modelComboBox.currentIndex = max(0, index) if not parameters.model else index
            self._showModel()
            for item in self._structureItems():
                isLeftOut = Tables.keyOf(item) in parameters.leftOut
                item.setCheckState(qt.Qt.Unchecked if isLeftOut else qt.Qt.Checked)
        self.dicom.show(parameters.inputVolume)
        if parameters.result is not self.review.node:
            self.showContours()
            if parameters.result:
                ui.reviewCollapsibleButton.collapsed = False
        self._updateButtons()

    def showContours(self, checked=None):
        """Show the contours as they are now."""
        if self._parameterNode:
            self.review.show(self._parameterNode.result)
            self.export.show(self._parameterNode.result)

    def _fillModels(self):
        """List the models at hand anew; the parameter node then chooses one."""
        store, self._shownModel = self.logic.store, None
        self._listed = store.list()
        with self.filling():
            self.ui.modelComboBox.clear()
            for manifest in self._listed:
                self.ui.modelComboBox.addItem(manifest.name, manifest.id)
        self.ui.brokenModelsLabel.text = ModelText.brokenModels(store.broken())
        self.ui.brokenModelsLabel.visible = bool(self.ui.brokenModelsLabel.text)
        self.updatePanel()

    def _showModel(self):
        model, ui = self.ui.modelComboBox.currentData, self.ui
        if model == self._shownModel and model:
            return
        self._shownModel = model
        manifest = self.logic.store.manifest(model) if model else None
        none = self._missingModel() or _("There is no model; import one below.")
        ui.modelSummaryLabel.text = ModelText.modelSummary(manifest) if manifest else none
        ui.modelDetailsLabel.text = ModelText.modelDetails(manifest) if manifest else ""
        Tables.showRows(ui.structuresTable, ModelText.structureRows(manifest) if manifest else [])

    def _updateButtons(self):
        """What can be done now, and in words why not."""
        volume, ui = self._parameterNode.inputVolume, self.ui
        problem = self._problem(volume)
        ui.noticeLabel.text = problem
        ui.noticeLabel.visible = bool(problem)
        ui.hardenButton.visible = bool(volume) and MrmlBridge.hasNonlinearTransform(volume)
        ui.segmentButton.enabled = not problem and self._run is None
        ui.cancelButton.enabled = self._run is not None

    def _missingModel(self):
        """A scene of another computer may name a model that is not here: no other takes its place
        unasked."""
        name, parameters = "", self._parameterNode
        if parameters and parameters.model not in [manifest.id for manifest in self._listed]:
            name = parameters.model
        text = _("The model {name!r} that was chosen is not installed here: choose another, or "
                 "import it below, section Models.")  # fmt: skip
        return text.format(name=name) if name else ""

    def _problem(self, volume):
        if self.packages.isMissing:
            return _("Something that contouring needs is missing; see above.")
        if self._missingModel():
            return self._missingModel()
        try:
            MrmlBridge.checkVolume(volume)
        except InputError as error:
            return str(error)
        return "" if self._ticked() else _("Tick at least one structure.")

    # From the panel to the parameter node

    def onChosen(self, index=None):
        if self._parameterNode and not self._isFilling:
            model, device = self.ui.modelComboBox.currentData, self.ui.deviceComboBox.currentData
            self._parameterNode.device = device
            if model:
                self._parameterNode.model = model

    def onTicked(self, item=None):
        if self._parameterNode and not self._isFilling:
            ticked, names = self._ticked(), map(Tables.keyOf, self._structureItems())
            self._parameterNode.leftOut = [name for name in names if name not in ticked]

    def onTickAll(self):
        self._parameterNode.leftOut = []

    def onTickNone(self):
        self._parameterNode.leftOut = list(map(Tables.keyOf, self._structureItems()))

    def onModelsChanged(self, model):
        self._fillModels()
        if self._parameterNode:
            self._parameterNode.model = model

    def _structureItems(self):
        table = self.ui.structuresTable
        return [table.item(row, 0) for row in range(table.rowCount)]

    def _ticked(self):
        return tuple(Tables.checkedKeys(self.ui.structuresTable))

    # A run

    def onSegment(self):
        parameters, model = self._parameterNode, self.ui.modelComboBox.currentData
        options = RunOptions(model, self._ticked(), parameters.roi, parameters.device)
        with slicer.util.tryWithErrorDisplay(_("Contouring could not begin."), waitCursor=True):
            self._run = self.logic.start(
                parameters.inputVolume, options, self.onDone, onProgress=self.onProgress,
                onFailed=self.onFailed, onCancelled=self.onCancelled,
            )  # fmt: skip
            self.onProgress(0.0, _("starting"))
            self._updateButtons()

    def onDone(self, result):
        if result.segmentationNode is not None:
            self.logic.getParameterNode().result = result.segmentationNode
        self.setIdle(RunReport.summary(result))

    def onFailed(self, message):
        self.setIdle(_("Contouring failed; nothing was changed."))
        slicer.util.errorDisplay(_("Contouring failed.") + "\n\n" + message)

    def onHarden(self):
        with slicer.util.tryWithErrorDisplay(_("No copy could be made."), waitCursor=True):
            copy = MrmlBridge.hardenedCopy(self._parameterNode.inputVolume)
            self._parameterNode.inputVolume = copy
