"""What to review first: the order of the rows, and where a click leads."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
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


def test_the_contours_of_one_patient_are_never_seen_on_the_ct_of_another(
    segment: Callable[..., Any], ui: Any, masks: Any, ct: Any, loaded: Any, scene: Any,
    add_ct: Callable[..., Any], monkeypatch: pytest.MonkeyPatch,
) -> None:
    import slicer

    from AutoContourRTLib import Inspection

    def show(background: Any, fit: bool) -> None:
        composite.SetBackgroundVolumeID(background.GetID())

    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", "Red")
    views = SimpleNamespace(layoutManager=object)
    util = SimpleNamespace(getNodesByClass=slicer.util.getNodesByClass, setSliceViewerLayers=show)
    monkeypatch.setattr(Inspection, "slicer", SimpleNamespace(app=views, util=util))
    first, other = segment(masks), add_ct("Other CT")
    assert composite.GetBackgroundVolumeID() == ct.GetID()
    loaded.logic.getParameterNode().inputVolume = other
    second = segment(masks)
    assert composite.GetBackgroundVolumeID() == other.GetID()
    assert second.GetDisplayNode().GetVisibility() and not first.GetDisplayNode().GetVisibility()
    ui.resultSelector.setCurrentNode(first)
    assert composite.GetBackgroundVolumeID() == ct.GetID()
    assert first.GetDisplayNode().GetVisibility() and not second.GetDisplayNode().GetVisibility()
    composite.SetBackgroundVolumeID(None)
    composite.SetForegroundVolumeID(other.GetID())  # not seen: its opacity is 0
    ui.resultSelector.setCurrentNode(second)
    assert composite.GetBackgroundVolumeID() == other.GetID()
    composite.SetBackgroundVolumeID(other.GetID())
    composite.SetForegroundVolumeID(ct.GetID())
    composite.SetForegroundOpacity(0.5)  # fused by the user: left alone
    ui.resultSelector.setCurrentNode(first)
    assert composite.GetBackgroundVolumeID() == other.GetID()
    ui.resultSelector.setCurrentNode(second)
    yellow = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", "Yellow")
    yellow.SetBackgroundVolumeID(other.GetID())  # one view shows the other CT alone
    ui.resultSelector.setCurrentNode(first)
    assert composite.GetBackgroundVolumeID() == ct.GetID()


def test_what_was_drawn_after_all_is_no_longer_missing(
    segment: Callable[..., Any], ui: Any, masks: Any, loaded: Any
) -> None:
    node = segment(masks, {"Larynx": "not found", "Esophagus": "not found"})
    assert [row[1] for row in rows(ui)][2:] == ["Larynx", "Esophagus"]
    node.GetSegmentation().AddEmptySegment("own", "Larynx")
    loaded.widget.showContours()
    assert [row[1] for row in rows(ui)].count("Larynx") == 1
    assert "Larynx" not in ui.warningsLabel.text and "Esophagus" in ui.warningsLabel.text


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
