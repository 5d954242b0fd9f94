"""Charts of a project: validation Dice per epoch, Dice and time per case."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk

from AutoContourRTCore.correction import report
from AutoContourRTCore.correction.dose import HIGH_GY, LOW_GY
from AutoContourRTCore.correction.project import TRAINING, Project
from AutoContourRTCore.nn.correction_state import METRICS, read_lines
from CorrectiveTrainingLib.Segments import colorOf

LINE, DASHES, POINTS = "line", "dashes", "points"
VALIDATION, AGREEMENT, DURATION, DOSE = "validation", "agreement", "duration", "dose"
_BLUE, _RED, _BLACK = (0.12, 0.47, 0.71), (0.84, 0.15, 0.16), (0.1, 0.1, 0.1)
_GREY = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Curve:
    """Points of one series; values that are not known are NaN."""

    name: str
    x: np.ndarray
    y: np.ndarray
    style: str
    color: Tuple[float, float, float]


def validationCurves(project: Path, structures: Sequence[str]) -> List[Curve]:
    """Mean Dice of the annotated validation voxels after each epoch, and each structure's."""
    lines = read_lines(project / TRAINING / METRICS)
    epochs = np.array([line["epoch"] for line in lines], dtype=float)
    curves = [
        Curve(name, epochs, _floats([(line.get("validation_dice") or {}).get(name)
                                     for line in lines]), LINE, colorOf(name))
        for name in structures
    ]  # fmt: skip
    if len(structures) > 1:
        mean = _floats([line.get("validation_mean") for line in lines])
        curves.append(Curve(_("mean"), epochs, mean, LINE, _BLACK))
    return curves


def doseCurves(series: report.Series) -> List[Curve]:
    """|mean dose of predicted - of corrected contour| (Gy), and the limits of Smith's bands."""
    ends = series.order[[0, -1]] if len(series.order) else series.order
    limits = [
        Curve(_("{gray:g} Gy").format(gray=gray), ends, np.full(len(ends), gray), DASHES, _GREY)
        for gray in (LOW_GY, HIGH_GY)
    ]
    return [*runningCurves(series), *limits]


def runningCurves(series: report.Series) -> List[Curve]:
    """Each case, with running mean and SD."""
    order, mean, sd = series.order, series.mean, series.sd
    last = _("mean of the last {n}").format(n=report.RUNNING)
    return [
        Curve(_("each case"), order, series.value, POINTS, _BLUE),
        Curve(last, order, mean, LINE, _RED),
        Curve(_("mean + SD"), order, mean + sd, DASHES, _RED),
        Curve(_("mean - SD"), order, mean - sd, DASHES, _RED),
    ]


def legend(curves: Sequence[Curve]) -> str:
    """What the colours mean, as HTML."""
    signs = {LINE: "&#9473;", DASHES: "&#9476;", POINTS: "&#9679;"}
    parts = []
    for curve in curves:
        color = "#" + "".join(f"{round(255 * part):02x}" for part in curve.color)
        name = html.escape(curve.name)
        parts.append(f'<span style="color:{color}">{signs[curve.style]}</span>&nbsp;{name}')
    return " &nbsp; ".join(parts)


def _floats(values: Sequence[Any]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _highest(curves: Sequence[Curve]) -> float:
    """The largest value that is known, 1 for none."""
    known = [float(np.nanmax(curve.y)) for curve in curves if np.isfinite(curve.y).any()]
    return max(known, default=1.0)


def _curves(
    kind: str, project: Project, structure: str, seconds: Mapping[str, float]
) -> List[Curve]:
    if kind == VALIDATION:
        return validationCurves(project.folder, project.record.structures)
    rows = report.rows_of(project.record, seconds)
    if kind == DURATION:
        return runningCurves(report.durations(rows))
    if kind == DOSE:
        return doseCurves(report.deviations(rows, structure))
    return runningCurves(report.agreements(rows, structure))


class Plots:
    """The chart nodes, made when they are first needed, and filled anew by `update`."""

    def __init__(self) -> None:
        self._charts: Dict[str, Any] = {}

    def titles(self) -> Dict[str, Tuple[str, str, str]]:
        """Chart -> title, and titles of its axes."""
        return {
            VALIDATION: (_("Validation Dice per epoch"), _("epoch"), _("Dice")),
            AGREEMENT: (_("Dice of prediction and correction"), _("case"), _("Dice")),
            DURATION: (_("Time per case"), _("case"), _("minutes")),
            DOSE: (_("Change of the mean dose by the correction"), _("case"), _("Gy")),
        }

    def chart(self, kind: str) -> Any:
        """The chart node of a kind."""
        node = self._charts.get(kind)
        if node is None or node.GetScene() is None:
            title, x, y = self.titles()[kind]
            node = self._add("vtkMRMLPlotChartNode", title)
            node.SetTitle(title)
            node.SetXAxisTitle(x)
            node.SetYAxisTitle(y)
            node.SetLegendVisibility(False)  # it would lie on the best values; see `legend`
            self._charts[kind] = node
        return node

    def update(
        self, kind: str, project: Project, structure: str, seconds: Mapping[str, float]
    ) -> str:
        """Draw one chart as the project is now; structure: for agreement and dose.

        Returns its legend, as HTML.
        """
        chart = self.chart(kind)
        if kind in (AGREEMENT, DOSE):
            title = _("{title}: {structure}")
            chart.SetTitle(title.format(title=self.titles()[kind][0], structure=structure))
        curves = _curves(kind, project, structure, seconds)
        self._fill(chart, curves)
        # An axis that Slicer's view ranges by itself stays as it was when points are added.
        chart.SetXAxisRangeAuto(False)
        last = max((float(curve.x.max()) for curve in curves if len(curve.x)), default=0.0)
        chart.SetXAxisRange(0.0, 1.0 + last)
        chart.SetYAxisRangeAuto(False)
        isShare = kind in (VALIDATION, AGREEMENT)
        chart.SetYAxisRange(0.0, 1.0 if isShare else 1.1 * _highest(curves))
        return legend(curves)

    def remove(self) -> None:
        """Take all charts out of the scene."""
        for chart in self._charts.values():
            if chart.GetScene() is not None:
                self._clear(chart)
                chart.GetScene().RemoveNode(chart)
        self._charts = {}

    def _fill(self, chart: Any, curves: Sequence[Curve]) -> None:
        """The series of a chart; those that are there are used again, so that nothing flickers."""
        names = [chart.GetNthPlotSeriesNode(n).GetName()
                 for n in range(chart.GetNumberOfPlotSeriesNodes())]  # fmt: skip
        if names != [curve.name for curve in curves]:
            self._clear(chart)
            for curve in curves:
                chart.AddAndObservePlotSeriesNodeID(self._series(curve).GetID())
        for number, curve in enumerate(curves):
            _setPoints(chart.GetNthPlotSeriesNode(number).GetTableNode(), curve)

    def _series(self, curve: Curve) -> Any:
        node = self._add("vtkMRMLPlotSeriesNode", curve.name)
        node.SetAndObserveTableNodeID(self._add("vtkMRMLTableNode", curve.name).GetID())
        node.SetXColumnName("x")
        node.SetYColumnName("y")
        node.SetPlotType(node.PlotTypeScatter)
        isPoints = curve.style == POINTS
        styles = {LINE: node.LineStyleSolid, DASHES: node.LineStyleDash, POINTS: node.LineStyleNone}
        node.SetLineStyle(styles[curve.style])
        node.SetMarkerStyle(node.MarkerStyleCircle if isPoints else node.MarkerStyleNone)
        node.SetMarkerSize(7)
        node.SetLineWidth(1 if curve.style == DASHES else 2)
        node.SetColor(*curve.color)
        return node

    def _clear(self, chart: Any) -> None:
        series = [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
        chart.RemoveAllPlotSeriesNodeIDs()
        for node in series:
            slicer.mrmlScene.RemoveNode(node.GetTableNode())
            slicer.mrmlScene.RemoveNode(node)

    def _add(self, kind: str, name: str) -> Any:
        node = slicer.mrmlScene.CreateNodeByClass(kind)
        node.UnRegister(None)
        node.SetName(name)
        node.SetSaveWithScene(False)
        node.SetHideFromEditors(True)
        return slicer.mrmlScene.AddNode(node)


def _setPoints(tableNode: Any, curve: Curve) -> None:
    """Points whose value is not known are left out."""
    known = np.isfinite(curve.y)
    table = vtk.vtkTable()
    for name, values in (("x", curve.x), ("y", curve.y)):
        column = numpy_to_vtk(np.ascontiguousarray(values[known]), deep=True)
        column.SetName(name)
        table.AddColumn(column)
    tableNode.SetAndObserveTable(table)
