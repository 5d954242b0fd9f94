"""The subject hierarchy: patient, study, and what lies in them."""

from __future__ import annotations

from typing import Any

import slicer


def putBeside(node: Any, other: Any) -> None:
    """Put a node into the folder, study and patient of another one of the same scene."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    if hierarchy is None:
        return
    parent = hierarchy.GetItemParent(_item(hierarchy, other))
    hierarchy.SetItemParent(_item(hierarchy, node), parent)


def _item(hierarchy: Any, node: Any) -> int:
    """The item of a node; the application makes them by itself, without it they are made here."""
    item = hierarchy.GetItemByDataNode(node)
    return item or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
