"""slicer.app, slicer.util, files, subject hierarchy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import SlicerHarness


def test_starting_twice_gives_the_same_application(slicer_app: Any) -> None:
    import qt

    assert SlicerHarness.start() is slicer_app
    assert slicer_app.app is qt.QApplication.instance()
    assert slicer_app.app.applicationName == "Slicer"
    assert Path(slicer_app.app.temporaryPath).is_dir()


def test_volumes_are_written_and_read(
    slicer_app: Any, scene: Any, volume: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "Größe.nrrd")
    assert slicer_app.util.saveNode(volume, path)
    again = slicer_app.util.loadVolume(path, {"name": "again"})
    assert again.GetName() == "again" and again.GetSpacing() == (3, 3, 4)
    assert np.array_equal(slicer_app.util.arrayFromVolume(again),
                          slicer_app.util.arrayFromVolume(volume))


def test_segmentations_are_written_and_read(
    slicer_app: Any, volume: Any, segmentation: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "organs.seg.nrrd")
    assert slicer_app.util.saveNode(segmentation, path)
    again = slicer_app.util.loadSegmentation(path)
    for segmentID in ("L", "R"):
        pair = [slicer_app.util.arrayFromSegmentBinaryLabelmap(node, segmentID, volume)
                for node in (segmentation, again)]
        assert np.array_equal(*pair) and pair[0].any()


def test_a_file_that_is_not_there_raises(slicer_app: Any, scene: Any, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nothing.nrrd"):
        slicer_app.util.loadVolume(str(tmp_path / "nothing.nrrd"))


def test_a_scene_keeps_nodes_references_and_folders(
    slicer_app: Any, scene: Any, volume: Any, segmentation: Any, tmp_path: Path
) -> None:
    hierarchy = slicer_app.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Doe")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(segmentation), patient)
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    again = slicer_app.util.getNode("organs")
    hierarchy = slicer_app.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(again))
    assert hierarchy.GetItemName(parent) == "Doe"
    assert hierarchy.GetItemByDataNode(slicer_app.util.getNode("CT"))


def test_data_nodes_have_an_item_in_the_hierarchy_while_they_live(
    slicer_app: Any, scene: Any
) -> None:
    hierarchy = slicer_app.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    item = hierarchy.GetItemByDataNode(node)
    assert hierarchy.GetItemName(item) == "CT"
    scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "parameters")
    assert hierarchy.GetNumberOfItems() == 1
    scene.RemoveNode(node)
    assert hierarchy.GetNumberOfItems() == 0


def test_a_scene_saved_without_hierarchy_gets_its_items_on_reading(
    slicer_app: Any, scene: Any, volume: Any, tmp_path: Path
) -> None:
    scene.RemoveNode(slicer_app.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene))
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    hierarchy = slicer_app.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.GetItemByDataNode(slicer_app.util.getNode("CT"))
    assert item and hierarchy.GetItemName(item) == "CT"


def test_clearing_leaves_no_trace_of_a_test(slicer_app: Any, scene: Any) -> None:
    before = scene.GetNumberOfNodes()
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "parameters")
    node.SetSingletonTag("parameters")
    scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    SlicerHarness.clearScene()
    assert scene.GetNumberOfNodes() == before and scene is slicer_app.mrmlScene


def test_clearing_mends_a_scene_that_lost_its_singletons(slicer_app: Any, scene: Any) -> None:
    scene.Clear(1)
    SlicerHarness.clearScene()
    volume = slicer_app.util.addVolumeFromArray(np.arange(60.0).reshape(3, 4, 5))
    assert volume.GetDisplayNode().GetColorNode() is not None
    assert SlicerHarness.sliceView(volume).sliceView().array((64, 64)).any()


def test_core_modules_have_their_real_logics(slicer_app: Any) -> None:
    logic = slicer_app.util.getModuleLogic("Segmentations")
    assert logic is slicer_app.modules.segmentations.logic()
    assert logic.IsA("vtkSlicerSegmentationsModuleLogic")
    with pytest.raises(RuntimeError, match="NoSuchModule"):
        slicer_app.util.getModule("NoSuchModule")
