"""A user's hands and eyes at the panel of Contour Metrics."""

from __future__ import annotations

from typing import Any, List


def column(widget: Any, number: int) -> List[str]:
    table = widget.ui.resultTable
    return [table.item(row, number).text() for row in range(table.rowCount)]


def emit(sender: Any, signal: str, *values: int) -> None:
    """What Qt does when a user does something."""
    from PySide6.QtCore import Q_ARG, QMetaObject

    assert QMetaObject.invokeMethod(sender, signal, *(Q_ARG(int, value) for value in values))


def click(widget: Any, structure: str) -> None:
    line = column(widget, 1).index(structure)
    widget.ui.resultTable.selectRow(line)
    emit(widget.ui.resultTable, "cellClicked", line, 1)
