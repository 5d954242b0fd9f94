"""Plot charts as MRML nodes: tables, series and charts that can be found and taken out again.

Series stand at 1, 2, 3, ...: the numbers of the structures, which the title of the axis explains
(Slicer's plot views write no names on an axis).
"""

from __future__ import annotations

import math
from typing import Any, Optional, Sequence

import slicer
import vtk

ROLE = "MetricsModule.chart"
BLUE, ORANGE, GREEN, RED = (0.12, 0.47, 0.71), (1.0, 0.6, 0.2), (0.1, 0.5, 0.2), (0.8, 0.1, 0.1)
#: Characters in a line of the axis title.
_LINE_LENGTH = 80
#: Of all letters; Slicer's own sizes (20 and 16) cut titles and the key of numbers.
_FONT_SIZE = 12


def add(scene: Any, kind: str, name: str) -> Any:
    """A new node that removeCharts will find."""
    node = scene.AddNewNodeByClass(kind, name)
    node.SetAttribute(ROLE, "1")
    return node


def removeCharts(scene: Any) -> None:
    """Take our charts, their series and their tables out of the scene."""
    for kind in ("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode"):
        for node in slicer.util.getNodesByClass(kind, scene):
            if node.GetAttribute(ROLE) is not None:
                scene.RemoveNode(node)


def addTable(
    scene: Any, name: str, names: Sequence[str], numbers: Optional[Sequence[float]] = None
) -> Any:
    """A table node with the number (None: 1, 2, 3, ...) and the name of each structure."""
    node = add(scene, "vtkMRMLTableNode", name)
    addColumn(node, "number", range(1, len(names) + 1) if numbers is None else numbers)
    column = vtk.vtkStringArray()
    column.SetName("structure")
    for each in names:
        column.InsertNextValue(each)
    node.AddColumn(column)
    return node


def addColumn(table: Any, name: str, values: Sequence[float]) -> None:
    """A column of figures."""
    array = vtk.vtkDoubleArray()
    array.SetName(name)
    for value in values:
        array.InsertNextValue(float(value))
    table.AddColumn(array)


def bars(scene: Any, names: Sequence[str], values: Sequence[float], color: Any, text: str) -> Any:
    """A series of bars, one for each structure that has a finite value."""
    node = _ofStructures(scene, names, values, color, text)
    node.SetPlotType(node.PlotTypeScatterBar)
    return node


def line(scene: Any, names: Sequence[str], values: Sequence[float], color: Any, text: str) -> Any:
    """A series joined by a line, which may rise and fall, as limits differ between structures."""
    node = _ofStructures(scene, names, values, color, text)
    node.SetPlotType(node.PlotTypeScatter)
    node.SetLineStyle(node.LineStyleDash)
    node.SetMarkerStyle(node.MarkerStyleSquare)
    node.SetMarkerSize(7)
    node.SetLineWidth(2)
    return node


def path(table: Any, name: str, x: Sequence[float], y: Sequence[float], color: Any) -> Any:
    """A line from point to point; its columns are as long as those of the table."""
    addColumn(table, f"{name} x", x)
    node = _series(table, f"{name} y", y, color, name)
    node.SetXColumnName(f"{name} x")
    node.SetLabelColumnName("")
    node.SetPlotType(node.PlotTypeScatter)
    node.SetLineStyle(node.LineStyleSolid)
    node.SetMarkerStyle(node.MarkerStyleNone)
    node.SetLineWidth(2)
    return node


def chart(
    scene: Any, title: str, series: Sequence[Any], names: Sequence[str], unit: str
) -> Any:
    """A chart node whose axis says which number is which structure."""
    node = add(scene, "vtkMRMLPlotChartNode", title)
    node.SetTitle(title)
    node.SetXAxisTitle(_axis(names))
    node.SetYAxisTitle(unit)
    for part in ("Title", "AxisTitle", "AxisLabel", "Legend"):
        getattr(node, f"Set{part}FontSize")(_FONT_SIZE)
    node.SetXAxisRangeAuto(False)
    node.SetXAxisRange(0.0, len(names) + 1.0)
    for each in series:
        node.AddAndObservePlotSeriesNodeID(each.GetID())
    return node


def _axis(names: Sequence[str]) -> str:
    lines = [""]
    for number, name in enumerate(names):
        told = f"{number + 1} {name}"
        if lines[-1] and len(lines[-1]) + len(told) > _LINE_LENGTH:
            lines.append("")
        lines[-1] += ("    " if lines[-1] else "") + told
    return "\n".join(lines)


def _ofStructures(
    scene: Any, names: Sequence[str], values: Sequence[float], color: Any, text: str
) -> Any:
    """A series in a table of its own: structures without a finite value have no point."""
    points = [(n + 1.0, *point) for n, point in enumerate(zip(names, values))]
    points = [point for point in points if math.isfinite(point[2])]
    table = addTable(scene, text, [name for _, name, _ in points], [x for x, _, _ in points])
    return _series(table, "value", [value for _, _, value in points], color, text)


def _series(table: Any, name: str, values: Sequence[float], color: Any, text: str) -> Any:
    addColumn(table, name, values)
    node = add(table.GetScene(), "vtkMRMLPlotSeriesNode", text)
    node.SetAndObserveTableNodeID(table.GetID())
    node.SetXColumnName("number")
    node.SetYColumnName(name)
    node.SetLabelColumnName("structure")
    node.SetColor(*color)
    return node
