"""What the panels of our modules have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from AutoContourRTLib.ParameterNodes import connectGui


class ModulePanel(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """A panel that follows a parameter node while it is open, and has one WorkerRun at a time.

    A derived class sets `logic` in setup(), and has updatePanel(), which shows the parameter node,
    and _updateButtons(). Its .ui file has progressBar (0..1000) and progressLabel.
    """

    def __init__(self, parent: Optional[Any] = None) -> None:
        VTKObservationMixin.__init__(self)
        self._parameterNode = self._guiTag = self._run = None
        self._isFilling = self._isClosed = False
        ScriptedLoadableModuleWidget.__init__(self, parent)

    def updatePanel(self, caller: Any = None, event: Any = None) -> None:
        """Show what the parameter node says."""
        raise NotImplementedError

    # Life of the panel

    def loadPanel(self) -> Any:
        """The widgets of the module's .ui file, as `ui`; the panel, which wants its scene yet."""
        panel = slicer.util.loadUI(self.resourcePath(f"UI/{self.moduleName}.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        return panel

    def followScene(self) -> None:
        """Let go of the parameter node while a scene is closed or loaded."""
        scene = slicer.mrmlScene
        for event in (scene.StartCloseEvent, scene.StartImportEvent):
            self.addObserver(scene, event, self.onSceneStart)
        for event in (scene.EndCloseEvent, scene.EndImportEvent):
            self.addObserver(scene, event, self.onSceneEnd)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeLeaves)

    def cleanup(self) -> None:
        self._isClosed = True  # what a cancelled run still says finds no widgets any more
        if self._run is not None:
            self._run.cancel()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self) -> None:
        self.initializeParameterNode()

    def exit(self) -> None:
        """The parameter node may change meanwhile; enter() catches up."""
        self.setParameterNode(None)

    def onSceneStart(self, caller: Any, event: Any) -> None:
        """Nodes go or come: the selectors must not write what they cannot list (yet)."""
        self.setParameterNode(None)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeLeaves(self, caller: Any, event: Any, node: Any) -> None:
        """What is taken away is chosen no longer; Slicer's selectors, which hear of it after us,
        would choose the node below it."""
        if not self._parameterNode or slicer.mrmlScene.IsClosing():
            return
        own = self._parameterNode.parameterNode
        roles = [own.GetNthNodeReferenceRole(n) for n in range(own.GetNumberOfNodeReferenceRoles())]
        for role in roles:
            if own.GetNodeReference(role) is node:
                own.SetNodeReferenceID(role, None)
                own.Modified()

    def onSceneEnd(self, caller: Any, event: Any) -> None:
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self) -> None:
        parameters = self.logic.getParameterNode()
        # Slicer's wrapper keeps the nodes that it has read till its parameter node is modified, and
        # a scene that is loaded brings them in without that.
        parameters.Modified()
        self.setParameterNode(parameters)

    def setParameterNode(self, parameterNode: Optional[Any]) -> None:
        """Follow this one; None: none."""
        event = vtk.vtkCommand.ModifiedEvent
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, event, self.updatePanel)
        self._parameterNode = parameterNode
        if parameterNode:
            self._guiTag = connectGui(parameterNode, self.ui)
            self.addObserver(parameterNode, event, self.updatePanel)
            self.updatePanel()

    @contextmanager
    def filling(self) -> Iterator[None]:
        """The panel is changed by us, not by the user."""
        before, self._isFilling = self._isFilling, True
        try:
            yield
        finally:
            self._isFilling = before

    # A run

    def onCancel(self) -> None:
        self.ui.progressLabel.text = _("Cancelling...")
        self._run.cancel()

    def onProgress(self, fraction: float, message: str) -> None:
        self.ui.progressBar.visible = True
        self.ui.progressBar.value = round(1000 * fraction)
        self.ui.progressLabel.text = message[:1].upper() + message[1:]

    def onCancelled(self, reason: str) -> None:
        self.setIdle(f"{_('Cancelled; nothing was changed.')} {reason}".strip())

    def setIdle(self, text: str) -> None:
        """No run any more; its last word."""
        self._run = None
        if self._isClosed:
            return
        self.ui.progressBar.visible = False
        self.ui.progressLabel.text = text
        if self._parameterNode:
            self._updateButtons()
