"""Plots of a result: agreement and distances per structure with limits; box plots of a cohort."""

from __future__ import annotations

import math
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.metrics.compare.columns import column
from AutoContourRTCore.metrics.compare.limits import Limits
from AutoContourRTCore.metrics.compare.rows import COMPARED, Row
from MetricsModuleLib import Results
from MetricsModuleLib.ChartNodes import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    addTable,
    bars,
    chart,
    line,
    path,
    removeCharts,
)

#: What the box plots of a cohort show.
COHORT_MEASURES = ("surface_dice", "dice", "hd95_mm")
_HALF_WIDTH = 0.3


def makeCharts(result: Any) -> List[Any]:
    """The charts of a result, made anew; earlier ones are taken out of the scene."""
    scene = result.GetScene()
    removeCharts(scene)
    rows, limits = Results.rowsOf(result), Results.limitsOf(result)
    if len(Results.casesOf(result)) > 1:
        return [boxChart(scene, rows, limits, name) for name in COHORT_MEASURES]
    return [agreementChart(scene, rows, limits), distanceChart(scene, rows)]


def showInLayout(chartNode: Any) -> None:
    """Show a chart in the layout of the application."""
    slicer.modules.plots.logic().ShowChartInLayout(chartNode)


def agreementChart(scene: Any, rows: Sequence[Row], limits: Limits) -> Any:
    """Surface Dice and Dice of each structure, with the limits of surface Dice."""
    names = [row.structure for row in rows]
    series = [
        bars(scene, names, [row["surface_dice"] for row in rows], BLUE, _("Surface Dice")),
        bars(scene, names, [row["dice"] for row in rows], ORANGE, _("Dice")),
        *_limitLines(scene, names, limits, "surface_dice"),
    ]
    told = _("Agreement per structure (1: the same)")
    node = chart(scene, told, series, _titles(rows), "")
    node.SetYAxisRangeAuto(False)
    node.SetYAxisRange(0.0, 1.3)  # room for the legend
    return node


def distanceChart(scene: Any, rows: Sequence[Row]) -> Any:
    """HD95 and MSD of each structure, with the tolerance that surface Dice allows."""
    names = [row.structure for row in rows]
    series = [
        bars(scene, names, [row["hd95_mm"] for row in rows], BLUE, _("HD95")),
        bars(scene, names, [row["msd_mm"] for row in rows], ORANGE, _("MSD")),
        line(scene, names, [row["tolerance_used_mm"] for row in rows], GREEN,
             _("Tolerance of surface Dice")),
    ]  # fmt: skip
    node = chart(scene, _("Distances per structure"), series, _titles(rows), _("mm"))
    figures = [row[name] for row in rows for name in ("hd95_mm", "msd_mm", "tolerance_used_mm")]
    node.SetYAxisRangeAuto(False)
    finite = [value for value in figures if math.isfinite(value)]
    node.SetYAxisRange(0.0, 1.3 * max(finite, default=1.0))  # room for the legend
    return node


def boxChart(scene: Any, rows: Sequence[Row], limits: Limits, measure: str) -> Any:
    """Quartiles, median and range of each structure over the cases; what is not finite is left out.
    """
    names = list(dict.fromkeys(row.structure for row in rows))
    boxes = addTable(scene, _("Plot: boxes"), [""] * len(_box(0.0, [0.0])[0]))
    count = len({row.case for row in rows})
    series, titles, shown = [], [], [_limit(limits, n, measure, w) for n in names for w in (0, 1)]
    for number, name in enumerate(names):
        values = [row.judged(measure) for row in rows if row.structure == name]
        finite = [value for value in values if math.isfinite(value)]
        part = _("{structure} ({n} of {total})")
        part = part.format(structure=name, n=len(finite), total=count)
        titles.append(name if len(finite) == count else part)
        shown += finite
        if finite:
            series.append(path(boxes, name, *_box(number + 1.0, finite), BLUE))
    lines = _limitLines(scene, names, limits, measure)
    told = _("{title}: median, quartiles, range over {n} cases").format(
        title=Results.title(measure), n=count
    )
    if lines:
        told += _("; lines: limits to pass (green), for borderline (red)")
    node = chart(scene, told, [*series, *lines], titles, column(measure).unit)
    node.SetLegendVisibility(False)
    shown = [value for value in shown if math.isfinite(value)] or [0.0]
    margin = 0.06 * (max(shown) - min(shown)) or 1.0
    node.SetYAxisRangeAuto(False)
    node.SetYAxisRange(min(shown) - margin, max(shown) + margin)
    return node


def _titles(rows: Sequence[Row]) -> List[str]:
    """The structures, and why one has no bar."""
    why = [_("no tolerance") if math.isnan(r["tolerance_mm"]) else "" for r in rows]
    why = [w if r.state == COMPARED else r.state for r, w in zip(rows, why)]
    return [f"{r.structure} ({w})" if w else r.structure for r, w in zip(rows, why)]


def _box(x: float, values: Sequence[float]) -> Tuple[List[float], List[float]]:
    """One line that draws a box with whiskers (to the extremes) and a median."""
    low, q1, median, q3, high = np.percentile(values, [0, 25, 50, 75, 100]).tolist()
    left, right = x - _HALF_WIDTH, x + _HALF_WIDTH
    points = [(x, low), (x, q1), (left, q1), (left, q3), (x, q3), (x, high), (x, q3), (right, q3),
              (right, median), (left, median), (right, median), (right, q1), (x, q1)]  # fmt: skip
    return [point[0] for point in points], [point[1] for point in points]


def _limitLines(scene: Any, names: Sequence[str], limits: Limits, measure: str) -> List[Any]:
    """The limits of a measure to pass, and for borderline, where any structure has them."""
    series = []
    for which, text, color in ((0, _("Limit to pass"), GREEN), (1, _("Limit for borderline"), RED)):
        values = [_limit(limits, name, measure, which) for name in names]
        if any(map(math.isfinite, values)):
            series.append(line(scene, names, values, color, text))
    return series


def _limit(limits: Limits, structure: str, measure: str, which: int) -> float:
    found: Optional[Tuple[float, float]] = next(
        ((limit.passed, limit.borderline) for limit in limits.of(structure)
         if limit.measure == measure), None,
    )  # fmt: skip
    return math.nan if found is None else found[which]
