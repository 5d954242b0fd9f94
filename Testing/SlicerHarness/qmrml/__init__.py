"""Stand-ins for the qMRML widgets."""

from __future__ import annotations

from typing import List


def widgetClasses() -> List[type]:
    """Every class that `slicer` offers and .ui files may name."""
    from .base import qMRMLWidget, qSlicerWidget
    from .editor import qMRMLSegmentEditorWidget
    from .nodecombobox import qMRMLNodeComboBox
    from .plotview import qMRMLPlotView, qMRMLPlotWidget
    from .segmentstable import qMRMLSegmentSelectorWidget, qMRMLSegmentsTableView
    from .tableview import qMRMLTableView

    return [qMRMLWidget, qSlicerWidget, qMRMLNodeComboBox, qMRMLSegmentsTableView,
            qMRMLSegmentSelectorWidget, qMRMLSegmentEditorWidget, qMRMLTableView,
            qMRMLPlotView, qMRMLPlotWidget]
