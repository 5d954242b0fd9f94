"""The review of a result: volumes, ticks, the Segment Editor, 3D; also after a reload."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from metrics_panel import emit
from review_table import paint_far_away, rows, tick


def status(node: Any, row: int) -> str:
    from AutoContourRTLib.MrmlBridge import segmentStatus

    return str(segmentStatus(node, node.GetSegmentation().GetNthSegmentID(row)))


def is_ticked(ui: Any, row: int) -> bool:
    from AutoContourRTLib.Tables import isChecked

    return isChecked(ui.resultTable.item(row, 0))


def test_volumes_are_shown_and_an_unusual_one_is_pointed_at(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    segment(masks, {"Larynx": "not found"})
    parotid, brainstem, larynx = rows(ui)
    assert parotid[1:] == ["Parotid_L", "20.0", "", ""]
    assert brainstem[1:3] == ["Brainstem", "2.0"]
    assert brainstem[4] == "Small: usually 12 to 45 ml"
    assert larynx[1:] == ["Larynx", "", "", "Not contoured"]
    assert ui.warningsLabel.text == "Not contoured: Larynx, not found"


def test_a_large_volume_is_pointed_at(segment: Callable[..., Any], ui: Any, masks: Any) -> None:
    segment({"Parotid_L": np.ones_like(masks["Parotid_L"])})
    assert rows(ui)[0][2] == "512.0" and "Large: usually" in rows(ui)[0][4]


def test_what_a_person_ticks_is_completed_and_counted(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    node = segment(masks, {"Larynx": "not found"})
    assert [status(node, 0), status(node, 1)] == ["flagged", "flagged"]
    assert ui.reviewedLabel.text == "0 of 2 reviewed"
    tick(ui, 1)
    assert [status(node, 0), status(node, 1)] == ["flagged", "completed"]
    assert ui.reviewedLabel.text == "1 of 2 reviewed"
    tick(ui, 1, False)
    assert status(node, 1) == "flagged" and ui.reviewedLabel.text == "0 of 2 reviewed"


def test_a_structure_that_was_not_found_cannot_be_ticked(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    import qt

    segment(masks, {"Larynx": "not found"})
    item = ui.resultTable.item(2, 0)
    assert not item.flags() & qt.Qt.ItemIsEnabled
    assert item.data(qt.Qt.CheckStateRole) is None


def test_editing_one_structure_leaves_its_neighbour_alone(
    segment: Callable[..., Any], ui: Any, ct: Any, masks: Any
) -> None:
    import slicer

    from AutoContourRTLib.MrmlBridge import labelMapFromSegmentation

    node = segment(masks)
    ui.resultTable.setCurrentCell(1, 1)
    ui.editButton.click()
    widget = slicer.modules.SegmentEditorWidget
    assert slicer.util.selectedModule() == "SegmentEditor"
    assert widget.editor.segmentationNode() is node
    assert widget.editor.sourceVolumeNode() is ct
    assert widget.editor.currentSegmentID() == node.GetSegmentation().GetNthSegmentID(1)
    assert widget.parameterSetNode.GetOverwriteMode() == widget.parameterSetNode.OverwriteNone
    widget.editor.paint(np.ones_like(masks["Brainstem"]))
    now = labelMapFromSegmentation(node, ct).labelMap.masks
    assert now["Brainstem"].all()
    assert np.array_equal(now["Parotid_L"], masks["Parotid_L"])


def test_what_was_edited_elsewhere_is_shown_on_return(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    import slicer

    segment(masks)
    ui.resultTable.setCurrentCell(1, 1)
    ui.editButton.click()
    slicer.modules.SegmentEditorWidget.editor.paint(np.ones_like(masks["Brainstem"]))
    slicer.util.selectModule("AutoContourRT")
    assert rows(ui)[1][2] == "512.0"


EDITED = "Edited after review; review again"


def test_an_edit_after_the_review_takes_the_tick_away_and_says_so(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    node = segment(masks)
    tick(ui, 0)
    tick(ui, 1)
    paint_far_away(ui, 0)
    assert [status(node, 0), status(node, 1)] == ["flagged", "completed"]
    assert not is_ticked(ui, 0) and is_ticked(ui, 1)
    assert ui.reviewedLabel.text == "1 of 2 reviewed"
    assert [row[4] for row in rows(ui)] == [EDITED, "Small: usually 12 to 45 ml"]
    paint_far_away(ui, 1)
    assert rows(ui)[1][4] == f"{EDITED}. Small: usually 12 to 45 ml"


def test_ticked_again_it_is_reviewed_as_it_is_now(
    segment: Callable[..., Any], ui: Any, masks: Any, slicer_app: Any
) -> None:
    node = segment(masks)
    tick(ui, 0)
    paint_far_away(ui, 0)
    tick(ui, 0)
    assert rows(ui)[0][4] == "" and ui.reviewedLabel.text == "1 of 2 reviewed"
    slicer_app.util.selectModule("Data")
    slicer_app.util.selectModule("AutoContourRT")
    assert is_ticked(ui, 0) and status(node, 0) == "completed" and rows(ui)[0][4] == ""


def test_an_edit_before_the_review_is_no_reason_to_review_again(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    segment(masks)
    paint_far_away(ui, 0)
    assert rows(ui)[0][4] == ""
    tick(ui, 0)
    paint_far_away(ui, 1)
    assert is_ticked(ui, 0)


def test_what_was_completed_in_the_segment_editor_is_withdrawn_by_a_later_edit(
    segment: Callable[..., Any], ui: Any, masks: Any, slicer_app: Any
) -> None:
    from AutoContourRTLib.MrmlBridge import setSegmentStatus

    node = segment(masks)
    slicer_app.util.selectModule("Data")
    setSegmentStatus(node, node.GetSegmentation().GetNthSegmentID(0), "completed")
    slicer_app.util.selectModule("AutoContourRT")
    assert is_ticked(ui, 0)
    paint_far_away(ui, 0)
    assert not is_ticked(ui, 0) and rows(ui)[0][4] == EDITED


def test_an_edit_is_seen_also_in_a_reloaded_scene(
    segment: Callable[..., Any], ui: Any, masks: Any, tmp_path: Path, slicer_app: Any
) -> None:
    segment(masks)
    tick(ui, 0)
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    assert is_ticked(ui, 0)
    paint_far_away(ui, 0)
    assert not is_ticked(ui, 0) and rows(ui)[0][4] == EDITED


def test_the_review_opens_on_a_reloaded_scene_with_contours(
    segment: Callable[..., Any], ui: Any, masks: Any, tmp_path: Path, slicer_app: Any
) -> None:
    assert ui.reviewCollapsibleButton.collapsed
    node = segment(masks)
    assert not ui.reviewCollapsibleButton.collapsed
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer_app.mrmlScene.Clear(0)
    ui.reviewCollapsibleButton.collapsed = True
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    assert not ui.reviewCollapsibleButton.collapsed
    assert ui.resultSelector.currentNode() is not node and len(rows(ui)) == 2
    assert ui.inputSelector.currentNode().GetName() == "CT"
    assert ui.segmentButton.enabled


def test_a_section_that_the_user_closed_stays_closed(
    segment: Callable[..., Any], ui: Any, masks: Any, slicer_app: Any
) -> None:
    segment(masks)
    ui.reviewCollapsibleButton.collapsed = True
    slicer_app.util.selectModule("Data")
    slicer_app.util.selectModule("AutoContourRT")
    assert ui.reviewCollapsibleButton.collapsed


def test_contours_of_ours_are_found_where_the_panel_knows_of_none(
    segment: Callable[..., Any], ui: Any, masks: Any, loaded: Any, slicer_app: Any
) -> None:
    node = segment(masks)
    slicer_app.util.selectModule("Data")
    loaded.logic.getParameterNode().result = None
    by_hand = slicer_app.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "By hand")
    slicer_app.util.selectModule("AutoContourRT")
    assert ui.resultSelector.currentNode() is node is not by_hand


@pytest.mark.parametrize("width", [360, 800])
def test_the_columns_fill_the_table_also_when_it_is_shown_again(
    segment: Callable[..., Any], ui: Any, masks: Any, loaded: Any, width: int, slicer_app: Any
) -> None:
    table = ui.resultTable
    loaded.panel.resize(width, 900)
    loaded.panel.show()
    segment({"Parotid_L": masks["Parotid_L"]})
    emit(table, "cellClicked", 0, 1)
    for _ in range(2):
        slicer_app.util.selectModule("Data")
        slicer_app.util.selectModule("AutoContourRT")
        slicer_app.app.processEvents()
        assert sum(table.columnWidth(n) for n in range(5)) == table.viewport().width
        assert table.columnWidth(4) > 0.2 * table.viewport().width


def test_surfaces_are_made_on_demand_and_taken_away(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    node = segment(masks)
    segmentation = node.GetSegmentation()
    assert not segmentation.ContainsRepresentation("Closed surface")
    ui.show3DButton.click()
    assert segmentation.ContainsRepresentation("Closed surface")
    assert node.GetDisplayNode().GetVisibility3D()
    ui.show3DButton.click()
    assert not segmentation.ContainsRepresentation("Closed surface")


def test_a_click_on_a_row_centres_the_slice_views(
    segment: Callable[..., Any], ui: Any, masks: Any, scene: Any
) -> None:
    import qt
    from PySide6.QtTest import QTest

    node = segment(masks)
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    view.SetLayoutName("Red")
    place = ui.resultTable.visualItemRect(ui.resultTable.item(0, 1)).center()
    QTest.mouseClick(ui.resultTable.viewport(), qt.Qt.LeftButton, qt.Qt.KeyboardModifiers(0), place)
    center = node.GetSegmentCenterRAS(node.GetSegmentation().GetNthSegmentID(0))
    matrix = view.GetSliceToRAS()
    assert [matrix.GetElement(n, 3) for n in range(3)] == pytest.approx(list(center))


def test_a_segmentation_of_other_origin_can_be_reviewed_too(ui: Any, ct: Any, scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "By hand")
    node.CreateDefaultDisplayNodes()
    node.GetSegmentation().AddEmptySegment("a", "Something of ours")
    ui.resultSelector.setCurrentNode(node)
    assert [row[1] for row in rows(ui)] == ["Something of ours"]
    assert ui.reviewedLabel.text == "0 of 1 reviewed"
    ui.resultSelector.setCurrentNode(None)
    assert rows(ui) == [] and not ui.editButton.enabled


def test_a_removed_result_leaves_an_empty_review(
    segment: Callable[..., Any], ui: Any, masks: Any, scene: Any
) -> None:
    from AutoContourRTLib.MrmlBridge import removeSegmentation

    removeSegmentation(segment(masks))
    assert rows(ui) == [] and ui.reviewedLabel.text == ""


def test_a_saved_scene_keeps_segments_review_terminology_and_report(
    segment: Callable[..., Any], ui: Any, masks: Any, ct: Any, tmp_path: Path, slicer_app: Any
) -> None:
    import vtk

    from AutoContourRTCore.anatomy.catalogue import find
    from AutoContourRTLib.MrmlBridge import labelMapFromSegmentation
    from SlicerHarness import clearScene

    absent = {"Larynx": 'not found; "it" may lie: outside\n& <beyond> 100 %'}
    segment(masks, absent, ["Slices lie 10 mm apart; look; twice."])
    tick(ui, 0)
    before = rows(ui)
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    clearScene()
    slicer_app.util.selectModule("Data")
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    slicer_app.util.selectModule("AutoContourRT")
    assert rows(ui) == before
    assert ui.reviewedLabel.text == "1 of 2 reviewed"
    assert "<b>Slices lie 10 mm apart; look; twice.</b>" in ui.warningsLabel.text
    assert html.escape(absent["Larynx"]) in ui.warningsLabel.text
    node = ui.resultSelector.currentNode()
    terminology = vtk.reference("")
    node.GetSegmentation().GetNthSegment(0).GetTag("TerminologyEntry", terminology)
    assert str(terminology) == find("Parotid_L").terminology
    found = labelMapFromSegmentation(node, ui.inputSelector.currentNode()).labelMap.masks
    assert all(np.array_equal(found[name], mask) for name, mask in masks.items())
    assert status(node, 0) == "completed" and status(node, 1) == "flagged"
