"""Rows of Cells into a QTableWidget of a panel."""

from __future__ import annotations

from typing import Any, List, Sequence

import qt

from AutoContourRTLib.Cells import Cell, Row

MOST_ROWS_SHOWN = 12
ROW_HEIGHT = 24


def setHeaders(table: Any, titles: Sequence[str]) -> None:
    """Column titles; the last column takes what room is left."""
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(list(titles))
    header = table.horizontalHeader()
    for column in range(len(titles)):
        isLast = column == len(titles) - 1
        mode = qt.QHeaderView.Stretch if isLast else qt.QHeaderView.ResizeToContents
        header.setSectionResizeMode(column, mode)
    header.setDefaultAlignment(qt.Qt.AlignLeft)
    table.verticalHeader().setVisible(False)
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)


def showRows(table: Any, rows: Sequence[Row]) -> None:
    """Show these rows and no others, as high as they are, up to MOST_ROWS_SHOWN."""
    table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            table.setItem(number, column, _item(cell))
    # The title row is about as high as the others.
    table.setFixedHeight(ROW_HEIGHT * (1 + min(len(rows), MOST_ROWS_SHOWN)) + 4)


def keyAt(table: Any, row: int) -> str:
    """What the first cell of a row stands for; "" where there is none."""
    item = table.item(row, 0)
    return keyOf(item) if item is not None else ""


def keyOf(item: Any) -> str:
    """What an item stands for."""
    return item.data(qt.Qt.UserRole) or ""


def setText(item: Any, text: str) -> None:
    """Change a cell's text, which is its tool tip too."""
    item.setText(text)
    item.setToolTip(text)


def isChecked(item: Any) -> bool:
    """Whether an item's box is ticked."""
    return bool(item.checkState() == qt.Qt.Checked)


def checkedKeys(table: Any) -> List[str]:
    """The keys of the rows whose first box is ticked."""
    items = [table.item(row, 0) for row in range(table.rowCount)]
    return [keyOf(item) for item in items if isChecked(item)]


def _item(cell: Cell) -> Any:
    item = qt.QTableWidgetItem(cell.text)
    item.setToolTip(cell.toolTip)
    item.setData(qt.Qt.UserRole, cell.key)
    if cell.color is not None:
        item.setData(qt.Qt.DecorationRole, qt.QColor(*cell.color))
    if cell.checked is not None:
        item.setCheckState(qt.Qt.Checked if cell.checked else qt.Qt.Unchecked)
    if not cell.enabled:
        item.setFlags(qt.Qt.NoItemFlags)
    return item
