"""Table and plot views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture()
def table(slicer_app: Any, scene: Any) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", "metrics")
    slicer_app.util.updateTableFromArray(
        node, np.array([[0.0, 0.5], [1.0, 0.9], [2.0, 0.7]]), ["case", "dice"])
    return node


def test_the_table_follows_the_node_and_edits_reach_it(slicer_app: Any, table: Any) -> None:
    view = slicer_app.qMRMLTableView()
    view.setMRMLTableNode(table)
    assert (view.rowCount, view.columnCount) == (3, 2)
    assert view.horizontalHeaderItem(1).text() == "dice" and view.item(1, 1).text() == "0.9"
    table.SetCellText(0, 1, "0.25")
    table.Modified()
    assert view.item(0, 1).text() == "0.25"
    view.item(2, 1).setText("0.75")
    assert table.GetTable().GetValue(2, 1).ToDouble() == 0.75


def test_a_locked_table_cannot_be_edited(slicer_app: Any, table: Any) -> None:
    import qt

    table.SetLocked(True)
    view = slicer_app.qMRMLTableView()
    view.setMRMLTableNode(table)
    assert not view.item(0, 0).flags() & qt.Qt.ItemIsEditable


@pytest.fixture()
def chart(scene: Any, table: Any) -> Any:
    series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "dice")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("case")
    series.SetYColumnName("dice")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetColor(1, 0, 0)
    series.SetLineWidth(4)
    node = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "chart")
    node.AddAndObservePlotSeriesNodeID(series.GetID())
    return node


def redPixels(view: Any) -> int:
    image = view.image()
    return sum(image.pixelColor(x, y).red() > 200 > 100 > image.pixelColor(x, y).green()
               for x in range(0, image.width(), 2) for y in range(0, image.height(), 2))


def test_a_chart_draws_its_series_in_their_colour(slicer_app: Any, chart: Any) -> None:
    view = slicer_app.qMRMLPlotView()
    assert view.image() is None
    view.setMRMLPlotChartNode(chart)
    view.resize(240, 180)
    assert redPixels(view) > 20
    chart.RemoveAllPlotSeriesNodeIDs()
    assert redPixels(view) == 0


def test_a_missing_column_is_named(slicer_app: Any, chart: Any) -> None:
    chart.GetNthPlotSeriesNode(0).SetYColumnName("hausdorff")
    view = slicer_app.qMRMLPlotView()
    view.setMRMLPlotChartNode(chart)
    with pytest.raises(ValueError, match="hausdorff"):
        view.image()
