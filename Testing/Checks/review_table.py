"""What tests of the review do in the panel."""

from __future__ import annotations

from typing import Any, List

import numpy as np


def rows(ui: Any) -> List[List[str]]:
    table = ui.resultTable
    return [[table.item(r, c).text() for c in range(5)] for r in range(table.rowCount)]


def tick(ui: Any, row: int, on: bool = True) -> None:
    import qt

    ui.resultTable.item(row, 0).setCheckState(qt.Qt.Checked if on else qt.Qt.Unchecked)


def paint_far_away(ui: Any, row: int) -> None:
    """Edit, one voxel in the far corner, and back to the panel."""
    import slicer

    ui.resultTable.setCurrentCell(row, 1)
    ui.editButton.click()
    far = np.zeros((8, 8, 8), bool)
    far[7, 7, 7] = True
    slicer.modules.SegmentEditorWidget.editor.paint(far)
    slicer.util.selectModule("AutoContourRT")
