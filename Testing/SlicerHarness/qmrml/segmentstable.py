"""qMRMLSegmentsTableView: visibility, colour, opacity, name and status of each segment."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from ..cppsignal import CppSignal
from .base import qMRMLWidget

COLUMNS = ("Visibility", "Color", "Opacity", "Name", "Status")
VISIBILITY, COLOR, OPACITY, NAME, STATUS = range(5)
Qt = QtCore.Qt


def _column(index: int) -> Any:
    """The property that shows or hides a column."""
    return QtCore.Property(
        bool, lambda self: not self._table.isColumnHidden(index),
        lambda self, visible: self._table.setColumnHidden(index, not visible))


class qMRMLSegmentsTableView(qMRMLWidget):
    """Follows a segmentation node; ticking, renaming and selecting work as a user's do."""

    selectionChanged = CppSignal("selectionChanged(QItemSelection,QItemSelection)")
    segmentDoubleClicked = CppSignal("segmentDoubleClicked(QString)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._node: Any = None
        self._tags: List[Any] = []
        self._ids: List[str] = []
        self._filter, self._hiddenIDs = "", ()
        self._filling, self._readOnly = False, False
        self._table = table = QtWidgets.QTableWidget(0, len(COLUMNS), self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(table)
        table.setHorizontalHeaderLabels(["", "", "Opacity", "Name", "Status"])
        table.verticalHeader().hide()
        table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectRows)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QtWidgets.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(NAME, QtWidgets.QHeaderView.Stretch)
        table.setColumnHidden(OPACITY, True)
        table.itemSelectionChanged.connect(self._onSelection)
        table.itemChanged.connect(self._onEdited)
        table.itemDoubleClicked.connect(
            lambda item: self.segmentDoubleClicked.emit(self._ids[item.row()]))

    visibilityColumnVisible = _column(VISIBILITY)
    colorColumnVisible = _column(COLOR)
    opacityColumnVisible = _column(OPACITY)
    statusColumnVisible = _column(STATUS)
    headerVisible = QtCore.Property(
        bool, lambda self: not self._table.horizontalHeader().isHidden(),
        lambda self, visible: self._table.horizontalHeader().setVisible(visible))
    selectionMode = QtCore.Property(
        int, lambda self: self._table.selectionMode,
        lambda self, mode: self._table.setSelectionMode(
            QtWidgets.QAbstractItemView.SelectionMode(mode)))

    def setSelectionMode(self, mode: Any) -> None:
        self._table.setSelectionMode(mode)

    def _setReadOnly(self, readOnly: bool) -> None:
        self._readOnly = bool(readOnly)
        self.rebuild()

    readOnly = QtCore.Property(bool, lambda self: self._readOnly, _setReadOnly)
    setReadOnly = _setReadOnly

    def tableWidget(self) -> Any:
        """The table itself, for tests that click."""
        return self._table

    # What it shows
    def segmentationNode(self) -> Any:
        return self._node

    def setSegmentationNode(self, node: Any) -> None:
        for item, tag in self._tags:
            item.RemoveObserver(tag)
        self._tags, self._node = [], node
        if node is not None:
            events = slicer.vtkSegmentation
            for event in (events.SegmentAdded, events.SegmentRemoved, events.SegmentModified,
                          events.SegmentsOrderModified):
                self._observe(node, event)
            self._observe(node, slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent)
            self._observe(node, vtk.vtkCommand.ModifiedEvent)
        self.rebuild()

    def _observe(self, item: Any, event: Any) -> None:
        self._tags.append((item, item.AddObserver(event, lambda caller, e: self.rebuild())))

    def onSceneSet(self, scene: Any) -> None:
        if scene is not None:
            scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, self._onRemoved)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onRemoved(self, scene: Any, event: Any, node: Any) -> None:
        if node is self._node:
            self.setSegmentationNode(None)

    def setTextFilter(self, text: str) -> None:
        self._filter = text.lower()
        self.rebuild()

    textFilter = QtCore.Property(str, lambda self: self._filter, setTextFilter)

    def setHideSegments(self, segmentIDs: Sequence[str]) -> None:
        self._hiddenIDs = tuple(segmentIDs)
        self.rebuild()

    def hideSegments(self) -> tuple:
        return self._hiddenIDs

    def displayedSegmentIDs(self) -> List[str]:
        return list(self._ids)

    def rebuild(self) -> None:
        """Fills the table from the node; the selection stays."""
        if self._filling:
            return
        selected = self.selectedSegmentIDs()
        self._filling = True
        try:
            segmentation = self._node.GetSegmentation() if self._node is not None else None
            every = segmentation.GetSegmentIDs() if segmentation is not None else ()
            self._ids = [i for i in every if i not in self._hiddenIDs
                         and self._filter in segmentation.GetSegment(i).GetName().lower()]
            self._table.setRowCount(len(self._ids))
            for row, segmentID in enumerate(self._ids):
                self._fillRow(row, segmentation.GetSegment(segmentID), segmentID)
            self._select([i for i in selected if i in self._ids])
        finally:
            self._filling = False
        if self.selectedSegmentIDs() != selected:
            self.selectionChanged.emit(None, None)

    def _fillRow(self, row: int, segment: Any, segmentID: str) -> None:
        display = self._node.GetDisplayNode()
        items = [QtWidgets.QTableWidgetItem() for _ in COLUMNS]
        visible = display is not None and display.GetSegmentVisibility(segmentID)
        items[VISIBILITY].setCheckState(Qt.Checked if visible else Qt.Unchecked)
        swatch = QtGui.QPixmap(16, 16)
        swatch.fill(QtGui.QColor.fromRgbF(*segment.GetColor()))
        items[COLOR].setIcon(QtGui.QIcon(swatch))
        opacity = display.GetSegmentOpacity3D(segmentID) if display is not None else 1.0
        items[OPACITY].setText(f"{opacity:.2f}")
        items[NAME].setText(segment.GetName())
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        status = logic.GetSegmentStatus(segment)
        items[STATUS].setText(logic.GetSegmentStatusAsHumanReadableString(status))
        for column, item in enumerate(items):
            flags = Qt.ItemIsEnabled | Qt.ItemIsSelectable
            if column == VISIBILITY and not self._readOnly:
                flags |= Qt.ItemIsUserCheckable
            if column == NAME and not self._readOnly:
                flags |= Qt.ItemIsEditable
            item.setFlags(flags)
            self._table.setItem(row, column, item)

    # What the user does
    def _onEdited(self, item: Any) -> None:
        if self._filling:
            return
        segmentID = self._ids[item.row()]
        if item.column() == VISIBILITY:
            visible = item.checkState() == Qt.Checked
            self._node.GetDisplayNode().SetSegmentVisibility(segmentID, visible)
        elif item.column() == NAME:
            self._node.GetSegmentation().GetSegment(segmentID).SetName(item.text())

    def _onSelection(self) -> None:
        if not self._filling:
            self.selectionChanged.emit(None, None)

    def selectedSegmentIDs(self) -> List[str]:
        rows = sorted({index.row() for index in self._table.selectedIndexes()})
        return [self._ids[row] for row in rows if row < len(self._ids)]

    def setSelectedSegmentIDs(self, segmentIDs: Sequence[str]) -> None:
        self._select(segmentIDs)

    def clearSelection(self) -> None:
        self._table.clearSelection()

    def _select(self, segmentIDs: Sequence[str]) -> None:
        model, chosen = self._table.selectionModel(), QtCore.QItemSelection()
        for segmentID in segmentIDs:
            row = self._ids.index(segmentID)
            index = self._table.model().index(row, 0)
            chosen.select(index, self._table.model().index(row, len(COLUMNS) - 1))
        model.select(chosen, QtCore.QItemSelectionModel.ClearAndSelect)

    def segmentCount(self) -> int:
        return len(self._ids)

    def showOnlySelectedSegments(self) -> None:
        display, chosen = self._node.GetDisplayNode(), self.selectedSegmentIDs()
        for segmentID in self._ids:
            display.SetSegmentVisibility(segmentID, segmentID in chosen)


class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """A segmentation and one of its segments."""

    currentNodeChanged = CppSignal("currentNodeChanged(vtkMRMLNode*)")
    currentSegmentChanged = CppSignal("currentSegmentChanged(QString)")
    segmentSelectionChanged = CppSignal("segmentSelectionChanged(QStringList)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        from .nodecombobox import qMRMLNodeComboBox

        self._nodes, self._segments = qMRMLNodeComboBox(self), QtWidgets.QComboBox(self)
        self._nodes.nodeTypes, self._nodes.noneEnabled = ["vtkMRMLSegmentationNode"], True
        self._tags: List[Any] = []
        self._ids: List[str] = []
        self._last: Optional[str] = None
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._nodes)
        layout.addWidget(self._segments)
        self._nodes.connect("currentNodeChanged(vtkMRMLNode*)", self._onNode)
        self._segments.currentIndexChanged.connect(self._onSegment)

    noneEnabled = QtCore.Property(
        bool, lambda self: self._nodes.noneEnabled,
        lambda self, value: setattr(self._nodes, "noneEnabled", value))
    segmentationNodeSelectorVisible = QtCore.Property(
        bool, lambda self: not self._nodes.isHidden(),
        lambda self, visible: self._nodes.setVisible(visible))

    def onSceneSet(self, scene: Any) -> None:
        self._nodes.setMRMLScene(scene)

    def currentNode(self) -> Any:
        return self._nodes.currentNode()

    def setCurrentNode(self, node: Any) -> None:
        self._nodes.setCurrentNode(node)

    def currentSegmentID(self) -> str:
        index = self._segments.currentIndex
        return self._ids[index] if 0 <= index < len(self._ids) else ""

    def setCurrentSegmentID(self, segmentID: str) -> None:
        self._segments.setCurrentIndex(self._ids.index(segmentID) if segmentID in self._ids else -1)

    def _onNode(self, node: Any) -> None:
        for item, tag in self._tags:
            item.RemoveObserver(tag)
        self._tags = []
        if node is not None:
            events = slicer.vtkSegmentation
            for event in (events.SegmentAdded, events.SegmentRemoved, events.SegmentModified):
                self._tags.append((node, node.AddObserver(event, lambda c, e: self._fill())))
        self._fill()
        self.currentNodeChanged.emit(node)

    def _fill(self) -> None:
        node, kept = self.currentNode(), self.currentSegmentID()
        segmentation = node.GetSegmentation() if node is not None else None
        blocked = self._segments.blockSignals(True)
        self._ids = list(segmentation.GetSegmentIDs()) if segmentation is not None else []
        self._segments.clear()
        for segmentID in self._ids:
            self._segments.addItem(segmentation.GetSegment(segmentID).GetName())
        if kept in self._ids:
            self._segments.setCurrentIndex(self._ids.index(kept))
        self._segments.blockSignals(blocked)
        self._onSegment()

    def _onSegment(self) -> None:
        if self.currentSegmentID() != self._last:
            self._last = self.currentSegmentID()
            self.currentSegmentChanged.emit(self._last)
