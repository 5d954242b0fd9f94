"""A module as Slicer's wizard lays it out, for the tests of the harness."""

from __future__ import annotations

from typing import Annotated

import slicer
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class HarnessDemo(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Harness Demo")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Examples")]
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="HarnessDemo", sampleName="HarnessDemo1", uris="x", nodeNames="x")


@parameterNodeWrapper
class HarnessDemoParameterNode:
    inputVolume: vtkMRMLScalarVolumeNode
    threshold: Annotated[float, WithinRange(-100, 500)] = 100
    invert: bool = False


class HarnessDemoWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.calls = []
        self._parameterNode = None
        self._guiTag = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/HarnessDemo.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = HarnessDemoLogic()
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndClose)
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.setParameterNode(self.logic.getParameterNode())

    def cleanup(self):
        self.calls.append("cleanup")
        self.removeObservers()
        self.setParameterNode(None)
        self.ui.inputSelector.setMRMLScene(None)

    def enter(self):
        self.calls.append("enter")

    def exit(self):
        self.calls.append("exit")

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, node):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
        self._parameterNode = node
        if node:
            self._guiTag = node.connectGui(self.ui)

    def onApply(self):
        with slicer.util.tryWithErrorDisplay(_("Failed."), waitCursor=True):
            self.ui.result.text = self.logic.process(self._parameterNode.inputVolume)


class HarnessDemoLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return HarnessDemoParameterNode(super().getParameterNode())

    def process(self, volume):
        if volume is None:
            raise ValueError(_("Select a volume first."))
        return volume.GetName()


class HarnessDemoTest(ScriptedLoadableModuleTest):
    def runTest(self):
        self.delayDisplay("Runs")
