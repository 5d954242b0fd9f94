"""qMRMLPlotView: a plot chart node drawn by VTK's chart, off the screen."""

from __future__ import annotations

from typing import Any, Optional

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from ..offscreen import imageOfWindow
from .base import qMRMLWidget


class qMRMLPlotView(qMRMLWidget):
    """Draws scatter, line and bar series; box plots and the like of Slicer are not here."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._view: Any = None
        self._chartNode: Any = None

    def mrmlPlotViewNode(self) -> Any:
        return self._view

    def setMRMLPlotViewNode(self, node: Any) -> None:
        self._view = node
        self.update()

    def setMRMLPlotChartNode(self, node: Any) -> None:
        """For tests: shows a chart without a view node."""
        self._chartNode = node
        self.update()

    def mrmlPlotChartNode(self) -> Any:
        return self._view.GetPlotChartNode() if self._view is not None else self._chartNode

    def minimumSizeHint(self) -> Any:
        return QtCore.QSize(200, 150)

    def paintEvent(self, event: Any) -> None:
        painter = QtGui.QPainter(self)
        image = self.image()
        if image is None:
            painter.fillRect(self.rect, QtCore.Qt.white)
        else:
            painter.drawImage(self.rect, image)

    def image(self) -> Optional[Any]:
        """A QImage of the chart at the widget's size, or None without a chart."""
        node = self.mrmlPlotChartNode()
        if node is None:
            return None
        view = vtk.vtkContextView()
        view.GetRenderWindow().SetOffScreenRendering(1)
        view.GetRenderWindow().SetSize(max(self.width, 200), max(self.height, 150))
        view.GetScene().AddItem(makeChart(node))
        view.GetRenderer().SetBackground(1, 1, 1)
        view.GetRenderWindow().Render()
        return imageOfWindow(view.GetRenderWindow())


def makeChart(node: Any) -> Any:
    """A vtkChartXY of a vtkMRMLPlotChartNode."""
    chart = vtk.vtkChartXY()
    chart.SetTitle(node.GetTitle() if node.GetTitleVisibility() and node.GetTitle() else "")
    chart.SetShowLegend(bool(node.GetLegendVisibility()))
    for axis, title in ((vtk.vtkAxis.BOTTOM, node.GetXAxisTitle()),
                        (vtk.vtkAxis.LEFT, node.GetYAxisTitle())):
        chart.GetAxis(axis).SetTitle(title or "")
        chart.GetAxis(axis).GetTitleProperties().SetFontSize(node.GetAxisTitleFontSize())
        chart.GetAxis(axis).GetLabelProperties().SetFontSize(node.GetAxisLabelFontSize())
    chart.GetTitleProperties().SetFontSize(node.GetTitleFontSize())
    chart.GetLegend().GetLabelProperties().SetFontSize(node.GetLegendFontSize())
    for index in range(node.GetNumberOfPlotSeriesNodes()):
        series = node.GetNthPlotSeriesNode(index)
        if series is not None and series.GetTableNode() is not None:
            _addSeries(chart, series)
    _fixRange(chart.GetAxis(vtk.vtkAxis.BOTTOM), node.GetXAxisRangeAuto(), node.GetXAxisRange())
    _fixRange(chart.GetAxis(vtk.vtkAxis.LEFT), node.GetYAxisRangeAuto(), node.GetYAxisRange())
    return chart


def _fixRange(axis: Any, automatic: bool, limits: Any) -> None:
    if not automatic:
        axis.SetBehavior(vtk.vtkAxis.FIXED)
        axis.SetRange(*limits)


def _addSeries(chart: Any, series: Any) -> None:
    kinds = {slicer.vtkMRMLPlotSeriesNode.PlotTypeBar: vtk.vtkChart.BAR,
             slicer.vtkMRMLPlotSeriesNode.PlotTypeScatterBar: vtk.vtkChart.BAR}
    plot = chart.AddPlot(kinds.get(series.GetPlotType(), vtk.vtkChart.LINE))
    table = series.GetTableNode().GetTable()
    y = _column(table, series.GetYColumnName())
    if series.IsXColumnRequired() and series.GetXColumnName():
        plot.SetInputData(table, _column(table, series.GetXColumnName()), y)
    else:
        plot.SetUseIndexForXSeries(True)
        plot.SetInputData(table, y, y)
    plot.SetColorF(*series.GetColor())
    plot.SetLabel(series.GetName())
    plot.SetWidth(series.GetLineWidth())
    if series.GetLineStyle() == slicer.vtkMRMLPlotSeriesNode.LineStyleNone and \
            hasattr(plot, "SetMarkerStyle"):
        plot.GetPen().SetLineType(vtk.vtkPen.NO_PEN)
    if hasattr(plot, "SetMarkerStyle"):
        plot.SetMarkerStyle(series.GetMarkerStyle())
        plot.SetMarkerSize(series.GetMarkerSize())
    if series.GetLabelColumnName():
        labels = table.GetColumnByName(series.GetLabelColumnName())
        plot.SetIndexedLabels(labels)


def _column(table: Any, name: str) -> int:
    for index in range(table.GetNumberOfColumns()):
        if table.GetColumnName(index) == name:
            return index
    raise ValueError(f"The table has no column '{name}'")


class qMRMLPlotWidget(qMRMLWidget):
    """A plot view with the frame of the layout."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._plotView = qMRMLPlotView(self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plotView)

    def plotView(self) -> qMRMLPlotView:
        return self._plotView

    def mrmlPlotViewNode(self) -> Any:
        return self._plotView.mrmlPlotViewNode()

    def setMRMLPlotViewNode(self, node: Any) -> None:
        self._plotView.setMRMLPlotViewNode(node)
