"""Rows of items into a QTableWidget, coloured, as high as they are."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

import qt

from MetricsModuleLib.ResultRows import Item

MOST_ROWS_SHOWN = 14
_ROW = qt.Qt.UserRole
_ROW_HEIGHT = 22


def setHeaders(table: Any, headers: Sequence[Tuple[str, str]]) -> None:
    """Titles and what they mean; the last column takes what room is left."""
    table.setColumnCount(len(headers))
    table.setHorizontalHeaderLabels([title for title, _ in headers])
    for number, (_, toolTip) in enumerate(headers):
        table.horizontalHeaderItem(number).setToolTip(toolTip)
    table.horizontalHeader().setStretchLastSection(True)
    table.verticalHeader().setVisible(False)
    table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)


def fill(table: Any, rows: Sequence[Sequence[Item]], numeric: Sequence[bool] = ()) -> None:
    """Show these rows and no others. numeric: columns whose texts stand to the right."""
    table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, item in enumerate(row):
            right = column < len(numeric) and numeric[column]
            table.setItem(number, column, _item(item, right))
    fit(table)


def fit(table: Any) -> None:
    """As wide as the texts, as high as the rows, up to MOST_ROWS_SHOWN."""
    table.resizeColumnsToContents()
    heights = [table.rowHeight(row) for row in range(min(table.rowCount, MOST_ROWS_SHOWN))]
    titles = [table.horizontalHeaderItem(column).text() for column in range(table.columnCount)]
    header = 18 * (1 + max((title.count("\n") for title in titles), default=0))
    table.setFixedHeight(header + sum(heights) + 22)


def rowOf(table: Any, number: int) -> int:
    """The row of the data that a line of the widget shows; -1 for none."""
    item = table.item(number, 0)
    return -1 if item is None else int(item.data(_ROW))


def _item(cell: Item, right: bool) -> Any:
    item = qt.QTableWidgetItem(cell.text)
    item.setToolTip(cell.toolTip)
    item.setData(_ROW, cell.row)
    if right:
        item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
    if cell.color is not None:
        item.setBackground(qt.QBrush(qt.QColor(*cell.color)))
        item.setForeground(qt.QBrush(qt.QColor(0, 0, 0)))  # dark themes write white
    return item
