"""qMRMLNodeComboBox follows the scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

VOLUME, LABELMAP = "vtkMRMLScalarVolumeNode", "vtkMRMLLabelMapVolumeNode"


@pytest.fixture()
def selector(slicer_app: Any, scene: Any) -> Any:
    widget = slicer_app.qMRMLNodeComboBox()
    widget.nodeTypes = [VOLUME]
    widget.noneEnabled = True
    widget.setMRMLScene(scene)
    yield widget
    widget.setMRMLScene(None)


def names(selector: Any) -> List[str]:
    return [selector.nodeFromIndex(i).GetName() for i in range(selector.nodeCount())]


def test_lists_nodes_that_come_go_and_are_renamed(selector: Any, scene: Any) -> None:
    first = scene.AddNewNodeByClass(VOLUME, "CT")
    second = scene.AddNewNodeByClass(VOLUME, "CT")
    scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "organs")
    assert names(selector) == ["CT", "CT"] and selector.currentNode() is None
    selector.setCurrentNode(second)
    renamed: List[str] = []
    selector.connect("currentNodeRenamed(QString)", renamed.append)
    second.SetName("CT late")
    assert renamed == ["CT late"] and names(selector) == ["CT", "CT late"]
    scene.RemoveNode(first)
    assert selector.currentNode() is second and names(selector) == ["CT late"]


def test_the_removed_current_node_is_given_up_with_a_signal(selector: Any, scene: Any) -> None:
    node = scene.AddNewNodeByClass(VOLUME, "CT")
    selector.setCurrentNode(node)
    heard: List[Any] = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    selector.connect("currentNodeChanged(bool)", heard.append)
    scene.RemoveNode(node)
    assert heard == [None, False] and selector.currentNode() is None


def test_qt_takes_the_neighbour_of_a_current_node_that_is_removed(
    selector: Any, scene: Any
) -> None:
    first, second, third = (scene.AddNewNodeByClass(VOLUME, name) for name in "ABC")
    selector.setCurrentNode(second)
    scene.RemoveNode(second)
    assert selector.currentNode() is third
    scene.RemoveNode(third)
    assert selector.currentNode() is first


def test_without_none_the_first_node_is_current(selector: Any, scene: Any) -> None:
    selector.noneEnabled = False
    assert selector.currentNode() is None
    node = scene.AddNewNodeByClass(VOLUME, "CT")
    assert selector.currentNode() is node and selector.currentNodeID == node.GetID()
    selector.setCurrentNode(None)
    assert selector.currentNode() is node


def test_derived_classes_are_listed_unless_refused(selector: Any, scene: Any) -> None:
    scene.AddNewNodeByClass(LABELMAP, "labels")
    assert names(selector) == ["labels"]
    selector.showChildNodeTypes = False
    assert names(selector) == []


def test_hidden_nodes_and_nodes_without_the_attribute_are_left_out(
    selector: Any, scene: Any
) -> None:
    hidden = scene.AddNewNodeByClass(VOLUME, "hidden")
    hidden.SetHideFromEditors(True)
    marked = scene.AddNewNodeByClass(VOLUME, "marked")
    marked.SetAttribute("planning", "1")
    scene.AddNewNodeByClass(VOLUME, "plain")
    selector.addAttribute(VOLUME, "planning", "1")
    assert names(selector) == ["marked"]


def test_closing_and_reading_a_scene_is_followed(
    selector: Any, scene: Any, slicer_app: Any, tmp_path: Path
) -> None:
    import numpy as np

    slicer_app.util.addVolumeFromArray(np.zeros((3, 4, 5), np.int16), name="CT")
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert names(selector) == []
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    assert names(selector) == ["CT"]


def test_a_node_added_by_the_user_becomes_current(selector: Any, scene: Any) -> None:
    selector.baseName = "Plan"
    heard: List[Any] = []
    selector.connect("nodeAddedByUser(vtkMRMLNode*)", heard.append)
    node = selector.addNode()
    assert node.GetName() == "Plan" and selector.currentNode() is node and heard == [node]


def test_what_the_c_plus_plus_class_has_not_cannot_be_set(selector: Any) -> None:
    with pytest.raises(AttributeError, match="noneEnable"):
        selector.noneEnable = True
