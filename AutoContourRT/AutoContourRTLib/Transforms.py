"""Parent transforms: linear ones are followed, others are refused or hardened into a copy."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError


def toArray(matrix: Any) -> np.ndarray:
    """A vtkMatrix4x4 as an array (4, 4)."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def hasNonlinearTransform(node: Any) -> bool:
    """Whether a grid, B-spline or other bent transform lies above a node, however far up."""
    parent = node.GetParentTransformNode()
    return parent is not None and not parent.IsTransformToWorldLinear()


def toWorld(node: Any) -> np.ndarray:
    """RAS of a node's own space -> RAS of the world, (4, 4).

    Raises InputError under a transform that is not linear.
    """
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    refuseNonlinear(node)
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return toArray(matrix)


def refuseNonlinear(node: Any) -> None:
    """Raise InputError for a node under a transform that is not linear."""
    if hasNonlinearTransform(node):
        text = _(
            "{name!r} lies under the transform {transform!r}, which is not linear (DICOM import "
            "makes such ones for tilted or unevenly spaced slices). Use a hardened copy, on a "
            "straight grid, or harden the transform in the module Transforms."
        )
        transform = node.GetParentTransformNode().GetName()
        raise InputError(text.format(name=node.GetName(), transform=transform))


def between(fromNode: Any, toNode: Optional[Any]) -> np.ndarray:
    """RAS of one node's own space -> RAS of another's, (4, 4); None stands for the world.

    Two nodes under the very same transform need none, whatever its kind. Raises InputError for
    transforms that are not linear, or that cannot be inverted.
    """
    if toNode is not None and fromNode.GetParentTransformNode() is toNode.GetParentTransformNode():
        return np.eye(4)
    there = np.eye(4) if toNode is None else toWorld(toNode)
    try:
        return np.linalg.inv(there) @ toWorld(fromNode)
    except np.linalg.LinAlgError as error:
        text = _("The transform above {name!r} flattens space; remove it.")
        raise InputError(text.format(name=toNode.GetName())) from error


def hardenedCopy(volumeNode: Any) -> Any:
    """A new volume node in world space, on a straight grid with no transform above it.

    Slicer interpolates linearly. The volume itself is left alone. Raises InputError when Slicer
    cannot harden it; then nothing is added.
    """
    scene = volumeNode.GetScene()
    name = scene.GetUniqueNameByString(_("{name} hardened").format(name=volumeNode.GetName()))
    copy = slicer.vtkSlicerVolumesLogic.CloneVolume(scene, volumeNode, name)
    copy.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    if not copy.HardenTransform() or copy.GetParentTransformNode() is not None:
        scene.RemoveNode(copy)
        text = _(
            "The transform of {name!r} cannot be hardened; resample the volume with the module "
            "Resample Image (BRAINS) first."
        )
        raise InputError(text.format(name=volumeNode.GetName()))
    return copy
