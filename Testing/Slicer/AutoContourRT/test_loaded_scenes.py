"""What was chosen is still chosen in a scene that is loaded, and never exchanged for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable


def test_while_a_scene_is_loaded_the_choice_is_kept_whatever_the_selectors_show(
    ui: Any, ct: Any, loaded: Any, scene: Any, tmp_path: Path, slicer_app: Any
) -> None:
    result = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Reviewed")
    loaded.logic.getParameterNode().result = result
    scene.StartState(scene.ImportState)
    for selector in (ui.inputSelector, ui.resultSelector):
        selector.setCurrentNode(None)
    scene.EndState(scene.ImportState)
    kept = loaded.logic.getParameterNode()
    assert kept.inputVolume is ct and kept.result is result
    assert ui.inputSelector.currentNode() is ct and ui.resultSelector.currentNode() is result
    assert loaded.widget.review.node is result and loaded.widget.export.node is result


def test_a_scene_that_is_loaded_brings_its_choice_along(
    ui: Any, ct: Any, loaded: Any, scene: Any, tmp_path: Path, slicer_app: Any
) -> None:
    """The module was open before, so that its wrapper is there when the nodes are not yet."""
    box = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Neck")
    loaded.logic.getParameterNode().roi = box
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert loaded.logic.getParameterNode().inputVolume is None
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    kept = loaded.logic.getParameterNode()
    assert kept.inputVolume.GetName() == ct.GetName() and kept.roi.GetName() == "Neck"
    assert ui.inputSelector.currentNode() is kept.inputVolume
    assert ui.segmentButton.enabled


def test_what_is_taken_out_of_the_scene_is_not_exchanged_for_its_neighbour(
    ui: Any, ct: Any, add_ct: Callable[..., Any], loaded: Any, scene: Any
) -> None:
    other, last = add_ct("CT of another day"), add_ct("Dose")
    boxes = [scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name) for name in ("Neck", "Chest")]
    parameters = loaded.logic.getParameterNode()
    parameters.inputVolume, parameters.roi = other, boxes[0]
    scene.RemoveNode(other)
    assert parameters.inputVolume is None and ui.inputSelector.currentNode() is None
    assert not ui.segmentButton.enabled
    scene.RemoveNode(boxes[0])
    assert parameters.roi is None and ui.roiSelector.currentNode() is None
    last.SetAttribute("DicomRtImport.DoseVolume", "1")
    loaded.widget.chooseVolume()
    assert parameters.inputVolume is ct
    parameters.inputVolume = None
    scene.RemoveNode(ct)
    loaded.widget.chooseVolume()
    assert parameters.inputVolume is None, "a dose is no CT"


def test_another_volume_that_goes_changes_no_choice(
    ui: Any, ct: Any, add_ct: Callable[..., Any], loaded: Any, scene: Any
) -> None:
    last, parameters = add_ct("Another"), loaded.logic.getParameterNode()
    scene.RemoveNode(last)
    assert parameters.inputVolume is ct and ui.inputSelector.currentNode() is ct


def test_a_model_that_is_not_here_is_not_exchanged_for_the_first_one(
    ui: Any, ct: Any, loaded: Any
) -> None:
    """As in a scene that was made on another computer."""
    parameters = loaded.logic.getParameterNode()
    here = ui.modelComboBox.currentData
    assert ui.segmentButton.enabled
    parameters.model = "heart_2"
    assert "'heart_2'" in ui.noticeLabel.text and not ui.segmentButton.enabled
    assert "'heart_2'" in ui.modelSummaryLabel.text and ui.structuresTable.rowCount == 0
    ui.deviceComboBox.currentIndex = ui.deviceComboBox.findData("cpu")
    assert parameters.model == "heart_2" and parameters.device == "cpu"
    ui.modelComboBox.currentIndex = 0
    assert parameters.model == here and ui.segmentButton.enabled


def test_a_clone_of_contours_is_hidden_and_edited_on_their_volume(
    ui: Any, ct: Any, segment: Callable[..., Any], masks: Any, scene: Any
) -> None:
    """A clone of the Data module keeps attributes and segments, and has no volume."""
    import slicer

    from AutoContourRTLib import Inspection

    node = segment(masks)
    clone = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Copy")
    clone.CreateDefaultDisplayNodes()
    clone.GetSegmentation().DeepCopy(node.GetSegmentation())
    for name in list(node.GetAttributeNames()):
        clone.SetAttribute(name, node.GetAttribute(name))
    Inspection.showAlone(node)
    assert node.GetDisplayNode().GetVisibility() and not clone.GetDisplayNode().GetVisibility()
    editor = Inspection.prepareEditor(clone)
    assert isinstance(editor, slicer.vtkMRMLSegmentEditorNode)
    assert editor.GetSourceVolumeNode() is ct
