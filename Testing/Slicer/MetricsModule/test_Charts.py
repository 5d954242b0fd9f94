"""What the charts hold: figures, limits, names; and box plots of a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, Limit, Limits
from AutoContourRTCore.metrics.inputs.csv_files import write_csv
from MetricsModuleLib import ChartNodes, Charts, KeptTable, Results


def seriesOf(chart: Any) -> Dict[str, Any]:
    nodes = [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
    return {node.GetName(): node for node in nodes}


def column(series: Any, name: str) -> List[float]:
    table = series.GetTableNode().GetTable()
    array = table.GetColumnByName(name)
    return [array.GetValue(row) for row in range(array.GetNumberOfTuples())]


def test_bars_stand_at_the_numbers_of_the_table_with_its_figures(result: Any) -> None:
    agreement, distances = Charts.makeCharts(result)
    bars = seriesOf(agreement)["Dice"]
    rows = Results.rowsOf(result)
    known = [(n + 1, row["dice"]) for n, row in enumerate(rows) if row["dice"] >= 0]
    assert 0 < len(known) < len(rows), "one row has no Dice, and no bar"
    assert column(bars, bars.GetXColumnName()) == [number for number, _ in known]
    assert column(bars, bars.GetYColumnName()) == [dice for _, dice in known]
    assert "1 Parotid_L" in agreement.GetXAxisTitle()
    assert "(missing in test)" in agreement.GetXAxisTitle()
    assert column(seriesOf(distances)["HD95"], "value")[0] == pytest.approx(3)


def test_limits_are_drawn_per_structure_and_only_where_there_are_any(result: Any) -> None:
    Results.judge(result, Limits({"Parotid_L": (Limit("surface_dice", 0.8, 0.7),)}))
    lines = seriesOf(Charts.makeCharts(result)[0])
    assert column(lines["Limit to pass"], "value") == [0.8]
    assert column(lines["Limit to pass"], "number") == [1]
    assert column(lines["Limit for borderline"], "value") == [0.7]
    Results.judge(result, Limits({}))
    assert "Limit to pass" not in seriesOf(Charts.makeCharts(result)[0])


def test_charts_are_replaced_and_not_piled_up(slicer_app: Any, scene: Any, result: Any) -> None:
    Charts.makeCharts(result)
    count = scene.GetNumberOfNodes()
    Charts.makeCharts(result)
    assert scene.GetNumberOfNodes() == count
    ChartNodes.removeCharts(scene)
    assert not slicer_app.util.getNodesByClass("vtkMRMLPlotChartNode")
    assert Results.isResult(result)


@pytest.fixture()
def cohort(scene: Any, result: Any, tmp_path: Path) -> Any:
    """The rows of three cases, of which the Dice of Brain is 0.2, 0.4 and 1."""
    rows = []
    for case, value in (("a", "0.2"), ("b", "0.4"), ("c", "1.0")):
        for cells in KeptTable.rowsOf(result):
            rows.append({**cells, "case": case})
            if cells["structure"] == "Brain":
                rows[-1]["dice"] = value
    path = tmp_path / "out" / "per_case.csv"
    path.parent.mkdir()
    write_csv(path, KeptTable.columnsOf(result), rows)
    return Results.addCohort(scene, path, DEFAULT_LIMITS)


def test_a_cohort_has_boxes_of_range_quartiles_and_median(cohort: Any) -> None:
    assert Results.casesOf(cohort) == ("a", "b", "c") and cohort.GetName() == "out per_case"
    chart = Charts.makeCharts(cohort)[1]
    assert "Dice: median, quartiles, range over 3 cases" == chart.GetTitle()
    limited = Charts.makeCharts(cohort)[0]
    assert limited.GetYAxisRange()[1] > 0.95, "the limits of surface Dice can be seen"
    assert "green" in limited.GetTitle()
    assert "(0 of 3)" in chart.GetXAxisTitle(), "not in the reference: no figure in any case"
    chart = Charts.makeCharts(cohort)[1]
    box = seriesOf(chart)["Brain"]
    y = column(box, "Brain y")
    assert min(y) == 0.2 and max(y) == 1.0
    assert sorted(set(y)) == pytest.approx([0.2, 0.3, 0.4, 0.7, 1.0])
    x = column(box, "Brain x")
    assert (max(x) + min(x)) / 2 == pytest.approx(2), "Brain is the second structure"


def test_a_table_of_something_else_is_no_cohort(scene: Any, tmp_path: Path) -> None:
    from AutoContourRTCore.errors import InputError

    path = tmp_path / "other.csv"
    path.write_text("case,structure\na,b\n", encoding="utf-8")
    with pytest.raises(InputError, match="lacks the column 'state'"):
        Results.addCohort(scene, path, DEFAULT_LIMITS)
    path.write_text("case,structure,state,dice\na,Brain,compared,good\n", encoding="utf-8")
    with pytest.raises(InputError, match="no number"):
        Results.addCohort(scene, path, DEFAULT_LIMITS)
