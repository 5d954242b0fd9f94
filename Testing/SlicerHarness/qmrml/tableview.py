"""qMRMLTableView: the cells of a table node."""

from __future__ import annotations

from typing import Any

import vtk
from PySide6 import QtCore, QtWidgets

from .base import qMRMLWidget


class qMRMLTableView(QtWidgets.QTableWidget):
    """Shows a vtkMRMLTableNode and writes edited cells back unless the node is locked."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._node: Any = None
        self._tag = 0
        self._filling = False
        self.itemChanged.connect(self._onEdited)

    setMRMLScene = qMRMLWidget.setMRMLScene
    mrmlScene = qMRMLWidget.mrmlScene
    mrmlSceneChanged = qMRMLWidget.mrmlSceneChanged
    onSceneSet = qMRMLWidget.onSceneSet

    def mrmlTableNode(self) -> Any:
        return self._node

    def setMRMLTableNode(self, node: Any) -> None:
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node = node
        if node is not None:
            self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda c, e: self.rebuild())
        self.rebuild()

    def rebuild(self) -> None:
        table = self._node.GetTable() if self._node is not None else None
        self._filling = True
        self.setRowCount(table.GetNumberOfRows() if table is not None else 0)
        self.setColumnCount(table.GetNumberOfColumns() if table is not None else 0)
        names = [table.GetColumnName(c) or "" for c in range(self.columnCount)]
        self.setHorizontalHeaderLabels(names)
        for row in range(self.rowCount):
            for column in range(self.columnCount):
                item = QtWidgets.QTableWidgetItem(self._node.GetCellText(row, column))
                if self._node.GetLocked():
                    item.setFlags(QtCore.Qt.ItemIsEnabled | QtCore.Qt.ItemIsSelectable)
                self.setItem(row, column, item)
        self._filling = False

    def _onEdited(self, item: Any) -> None:
        if not self._filling:
            self._node.SetCellText(item.row(), item.column(), item.text())
