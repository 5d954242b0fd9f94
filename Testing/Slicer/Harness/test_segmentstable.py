"""The table of segments and the segment selector."""

from __future__ import annotations

from typing import Any, List

import pytest

NAME, STATUS, VISIBILITY, COLOR = 3, 4, 0, 1


@pytest.fixture()
def view(slicer_app: Any, scene: Any, segmentation: Any) -> Any:
    widget = slicer_app.qMRMLSegmentsTableView()
    widget.setMRMLScene(scene)
    widget.setSegmentationNode(segmentation)
    return widget


def texts(view: Any, column: int) -> List[str]:
    table = view.tableWidget()
    return [table.item(row, column).text() for row in range(table.rowCount)]


def test_names_statuses_and_visibility_follow_the_node(
    view: Any, segmentation: Any, slicer_app: Any
) -> None:
    import qt

    logic = slicer_app.vtkSlicerSegmentationsModuleLogic
    logic.SetSegmentStatus(segmentation.GetSegmentation().GetSegment("L"), logic.Flagged)
    segmentation.GetSegmentation().GetSegment("R").SetName("Parotid_R_new")
    segmentation.GetDisplayNode().SetSegmentVisibility("R", False)
    assert texts(view, NAME) == ["Parotid_L", "Parotid_R_new"]
    assert texts(view, STATUS)[0] == "Flagged"
    table = view.tableWidget()
    assert table.item(0, VISIBILITY).checkState() == qt.Qt.Checked
    assert table.item(1, VISIBILITY).checkState() == qt.Qt.Unchecked
    segmentation.GetSegmentation().RemoveSegment("L")
    assert view.displayedSegmentIDs() == ["R"]


def test_ticking_and_renaming_reach_the_node(view: Any, segmentation: Any) -> None:
    import qt

    view.tableWidget().item(0, VISIBILITY).setCheckState(qt.Qt.Unchecked)
    assert not segmentation.GetDisplayNode().GetSegmentVisibility("L")
    view.tableWidget().item(1, NAME).setText("SpinalCord")
    assert segmentation.GetSegmentation().GetSegment("R").GetName() == "SpinalCord"


def test_the_selection_survives_changes_and_is_signalled(view: Any, segmentation: Any) -> None:
    heard: List[Any] = []
    view.connect("selectionChanged(QItemSelection,QItemSelection)", lambda: heard.append(1))
    view.setSelectedSegmentIDs(["R"])
    segmentation.GetSegmentation().GetSegment("L").SetName("other")
    assert view.selectedSegmentIDs() == ["R"] and heard == [1]
    view.tableWidget().selectRow(0)
    assert view.selectedSegmentIDs() == ["L"] and len(heard) >= 2
    view.clearSelection()
    assert view.selectedSegmentIDs() == []


def test_the_selection_stays_on_its_segment_when_rows_move(view: Any, segmentation: Any) -> None:
    view.setSelectedSegmentIDs(["R"])
    segmentation.GetSegmentation().RemoveSegment("L")
    assert view.selectedSegmentIDs() == ["R"]


def test_filter_and_hidden_segments(view: Any) -> None:
    view.setTextFilter("_r")
    assert view.displayedSegmentIDs() == ["R"]
    view.setTextFilter("")
    view.setHideSegments(["R"])
    assert view.displayedSegmentIDs() == ["L"]


def test_a_removed_segmentation_empties_the_table(
    view: Any, scene: Any, segmentation: Any
) -> None:
    scene.RemoveNode(segmentation)
    assert view.segmentationNode() is None and view.segmentCount() == 0


def test_the_selector_offers_the_segments_of_its_node(
    slicer_app: Any, scene: Any, segmentation: Any
) -> None:
    selector = slicer_app.qMRMLSegmentSelectorWidget()
    heard: List[str] = []
    selector.connect("currentSegmentChanged(QString)", heard.append)
    selector.setMRMLScene(scene)
    selector.setCurrentNode(segmentation)
    selector.setCurrentSegmentID("R")
    assert selector.currentNode() is segmentation and selector.currentSegmentID() == "R"
    assert heard == ["L", "R"]
    segmentation.GetSegmentation().RemoveSegment("R")
    assert selector.currentSegmentID() == "L"
    scene.RemoveNode(segmentation)
    assert selector.currentSegmentID() == ""
    selector.setMRMLScene(None)
