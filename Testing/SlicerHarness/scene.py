"""A scene as the application makes it: default nodes, subject hierarchy items, file caches."""

from __future__ import annotations

import colorsys
import os
from typing import Any

import slicer
import vtk

#: Nodes that tests must not find again; scene.Clear keeps singletons.
LEFT_OVER = ("vtkMRMLScriptedModuleNode", "vtkMRMLSegmentEditorNode")


def makeScene(applicationLogic: Any) -> Any:
    """A new scene with everything that the application's start adds to it."""
    scene = slicer.vtkMRMLScene()
    cache = slicer.vtkCacheManager()
    os.makedirs(slicer.app.cachePath, exist_ok=True)
    cache.SetRemoteCacheDirectory(slicer.app.cachePath)
    scene.SetCacheManager(cache)
    files = slicer.vtkDataIOManager()
    files.SetCacheManager(cache)
    scene.SetDataIOManager(files)
    applicationLogic.SetMRMLScene(scene)
    _addDefaults(scene)
    return scene


def addGenericColors(scene: Any) -> None:
    """The colours of label maps, which the application reads from a file that is not shipped."""
    node = slicer.vtkMRMLColorTableNode()
    node.SetTypeToUser()
    node.SetName("GenericColors")
    node.SetNumberOfColors(256)
    node.SetColor(0, "background", 0, 0, 0, 0)
    for index in range(1, 256):
        color = colorsys.hsv_to_rgb(index * 0.618 % 1, 0.6, 0.9)
        node.SetColor(index, f"region {index}", *color, 1)
    node.SetSingletonTag("FileGenericColors.txt")
    node.SaveWithSceneOff()
    scene.AddNode(node)


def attachHierarchy(scene: Any) -> None:
    """Data nodes get an item in the subject hierarchy as they come and lose it as they go."""
    scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, _onNodeAdded)
    scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, _onNodeRemoved)
    scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, _onEndImport)


def _addDefaults(scene: Any) -> None:
    for name in ("vtkMRMLCrosshairNode", "vtkMRMLLayoutNode"):
        if scene.GetFirstNodeByClass(name) is None:
            node = getattr(slicer, name)()
            if name == "vtkMRMLCrosshairNode":
                node.SetCrosshairName("default")
                node.SetSingletonTag("default")
            scene.AddNode(node)
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def clearScene() -> None:
    """As after the start: no module entered, no data, no parameter nodes; the same scene object."""
    slicer.app.mainWindow.moduleSelector().leave()
    scene = slicer.mrmlScene
    scene.Clear(0)
    for name in LEFT_OVER:
        for node in slicer.util.getNodesByClass(name):
            scene.RemoveNode(node)
    _addDefaults(scene)
    if scene.GetNodeByID("vtkMRMLColorTableNodeGrey") is None:  # after scene.Clear(1)
        slicer.modules.colors.logic().AddDefaultColorNodes()
        addGenericColors(scene)
        slicer.app._layoutManager = None


def _belongsIntoHierarchy(node: Any) -> bool:
    """Data that a user handles: shown in editors, and stored or displayed."""
    data = ("vtkMRMLDisplayableNode", "vtkMRMLTableNode", "vtkMRMLTextNode",
            "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode")
    never = ("vtkMRMLCameraNode", "vtkMRMLSliceNode", "vtkMRMLAbstractViewNode")
    return (not node.GetHideFromEditors() and any(node.IsA(name) for name in data)
            and not any(node.IsA(name) for name in never))


@vtk.calldata_type(vtk.VTK_OBJECT)
def _onNodeAdded(scene: Any, event: Any, node: Any) -> None:
    if not scene.IsImporting() and _belongsIntoHierarchy(node):
        _addItem(scene, node)


def _addItem(scene: Any, node: Any) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if not hierarchy.GetItemByDataNode(node):
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


@vtk.calldata_type(vtk.VTK_OBJECT)
def _onNodeRemoved(scene: Any, event: Any, node: Any) -> None:
    if scene.IsClosing() or not _belongsIntoHierarchy(node):
        return
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.RemoveItem(item, False, False)


def _onEndImport(scene: Any, event: Any) -> None:
    """Nodes of a scene saved without a hierarchy get their items now."""
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        if _belongsIntoHierarchy(node):
            _addItem(scene, node)
