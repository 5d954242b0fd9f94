"""qMRMLNodeComboBox: a choice of nodes that follows the scene."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from shiboken6 import isValid

from ..cppsignal import CppSignal
from .base import qMRMLWidget

Property = QtCore.Property


def _flag(name: str, default: bool) -> Any:
    """A yes/no property; a change rebuilds the list."""

    def read(self: Any) -> bool:
        return self._flags.get(name, default)

    def write(self: Any, value: bool) -> None:
        self._flags[name] = bool(value)
        self.rebuild()

    return Property(bool, read, write)


class qMRMLNodeComboBox(qMRMLWidget):
    """Lists the nodes of some classes; the current one is the user's or the module's choice."""

    currentNodeChanged = CppSignal(
        "currentNodeChanged(vtkMRMLNode*)", "currentNodeChanged(bool)")
    currentNodeIDChanged = CppSignal("currentNodeIDChanged(QString)")
    currentNodeRenamed = CppSignal("currentNodeRenamed(QString)")
    nodeActivated = CppSignal("nodeActivated(vtkMRMLNode*)")
    nodeAdded = CppSignal("nodeAdded(vtkMRMLNode*)")
    nodeAddedByUser = CppSignal("nodeAddedByUser(vtkMRMLNode*)")
    nodeAboutToBeRemoved = CppSignal("nodeAboutToBeRemoved(vtkMRMLNode*)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._flags: Dict[str, bool] = {}
        self._types: List[str] = []
        self._attributes: List[Tuple[str, str, Optional[str]]] = []
        self._ids: List[Optional[str]] = []
        self._current: Optional[str] = None
        self._baseName, self._noneDisplay = "", "None"
        self._observers: List[Tuple[Any, int]] = []
        self._box = QtWidgets.QComboBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.activated.connect(self._onActivated)

    noneEnabled = _flag("noneEnabled", False)
    addEnabled = _flag("addEnabled", True)
    removeEnabled = _flag("removeEnabled", True)
    renameEnabled = _flag("renameEnabled", False)
    editEnabled = _flag("editEnabled", False)
    showHidden = _flag("showHidden", False)
    showChildNodeTypes = _flag("showChildNodeTypes", True)
    selectNodeUponCreation = _flag("selectNodeUponCreation", True)

    def _setTypes(self, types: Any) -> None:
        self._types = [types] if isinstance(types, str) else list(types)
        self.rebuild()

    nodeTypes = Property("QStringList", lambda self: tuple(self._types), _setTypes)
    setNodeTypes = _setTypes
    baseName = Property(str, lambda self: self._baseName,
                        lambda self, value: setattr(self, "_baseName", value))

    def _setNoneDisplay(self, text: str) -> None:
        self._noneDisplay = text
        self.rebuild()

    noneDisplay = Property(str, lambda self: self._noneDisplay, _setNoneDisplay)

    def addAttribute(self, nodeType: str, name: str, value: Optional[str] = None) -> None:
        """Only nodes with that attribute (and value) are listed."""
        self._attributes.append((nodeType, name, value))
        self.rebuild()

    # The current node
    def currentNode(self) -> Any:
        return self._scene.GetNodeByID(self._current) if self._scene and self._current else None

    def setCurrentNode(self, node: Any) -> None:
        self.setCurrentNodeID(node if isinstance(node, str) else node.GetID() if node else None)

    def setCurrentNodeID(self, nodeID: Optional[str]) -> None:
        """An ID that is not in the list selects None if there is one, and changes nothing else."""
        wanted = nodeID or None
        if wanted in self._ids:
            self._choose(wanted)
        elif None in self._ids or wanted is None and not self._ids:
            self._choose(None)

    currentNodeID = Property(str, lambda self: self._current or "", setCurrentNodeID)

    def setCurrentNodeIndex(self, index: int) -> None:
        nodes = [i for i in self._ids if i]
        self._choose(nodes[index] if 0 <= index < len(nodes) else None)

    def nodeCount(self) -> int:
        return sum(bool(i) for i in self._ids)

    def nodeFromIndex(self, index: int) -> Any:
        nodes = [i for i in self._ids if i]
        return self._scene.GetNodeByID(nodes[index]) if 0 <= index < len(nodes) else None

    def addNode(self, nodeType: str = "") -> Any:
        """What the entry "Create new" does."""
        className = nodeType or self._types[0]
        name = self._baseName or className[len("vtkMRML"):-len("Node")]
        node = self._scene.AddNewNodeByClass(className, self._scene.GenerateUniqueName(name))
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        if self.currentNode() is not None:
            self._scene.RemoveNode(self.currentNode())

    # Following the scene
    def onSceneSet(self, scene: Any) -> None:
        for item, tag in self._observers:
            item.RemoveObserver(tag)
        self._observers = []
        if scene is not None:
            events = slicer.vtkMRMLScene
            for event, callback in ((events.NodeAddedEvent, self._onAdded),
                                    (events.EndCloseEvent, self._onBatchEnd),
                                    (events.EndBatchProcessEvent, self._onBatchEnd)):
                self._observe(scene, event, callback)
            self._observe(scene, events.NodeAboutToBeRemovedEvent, self._onAboutToBeRemoved, -10.0)
        self.rebuild()

    def _observe(self, item: Any, event: Any, callback: Any, priority: float = 0.0) -> None:
        self._observers.append((item, item.AddObserver(event, callback, priority)))

    def lists(self, node: Any) -> bool:
        """Whether a node belongs into the list."""
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        known = any(node.IsA(t) if self.showChildNodeTypes else node.GetClassName() == t
                    for t in self._types)
        return known and all(
            not node.IsA(kind) or node.GetAttribute(name) == value
            or value is None and node.GetAttribute(name) is not None
            for kind, name, value in self._attributes)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onAdded(self, scene: Any, event: Any, node: Any) -> None:
        if not self._isGone() and not scene.IsBatchProcessing() and self.lists(node):
            self.rebuild()
            self.nodeAdded.emit(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onAboutToBeRemoved(self, scene: Any, event: Any, node: Any) -> None:
        """The row goes; where it was the current one, Qt takes its neighbour, not "none"."""
        if self._isGone() or scene.IsClosing() or node.GetID() not in self._ids:
            return
        self.nodeAboutToBeRemoved.emit(node)
        row, wasCurrent = self._ids.index(node.GetID()), self._current == node.GetID()
        self._ids.pop(row)
        self._box.removeItem(row)
        if wasCurrent:
            self._choose(self._ids[min(row, len(self._ids) - 1)] if self._ids else None)

    def _onBatchEnd(self, scene: Any, event: Any) -> None:
        if not self._isGone():
            self.rebuild()

    def _isGone(self) -> bool:
        """Whether Qt has deleted the widget; it then stops to listen to the scene."""
        if isValid(self._box):
            return False
        for item, tag in self._observers:
            item.RemoveObserver(tag)
        self._observers = []
        return True

    def _onRenamed(self, node: Any, event: Any) -> None:
        if self._isGone() or node.GetID() not in self._ids:
            return
        index = self._ids.index(node.GetID())
        if self._box.itemText(index) != node.GetName():
            self._box.setItemText(index, node.GetName())
            if node.GetID() == self._current:
                self.currentNodeRenamed.emit(node.GetName())

    def rebuild(self) -> None:
        """Lists the scene's nodes anew and keeps the current one if it is still there."""
        nodes = [node for node in self._candidates() if self.lists(node)]
        none = [None] if self.noneEnabled else []
        self._ids = [*none, *(node.GetID() for node in nodes)]
        self._box.clear()
        self._box.addItems([self._noneDisplay] * len(none) + [n.GetName() or "" for n in nodes])
        self._watchNames(nodes)
        kept = self._current if self._current in self._ids else None
        if kept is None and not none and self._ids:
            kept = self._ids[0]
        self._choose(kept)

    def _candidates(self) -> List[Any]:
        """The scene's nodes of the classes of the list, in the order of the scene."""
        if self._scene is None:
            return []
        found = {}
        for name in self._types:
            some = self._scene.GetNodesByClass(name)
            some.UnRegister(None)  # as in slicer.util.getNodesByClass: the caller owns it
            for index in range(some.GetNumberOfItems()):
                node = some.GetItemAsObject(index)
                found[node.GetID()] = node
        if len(self._types) < 2:
            return list(found.values())
        order = self._scene.GetNodes().IsItemPresent
        return sorted(found.values(), key=order)

    def _watchNames(self, nodes: List[Any]) -> None:
        for item, tag in self._observers:
            if item is not self._scene:
                item.RemoveObserver(tag)
        self._observers = [pair for pair in self._observers if pair[0] is self._scene]
        for node in nodes:
            self._observe(node, vtk.vtkCommand.ModifiedEvent, self._onRenamed)

    def _choose(self, nodeID: Optional[str]) -> None:
        self._box.setCurrentIndex(self._ids.index(nodeID) if nodeID in self._ids else -1)
        if nodeID == self._current:
            return
        self._current = nodeID
        node = self.currentNode()
        self.currentNodeChanged.emit(node)
        self.currentNodeChanged.emit(node is not None, signature="currentNodeChanged(bool)")
        self.currentNodeIDChanged.emit(nodeID or "")

    def _onActivated(self, index: int) -> None:
        self._choose(self._ids[index])
        self.nodeActivated.emit(self.currentNode())

