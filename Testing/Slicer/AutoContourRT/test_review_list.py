"""What to review first: the order of the rows, and where a click leads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

import pytest

from metrics_panel import emit
from review_table import paint_far_away, rows, tick

DOUBTS = {"Parotid_L": (1.04, (-30.0, -20.0, 10.0)), "Brainstem": (2.26, (5.0, 15.0, -25.0))}


def test_what_the_model_was_most_in_doubt_of_comes_first(
    segment: Callable[..., Any], ui: Any, masks: Any
) -> None:
    segment(masks, {"Larynx": "not found"}, doubts=DOUBTS)
    assert [row[1] for row in rows(ui)] == ["Brainstem", "Parotid_L", "Larynx"]
    assert [row[3] for row in rows(ui)] == ["2.3", "1.0", ""]
    assert "not what it was sure of and got wrong" in ui.resultTable.item(0, 3).toolTip()


def test_a_click_leads_to_the_most_doubtful_spot_until_the_contour_is_edited(
    segment: Callable[..., Any], ui: Any, masks: Any, scene: Any
) -> None:
    node = segment(masks, doubts=DOUBTS)
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    view.SetLayoutName("Red")

    def shown(row: int) -> List[float]:
        emit(ui.resultTable, "cellClicked", row, 1)
        return [view.GetSliceToRAS().GetElement(n, 3) for n in range(3)]

    assert shown(0) == pytest.approx([-5.0, -15.0, -25.0])  # LPS 5, 15, -25
    assert shown(1) == pytest.approx([30.0, 20.0, 10.0])
    paint_far_away(ui, 0)
    center = node.GetSegmentCenterRAS(node.GetSegmentation().GetSegmentIdBySegmentName("Brainstem"))
    assert shown(0) == pytest.approx(list(center))


def test_a_tick_leaves_the_views_where_they_are(
    segment: Callable[..., Any], ui: Any, masks: Any, scene: Any
) -> None:
    segment(masks, doubts=DOUBTS)
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    view.SetLayoutName("Red")
    emit(ui.resultTable, "cellClicked", 0, 0)
    assert [view.GetSliceToRAS().GetElement(n, 3) for n in range(3)] == [0.0, 0.0, 0.0]


def test_only_the_contours_under_review_are_seen(
    segment: Callable[..., Any], ui: Any, masks: Any, scene: Any
) -> None:
    by_hand = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Of another volume")
    by_hand.CreateDefaultDisplayNodes()
    first, second = segment(masks), segment(masks)

    def seen() -> List[bool]:
        return [bool(n.GetDisplayNode().GetVisibility()) for n in (first, second, by_hand)]

    assert seen() == [False, True, True]
    ui.resultSelector.setCurrentNode(first)
    assert seen() == [True, False, True]
    first.GetDisplayNode().SetVisibility(False)  # the user's own wish stays
    tick(ui, 0)
    assert seen() == [False, False, True]


def test_doubts_follow_the_transform_of_the_volume_and_come_back_with_the_scene(
    segment: Callable[..., Any], ui: Any, masks: Any, tmp_path: Path, slicer_app: Any
) -> None:
    import vtk

    from AutoContourRTLib.Doubts import lookAtWorld

    node = segment(masks, doubts=DOUBTS)
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(0, 3, 100.0)
    transform = slicer_app.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(shift)
    node.SetAndObserveTransformNodeID(transform.GetID())
    segmentId = node.GetSegmentation().GetSegmentIdBySegmentName("Parotid_L")
    assert lookAtWorld(node, segmentId) == pytest.approx((130.0, 20.0, 10.0))
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    again = ui.resultSelector.currentNode()
    assert again is not node and lookAtWorld(again, segmentId) == pytest.approx((130.0, 20.0, 10.0))
    assert [row[3] for row in rows(ui)] == ["2.3", "1.0"]
