"""qMRMLSegmentEditorWidget: no effects, but painting and erasing through the real logic.

`paint` and `erase` do what an effect does at the end of a stroke: save the state for undo, then
vtkSlicerSegmentEditorLogic.ModifySegmentByLabelmap, which obeys the overwrite mode and the mask
mode of the vtkMRMLSegmentEditorNode.
"""

from __future__ import annotations

from typing import Any, List

import numpy as np
import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from vtk.util.numpy_support import vtk_to_numpy

from ..cppsignal import CppSignal
from .base import qMRMLWidget
from .segmentstable import qMRMLSegmentsTableView


def _flag(name: str) -> Any:
    return QtCore.Property(bool, lambda self: self._flags.get(name, True),
                           lambda self, value: self._flags.update({name: value}))


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Selects segmentation, volume and segment in the segment editor node that it was given."""

    currentSegmentIDChanged = CppSignal("currentSegmentIDChanged(QString)")
    segmentationNodeChanged = CppSignal("segmentationNodeChanged(vtkMRMLSegmentationNode*)")
    sourceVolumeNodeChanged = CppSignal("sourceVolumeNodeChanged(vtkMRMLVolumeNode*)")
    segmentationNodeSelectorVisible = _flag("segmentationNodeSelectorVisible")
    sourceVolumeNodeSelectorVisible = _flag("sourceVolumeNodeSelectorVisible")
    masterVolumeNodeSelectorVisible = sourceVolumeNodeSelectorVisible
    switchToSegmentationsButtonVisible = _flag("switchToSegmentationsButtonVisible")
    autoShowSourceVolumeNode = _flag("autoShowSourceVolumeNode")
    undoEnabled = _flag("undoEnabled")
    readOnly = _flag("readOnly")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._flags = {"readOnly": False}
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._node: Any = None
        self._effect, self._shortcuts = "", False
        self._tags: List[Any] = []
        self._before: tuple = (None, None, "")
        self._table = qMRMLSegmentsTableView(self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._table)
        self._table.setSelectionMode(QtWidgets.QAbstractItemView.SingleSelection)
        self._table.connect("selectionChanged(QItemSelection,QItemSelection)", self._onTable)

    def onSceneSet(self, scene: Any) -> None:
        self._logic.SetMRMLScene(scene)
        self._table.setMRMLScene(scene)

    def logic(self) -> Any:
        """The vtkSlicerSegmentEditorLogic behind the widget."""
        return self._logic

    # The editor node
    def mrmlSegmentEditorNode(self) -> Any:
        return self._node

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        for item, tag in self._tags:
            item.RemoveObserver(tag)
        self._node = node
        self._tags = [] if node is None else [
            (node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onNode))]
        self._logic.SetSegmentEditorNode(node)
        self._onNode()

    def _onNode(self, caller: Any = None, event: Any = None) -> None:
        """Follows what was set in the editor node, by whom ever."""
        now = (self.segmentationNode(), self.sourceVolumeNode(), self.currentSegmentID())
        before, self._before = self._before, now
        if now[0] is not before[0]:
            self.setActiveEffectByName("")  # as Slicer, with the first segment
            self._selectFirst(now[0])
            now = (now[0], now[1], self.currentSegmentID())
            self._logic.SetSegmentationNode(now[0])
            self._table.setSegmentationNode(now[0])
            self.segmentationNodeChanged.emit(now[0])
        if now[1] is not before[1]:
            self._logic.SetSourceVolumeNode(now[1])
            self.sourceVolumeNodeChanged.emit(now[1])
        if now[2] != before[2]:
            if now[2] in self._table.displayedSegmentIDs():
                self._table.setSelectedSegmentIDs([now[2]])
            self.currentSegmentIDChanged.emit(now[2])

    def _selectFirst(self, segmentation: Any) -> None:
        ids = segmentation.GetSegmentation().GetSegmentIDs() if segmentation is not None else ()
        if ids:
            self.setCurrentSegmentID(ids[0])

    def segmentationNode(self) -> Any:
        return self._node.GetSegmentationNode() if self._node is not None else None

    def setSegmentationNode(self, node: Any) -> None:
        if self._node is None:
            raise RuntimeError("setMRMLSegmentEditorNode must be called first")
        if node is not None and node is self.segmentationNode():
            return
        self._node.SetAndObserveSegmentationNode(node)
        ids = node.GetSegmentation().GetSegmentIDs() if node is not None else ()
        self.setCurrentSegmentID(ids[0] if ids else "")

    def segmentationNodeID(self) -> str:
        return self.segmentationNode().GetID() if self.segmentationNode() is not None else ""

    def sourceVolumeNode(self) -> Any:
        return self._node.GetSourceVolumeNode() if self._node is not None else None

    def setSourceVolumeNode(self, node: Any) -> None:
        self._node.SetAndObserveSourceVolumeNode(node)

    def currentSegmentID(self) -> str:
        return (self._node.GetSelectedSegmentID() or "") if self._node is not None else ""

    def setCurrentSegmentID(self, segmentID: str) -> None:
        self._node.SetSelectedSegmentID(segmentID)

    def _onTable(self) -> None:
        selected = self._table.selectedSegmentIDs()
        if self._node is not None and selected and selected[0] != self.currentSegmentID():
            self.setCurrentSegmentID(selected[0])

    # Effects: their names only
    def setActiveEffectByName(self, name: str) -> None:
        self._effect = name
        if self._node is not None:
            self._node.SetActiveEffectName(name)

    def activeEffect(self) -> Any:
        """The harness has no effects, so none is ever active."""
        return None

    def setMaximumNumberOfUndoStates(self, count: int) -> None:
        self._logic.SetMaximumNumberOfUndoStates(count)

    def installKeyboardShortcuts(self, parent: Any = None) -> None:
        self._shortcuts = True

    def uninstallKeyboardShortcuts(self) -> None:
        self._shortcuts = False

    def setupViewObservations(self) -> None:
        """Effects watch views; there are none."""

    removeViewObservations = setupViewObservations
    updateWidgetFromMRML = _onNode

    def saveStateForUndo(self) -> None:
        self._logic.SaveStateForUndo()

    def undo(self) -> None:
        self._logic.Undo()

    def redo(self) -> None:
        self._logic.Redo()

    # For tests: strokes of a user
    def paint(self, mask: np.ndarray) -> None:
        """Adds voxels to the current segment; mask [k, j, i] on the source volume's grid."""
        self._stroke(mask, slicer.vtkSlicerSegmentEditorLogic.ModificationModeAdd)

    def erase(self, mask: np.ndarray) -> None:
        """Removes voxels from the current segment; mask [k, j, i] on the source volume's grid."""
        self._stroke(mask, slicer.vtkSlicerSegmentEditorLogic.ModificationModeRemove)

    def _stroke(self, mask: np.ndarray, mode: int) -> None:
        image = self.sourceVolumeNode().GetImageData()
        if mask.shape != image.GetDimensions()[::-1]:
            raise ValueError(f"The mask {mask.shape} is not on the source volume's grid")
        labelmap = slicer.vtkOrientedImageData()
        labelmap.SetDimensions(image.GetDimensions())
        labelmap.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        matrix = vtk.vtkMatrix4x4()
        self.sourceVolumeNode().GetIJKToRASMatrix(matrix)
        labelmap.SetImageToWorldMatrix(matrix)
        vtk_to_numpy(labelmap.GetPointData().GetScalars())[:] = mask.ravel() != 0
        self._logic.SaveStateForUndo()
        self._logic.ModifySegmentByLabelmap(
            self.segmentationNode(), self.currentSegmentID(), labelmap, mode, False, False)


class SegmentEditorModuleWidget:
    """The Segment Editor module's panel: slicer.modules.SegmentEditorWidget.editor."""

    def __init__(self) -> None:
        self.editor = qMRMLSegmentEditorWidget()
        self.editor.setMaximumNumberOfUndoStates(10)
        self.editor.setMRMLScene(slicer.mrmlScene)
        self.parameterSetNode: Any = None
        self.parent = SegmentEditorPanel(self)

    def enter(self) -> None:
        """Selects the module's own editor node, made if the scene has none."""
        scene = slicer.mrmlScene
        node = scene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag("SegmentEditor")
            node = scene.AddNode(node)
        if node is not self.parameterSetNode:
            self.parameterSetNode = node
            self.editor.setMRMLSegmentEditorNode(node)

    def exit(self) -> None:
        self.editor.setActiveEffectByName("")


class SegmentEditorPanel(QtWidgets.QWidget):
    """What slicer.modules.segmenteditor.widgetRepresentation() returns."""

    def __init__(self, python: SegmentEditorModuleWidget) -> None:
        super().__init__()
        self._python = python
        QtWidgets.QVBoxLayout(self).addWidget(python.editor)

    def self(self) -> SegmentEditorModuleWidget:
        return self._python

    def enter(self) -> None:
        self._python.enter()

    def exit(self) -> None:
        self._python.exit()
