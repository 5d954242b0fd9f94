"""The result: sorted, judged, looked at, saved, and found again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from AutoContourRTCore.metrics.inputs.csv_files import read_csv
from metrics_panel import click, column, emit
from MetricsModuleLib import DistanceSurface, KeptTable, WorstPlace


def test_a_click_goes_to_the_worst_place_and_colours_the_surface(
    scene: Any, compared: Any
) -> None:
    click(compared, "Parotid_L")
    marker = WorstPlace.marker(scene)
    assert marker.GetNthControlPointLabel(0) == "Parotid_L: 3.0 mm"
    assert DistanceSurface.modelNode(scene).GetName() == "Signed distance: Parotid_L"
    for part in ("largest distance 3.00 mm", "Tolerance 2.85 mm", "1 x 1 x 2 mm", "as stored"):
        assert part in compared.ui.rowLabel.text
    click(compared, "Eye_R")
    assert "missing in test" in compared.ui.rowLabel.text
    assert DistanceSurface.modelNode(scene) is None and marker.GetNumberOfControlPoints() == 0


def test_unticked_boxes_leave_the_views_alone(scene: Any, compared: Any, test: Any) -> None:
    ids = list(test.GetSegmentation().GetSegmentIDs())
    ui = compared.ui
    ui.twoColorsCheckBox.checked = ui.surfaceCheckBox.checked = False
    click(compared, "Brain")
    assert all(test.GetDisplayNode().GetSegmentVisibility(each) for each in ids)
    assert DistanceSurface.modelNode(scene) is None
    ui.surfaceCheckBox.checked = ui.twoColorsCheckBox.checked = True
    assert DistanceSurface.modelNode(scene) is not None
    shown = [test.GetDisplayNode().GetSegmentVisibility(each) for each in ids]
    assert shown == [False, True, False]


def test_leaving_the_module_gives_the_views_back(slicer_app: Any, compared: Any, test: Any) -> None:
    click(compared, "Brain")
    slicer_app.util.selectModule("Data")
    ids = test.GetSegmentation().GetSegmentIDs()
    assert all(test.GetDisplayNode().GetSegmentVisibility(each) for each in ids)
    slicer_app.util.selectModule("MetricsModule")
    assert column(compared, 1)[0] == "Parotid_L"


def test_figures_of_contours_that_have_changed_since_say_so(
    compared: Any, test: Any, removeVoxel: Any
) -> None:
    click(compared, "Parotid_L")
    assert "Compare again" not in compared.ui.rowLabel.text
    removeVoxel(test)
    click(compared, "Parotid_L")
    assert "Compare again: The contours of 'Observer 2'" in compared.ui.rowLabel.text


def test_a_result_outlives_its_segmentations(scene: Any, compared: Any, test: Any) -> None:
    scene.RemoveNode(test)
    click(compared, "Parotid_L")
    assert "no longer in the scene" in compared.ui.rowLabel.text
    assert WorstPlace.marker(scene).GetNumberOfControlPoints() == 1


def test_a_title_sorts_and_sorts_the_other_way(compared: Any) -> None:
    header = compared.ui.resultTable.horizontalHeader()
    dice = [compared.ui.resultTable.horizontalHeaderItem(n).text() for n in range(8)].index("Dice")
    emit(header, "sectionClicked", dice)
    assert column(compared, 1)[0] == "Eye_R" and column(compared, 1)[-1] == "Larynx"
    emit(header, "sectionClicked", dice)
    assert column(compared, 1) == ["Brain", "Parotid_L", "Eye_R", "PTV", "Larynx"]
    click(compared, "Parotid_L")
    assert compared.ui.rowLabel.text.startswith("Parotid_L")


def test_new_limits_judge_anew(compared: Any) -> None:
    from AutoContourRTCore.metrics.compare.limits import Limit, Limits

    compared.onLimits(Limits({"*": (Limit("hd95_mm", 3.0, 4.0),)}))
    assert column(compared, 2)[:2] == ["pass", "pass"]
    assert [cells["verdict"] for cells in KeptTable.rowsOf(compared.result.node)][0] == "pass"
    table = compared.ui.limitsTable
    table.item(0, 2).setText("2")
    assert column(compared, 2)[:2] == ["borderline", "pass"]
    table.item(0, 2).setText("five")
    assert "must be numbers" in compared.ui.limitsLabel.text
    assert column(compared, 2)[0] == "borderline"


def test_the_table_is_saved_as_the_command_writes_it(
    compared: Any, worker: Any, labels: Any, tmp_path: Path
) -> None:
    from AutoContourRTCore.metrics.compare.comparison import compare
    from SlicerHarness import answer

    answer(str(tmp_path / "table.csv"))
    compared.ui.saveButton.click()
    saved = read_csv(tmp_path / "table.csv", ())
    found = compare(*labels)
    for cells, row in zip(saved, found.rows):
        wanted = row.cells(found.columns)
        assert {name: cells[name] for name in wanted} == wanted
    assert set(saved[0]) - set(found.columns) > {"verdict", "software", "time", "user"}


def test_copy_puts_the_whole_table_into_the_clipboard(slicer_app: Any, compared: Any) -> None:
    compared.ui.copyButton.click()
    text = slicer_app.app.clipboard().text()
    assert text.startswith("case\tstructure\t") and "Lt Parotid" in text


def test_plots_come_one_after_the_other(slicer_app: Any, compared: Any) -> None:
    selection = slicer_app.app.applicationLogic().GetSelectionNode()
    titles = []
    for _ in range(3):
        compared.ui.plotsButton.click()
        chart = slicer_app.mrmlScene.GetNodeByID(selection.GetActivePlotChartID())
        titles.append(chart.GetTitle())
    assert titles[0] == titles[2] != titles[1]


def test_all_columns_are_in_the_table_view_at_the_first_click(
    slicer_app: Any, compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts = slicer_app.vtkMRMLLayoutLogic()  # makes the views of a layout, as the application
    layouts.SetMRMLScene(slicer_app.mrmlScene)
    manager = SimpleNamespace(setLayout=layouts.GetLayoutNode().SetViewArrangement)
    monkeypatch.setattr(slicer_app.app, "_layoutManager", manager)
    compared.ui.tableButton.click()
    selection = slicer_app.app.applicationLogic().GetSelectionNode()
    assert selection.GetActiveTableID() == compared.result.node.GetID()
    views = slicer_app.util.getNodesByClass("vtkMRMLTableViewNode")
    layouts.SetMRMLScene(None)
    assert [view.GetTableNodeID() for view in views] == [compared.result.node.GetID()]


def test_a_saved_scene_brings_the_result_back(
    slicer_app: Any, compared: Any, tmp_path: Path
) -> None:
    before = KeptTable.rowsOf(compared.result.node)
    slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer_app.mrmlScene.Clear()
    assert compared.ui.resultTable.rowCount == 0
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    assert KeptTable.rowsOf(compared.result.node) == before
    click(compared, "Parotid_L")
    assert "largest distance 3.00 mm" in compared.ui.rowLabel.text
    assert "Compare again" not in compared.ui.rowLabel.text
