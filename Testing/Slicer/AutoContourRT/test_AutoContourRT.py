"""The panel, from the choice of a volume to a new segmentation."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest


def names(node: Any) -> List[str]:
    segmentation = node.GetSegmentation()
    return [segmentation.GetSegment(n).GetName() for n in segmentation.GetSegmentIDs()]


def masks_of(node: Any, ct: Any) -> Dict[str, np.ndarray]:
    from AutoContourRTLib.MrmlBridge import labelMapFromSegmentation

    return dict(labelMapFromSegmentation(node, ct).labelMap.masks)


def ticks(ui: Any) -> List[str]:
    from AutoContourRTLib.Tables import checkedKeys

    return checkedKeys(ui.structuresTable)


def untick(ui: Any, row: int) -> None:
    import qt

    ui.structuresTable.item(row, 0).setCheckState(qt.Qt.Unchecked)


def test_the_first_screen_says_what_the_model_covers_and_where_it_ends(
    ui: Any, loaded: Any
) -> None:
    from AutoContourRTLib.ModelText import validationText

    manifest = loaded.logic.store.manifest("head_neck_7")
    words = ui.modelSummaryLabel.text
    assert manifest.anatomy in words
    k, j, i = manifest.training_spacing_mm
    assert f"{k:g} mm along the patient, {j:g} x {i:g} mm across" in words
    assert all(html.escape(sentence) in words for sentence in manifest.known_failures)
    assert "Not a medical device" in ui.researchLabel.text
    assert ui.structuresTable.item(6, 0).text() == "Mandible (Bone_Mandible)"
    assert ui.structuresTable.item(6, 1).text() == validationText(manifest, "Bone_Mandible")
    assert ticks(ui) == list(manifest.structures)


def test_without_a_volume_the_button_is_off_and_says_why(ui: Any, add_ct: Any, loaded: Any) -> None:
    assert not ui.segmentButton.enabled
    assert "load a CT" in ui.noticeLabel.text
    loaded.logic.getParameterNode().inputVolume = add_ct()
    assert ui.segmentButton.enabled
    assert ui.noticeLabel.text == ""


def test_a_volume_that_was_there_before_the_panel_is_chosen(
    add_ct: Any, loaded: Any, ui: Any
) -> None:
    import slicer

    slicer.util.selectModule("Data")
    node = add_ct()
    slicer.util.selectModule("AutoContourRT")
    assert ui.inputSelector.currentNode() is node


def test_the_first_volume_that_comes_while_the_panel_is_open_is_chosen(
    add_ct: Any, ui: Any, wait: Any, scene: Any
) -> None:
    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    node = add_ct()
    wait(lambda: ui.inputSelector.currentNode() is node)
    assert ui.segmentButton.enabled
    add_ct("Another")
    slicer_turns(wait)
    assert ui.inputSelector.currentNode() is node


def slicer_turns(wait: Any, turns: int = 5) -> None:
    left = iter(range(turns))
    wait(lambda: next(left, None) is None)


def test_a_volume_without_voxels_is_refused_before_the_run(
    ui: Any, scene: Any, loaded: Any
) -> None:
    loaded.logic.getParameterNode().inputVolume = scene.AddNewNodeByClass(
        "vtkMRMLScalarVolumeNode", "Empty"
    )
    assert not ui.segmentButton.enabled
    assert "'Empty' holds no voxels" in ui.noticeLabel.text


def test_the_worker_is_asked_for_what_the_panel_shows(
    ui: Any, ct: Any, worker: Any, wait: Any, loaded: Any
) -> None:
    import slicer

    untick(ui, 0)
    ui.deviceComboBox.currentIndex = ui.deviceComboBox.findData("cpu")
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    roi.SetCenter(0, 0, 0)
    roi.SetSize(20, 40, 80)
    ui.roiSelector.setCurrentNode(roi)
    ui.segmentButton.click()
    wait(lambda: worker.requests)
    (request,) = worker.requests
    assert request.model == "head_neck_7" and request.device == "cpu"
    assert request.structures == loaded.logic.store.manifest("head_neck_7").structures[1:]
    assert request.roi == (3, 5, 2, 6, 0, 8)


def test_nothing_ticked_is_nothing_to_do(ui: Any, ct: Any) -> None:
    ui.tickNoneButton.click()
    assert ticks(ui) == [] and not ui.segmentButton.enabled
    assert "Tick at least one" in ui.noticeLabel.text
    ui.tickAllButton.click()
    assert len(ticks(ui)) == 7 and ui.segmentButton.enabled


def test_choices_are_kept_in_a_saved_scene(
    ui: Any, ct: Any, scene: Any, tmp_path: Path, slicer_app: Any
) -> None:
    from SlicerHarness import clearScene

    untick(ui, 2)
    ui.deviceComboBox.currentIndex = ui.deviceComboBox.findData("cpu")
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    clearScene()
    slicer_app.util.selectModule("Data")
    slicer_app.util.selectModule("AutoContourRT")
    assert len(ticks(ui)) == 7 and ui.inputSelector.currentNode() is None
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    slicer_app.util.selectModule("Data")
    slicer_app.util.selectModule("AutoContourRT")
    assert "Parotid_R" not in ticks(ui) and len(ticks(ui)) == 6
    assert ui.deviceComboBox.currentData == "cpu"
    assert ui.inputSelector.currentNode().GetName() == "CT"


def test_a_selector_that_changes_after_the_panel_was_left_changes_no_choice(
    ui: Any, ct: Any, loaded: Any, slicer_app: Any, add_ct: Any
) -> None:
    slicer_app.util.selectModule("Data")
    ui.inputSelector.setCurrentNode(add_ct("Another"))
    assert loaded.logic.getParameterNode().inputVolume is ct
    slicer_app.util.selectModule("AutoContourRT")
    assert ui.inputSelector.currentNode() is ct


def test_there_is_one_wrapper_of_a_parameter_node_and_a_new_one_for_a_new_node(
    loaded: Any, scene: Any, slicer_app: Any
) -> None:
    first = loaded.logic.getParameterNode()
    slicer_app.util.selectModule("Data")
    slicer_app.util.selectModule("AutoContourRT")
    scene.Clear(0)
    assert loaded.logic.getParameterNode() is first
    scene.RemoveNode(first.parameterNode)
    second = loaded.logic.getParameterNode()
    assert second is not first and second.parameterNode.GetScene() is scene


def test_progress_is_shown_as_the_worker_says_it(
    ui: Any, ct: Any, worker: Any, wait: Any, masks: Any, loaded: Any
) -> None:
    assert not ui.progressBar.isVisibleTo(loaded.panel)
    ui.segmentButton.click()
    assert not ui.segmentButton.enabled and ui.cancelButton.enabled
    wait(lambda: worker.requests)
    worker.progress(0.5, "window 3 of 6")
    assert ui.progressBar.isVisibleTo(loaded.panel)
    # The worker's share of the whole is 5 to 95 %.
    assert ui.progressBar.value == 500 and ui.progressBar.maximum == 1000
    assert ui.progressLabel.text == "Window 3 of 6"
    worker.finish(masks)
    wait(lambda: ui.segmentButton.enabled)
    assert not ui.cancelButton.enabled and not ui.progressBar.isVisibleTo(loaded.panel)
    assert "Structures contoured: 2" in ui.progressLabel.text


def test_a_run_makes_a_segmentation_that_is_shown_for_review(
    segment: Callable[..., Any], ui: Any, ct: Any, masks: Any
) -> None:
    assert ui.reviewCollapsibleButton.collapsed
    node = segment(masks, {"Larynx": "not found"}, ["The image has 8 slices only."])
    assert names(node) == ["Parotid_L", "Brainstem"]
    found = masks_of(node, ct)
    assert all(np.array_equal(found[name], mask) for name, mask in masks.items())
    assert not ui.reviewCollapsibleButton.collapsed
    assert ui.resultSelector.currentNode() is node
    assert "<b>The image has 8 slices only.</b>" in ui.warningsLabel.text


def test_a_second_run_leaves_what_was_edited_alone(
    segment: Callable[..., Any], ct: Any, masks: Any, ui: Any
) -> None:
    import slicer

    first = segment(masks)
    ui.editButton.click()
    editor = slicer.modules.SegmentEditorWidget.editor
    stroke = np.zeros_like(masks["Parotid_L"])
    stroke[7, 7, 7] = True
    editor.paint(stroke)
    slicer.util.selectModule("AutoContourRT")
    edited = masks_of(first, ct)
    second = segment(masks)
    assert second is not first and second.GetName() != first.GetName()
    assert edited["Parotid_L"][7, 7, 7]
    after = masks_of(first, ct)
    assert all(np.array_equal(after[name], mask) for name, mask in edited.items())
    assert not masks_of(second, ct)["Parotid_L"][7, 7, 7]


def test_cancel_leaves_the_scene_as_it_was(
    ui: Any, ct: Any, worker: Any, wait: Any, things: Callable[[], List[str]]
) -> None:
    before = things()
    ui.segmentButton.click()
    wait(lambda: worker.requests)
    ui.cancelButton.click()
    wait(lambda: ui.segmentButton.enabled)
    assert worker.cancelled == ["r0"]
    assert things() == before
    assert ui.progressLabel.text == "Cancelled; nothing was changed."


def test_cancel_before_the_worker_was_asked(ui: Any, ct: Any, worker: Any, wait: Any) -> None:
    ui.segmentButton.click()
    ui.cancelButton.click()
    wait(lambda: ui.segmentButton.enabled)
    assert not worker.requests


def test_a_failure_is_told_in_one_message_and_changes_nothing(
    ui: Any, ct: Any, worker: Any, wait: Any, things: Callable[[], List[str]]
) -> None:
    from SlicerHarness import messages

    before = things()
    ui.segmentButton.click()
    wait(lambda: worker.requests)
    worker.fail("The worker was killed from outside.")
    wait(lambda: ui.segmentButton.enabled)
    (message,) = messages()
    assert "The worker was killed from outside." in message.text
    assert things() == before


def test_a_run_that_cannot_begin_is_told_and_leaves_the_panel_ready(
    ui: Any, ct: Any, worker: Any, scene: Any
) -> None:
    from SlicerHarness import messages

    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Far away")
    roi.SetCenter(1000, 0, 0)
    roi.SetSize(10, 10, 10)
    ui.roiSelector.setCurrentNode(roi)
    ui.segmentButton.click()
    assert "'Far away' holds no voxel" in messages()[0].text
    assert ui.segmentButton.enabled and not ui.cancelButton.enabled and not worker.requests


def test_when_nothing_is_found_no_node_is_made(
    ui: Any, ct: Any, worker: Any, wait: Any, things: Callable[[], List[str]]
) -> None:
    before = things()
    ui.segmentButton.click()
    wait(lambda: worker.requests)
    worker.finish({}, {"Larynx": "not found; it may lie outside"}, ["It looks like a chest."])
    wait(lambda: ui.segmentButton.enabled)
    assert things() == before
    for words in ("None of the structures", "Larynx: not found", "It looks like a chest."):
        assert words in ui.progressLabel.text


def test_a_volume_removed_during_the_run_ends_it_with_the_reason(
    ui: Any, ct: Any, worker: Any, wait: Any, scene: Any
) -> None:
    ui.segmentButton.click()
    wait(lambda: worker.requests)
    scene.RemoveNode(ct)
    wait(lambda: not ui.cancelButton.enabled)
    assert "'CT' was removed" in ui.progressLabel.text
    assert not ui.segmentButton.enabled


def test_closing_the_scene_during_a_run_ends_it_and_another_can_begin(
    ui: Any, ct: Any, worker: Any, wait: Any, scene: Any, add_ct: Any, masks: Any, loaded: Any
) -> None:
    ui.segmentButton.click()
    wait(lambda: worker.requests)
    scene.Clear(0)
    wait(lambda: not ui.cancelButton.enabled)
    assert "The scene was closed" in ui.progressLabel.text
    assert scene.GetFirstNodeByClass("vtkMRMLSegmentationNode") is None
    loaded.logic.getParameterNode().inputVolume = add_ct("Another")
    ui.segmentButton.click()
    wait(lambda: len(worker.requests) == 2)
    worker.finish(masks)
    wait(lambda: ui.segmentButton.enabled)
    assert loaded.logic.getParameterNode().result.GetName() == "Another head_neck_7"


def test_the_result_comes_also_when_another_module_is_open(
    ui: Any, ct: Any, worker: Any, wait: Any, masks: Any
) -> None:
    import slicer

    ui.segmentButton.click()
    wait(lambda: worker.requests)
    slicer.util.selectModule("Data")
    worker.finish(masks)
    wait(lambda: slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode"))
    slicer.util.selectModule("AutoContourRT")
    assert ui.resultTable.rowCount == 2 and ui.segmentButton.enabled


def test_closing_the_panel_cancels_its_run(
    ui: Any, ct: Any, worker: Any, wait: Any, loaded: Any
) -> None:
    ui.segmentButton.click()
    wait(lambda: worker.requests)
    loaded.widget.cleanup()
    assert worker.cancelled == ["r0"]


def test_under_a_bent_transform_a_hardened_copy_is_offered(
    ui: Any, ct: Any, scene: Any, loaded: Any
) -> None:
    import slicer
    import vtk

    bent = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "Bent")
    field = vtk.vtkImageData()
    field.SetDimensions(4, 4, 4)
    field.SetSpacing(100, 100, 100)
    field.SetOrigin(-150, -150, -150)
    field.AllocateScalars(vtk.VTK_DOUBLE, 3)
    field.GetPointData().GetScalars().Fill(0)
    field.GetPointData().GetScalars().SetComponent(21, 2, 9.0)
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(field)
    bent.SetAndObserveTransformFromParent(transform)
    assert not ui.hardenButton.isVisibleTo(loaded.panel)
    ct.SetAndObserveTransformNodeID(bent.GetID())
    loaded.widget.updatePanel()
    assert not ui.segmentButton.enabled and "not linear" in ui.noticeLabel.text
    assert ui.hardenButton.isVisibleTo(loaded.panel)
    ui.hardenButton.click()
    copy = ui.inputSelector.currentNode()
    assert copy is not ct and copy.GetParentTransformNode() is None
    assert ct.GetParentTransformNode() is bent
    assert ui.segmentButton.enabled and not ui.hardenButton.isVisibleTo(loaded.panel)


def test_the_phantom_is_offered_as_sample_data_and_has_no_file(
    ui: Any, slicer_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import SampleData

    from AutoContourRTLib import SamplePhantom

    make = SamplePhantom.make_phantom
    monkeypatch.setattr(SamplePhantom, "make_phantom", lambda: make((10.0, 10.0, 10.0)))
    slicer_app.app.startupCompleted.emit()
    logic = SampleData.SampleDataLogic()
    source = next(s for s in reversed(logic.sampleDataSourcesByCategory("Auto Contour RT"))
                  if s.sampleName == "Head and neck phantom (CT)")  # fmt: skip
    (node,) = source.customDownloader(source)  # what the button does
    assert Path(source.thumbnailFileName).is_file()
    assert all(type(text) is str for text in (source.uris, source.fileNames, source.nodeNames))
    assert node.GetName() == "AutoContourRTPhantom" and node.GetStorageNode() is None
    volume, _ = make((10.0, 10.0, 10.0))
    assert np.array_equal(slicer_app.util.arrayFromVolume(node), volume.array)
    assert node.GetOrigin() == pytest.approx((248.0, 168.0, -190.0))
