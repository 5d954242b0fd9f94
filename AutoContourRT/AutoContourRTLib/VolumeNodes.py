"""Volume nodes: where their voxels lie (LPS, mm), and the voxels themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import vtk_to_numpy

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.scalars import plain_scalars
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib.Transforms import refuseNonlinear, toArray

#: RAS -> LPS and back.
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def checkVolume(volumeNode: Any) -> None:
    """Raise InputError for what cannot be contoured, in the order in which a user would mend it."""
    if volumeNode is None:
        raise InputError(_("No volume is chosen; load a CT and choose it."))
    name = volumeNode.GetName()
    isLabelMap = volumeNode.IsA("vtkMRMLLabelMapVolumeNode")
    if isLabelMap or not volumeNode.IsA("vtkMRMLScalarVolumeNode"):
        text = _("{name!r} is a label map or no volume at all; choose a CT.")
        raise InputError(text.format(name=name))
    image = volumeNode.GetImageData()
    scalars = None if image is None else image.GetPointData().GetScalars()
    if scalars is None or min(image.GetDimensions()) < 1:
        raise InputError(_("{name!r} holds no voxels; load it again.").format(name=name))
    if scalars.GetNumberOfComponents() != 1:
        text = _(
            "{name!r} has {n} values per voxel (colour, or several time points); choose a volume "
            "with one."
        )
        raise InputError(text.format(name=name, n=scalars.GetNumberOfComponents()))
    if volumeNode.GetScene() is None:
        text = _("{name!r} is in no scene (any more); load it again.")
        raise InputError(text.format(name=name))
    refuseNonlinear(volumeNode)
    geometryOfVolumeNode(volumeNode)


def geometryOfVolumeNode(volumeNode: Any) -> Geometry:
    """The grid of a volume node in its own space, without the transforms above it.

    Raises InputError, naming the volume, for sheared axes.
    """
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    extent = volumeNode.GetImageData().GetExtent()
    try:
        return geometryOf(toArray(matrix), extent)
    except InputError as error:
        raise InputError(f"{volumeNode.GetName()!r}: {error}") from error


def geometryOf(ijkToRas: np.ndarray, extent: Any) -> Geometry:
    """The grid of an image: its matrix (4, 4) and first and last index along i, j, k."""
    first, last = np.array(extent[0::2]), np.array(extent[1::2])
    lps = FLIP @ ijkToRas
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    if not np.all(np.isfinite(spacing)) or spacing.min() <= 0:
        text = _("The voxel spacing {spacing} mm is not positive; load it again.")
        raise InputError(text.format(spacing=tuple(spacing)))
    axes = (lps[:3, :3] / spacing).T[::-1]
    origin = lps[:3, :3] @ first + lps[:3, 3]
    shape = (last - first + 1)[::-1]
    return Geometry(
        tuple(shape), tuple(spacing[::-1]), tuple(origin), tuple(tuple(row) for row in axes)
    )


def ijkToRasOf(geometry: Geometry) -> np.ndarray:
    """Index i, j, k, 1 of a grid -> RAS mm; (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, :3] = geometry.step_vectors[::-1].T
    matrix[:3, 3] = geometry.origin
    return FLIP @ matrix


def toVtk(matrix: np.ndarray) -> Any:
    """An array (4, 4) as a vtkMatrix4x4."""
    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.asarray(matrix, dtype=float).ravel().tolist())
    return result


def voxels(volumeNode: Any) -> np.ndarray:
    """The voxels [k, j, i] of a volume node: a view, not a copy. Never write into it."""
    image = volumeNode.GetImageData()
    flat = vtk_to_numpy(image.GetPointData().GetScalars())
    view = flat.reshape(image.GetDimensions()[::-1])
    view.flags.writeable = False
    return view


def volumeFromNode(volumeNode: Any) -> Volume:
    """A copy of the voxels (int16 or float32) with their grid, in the node's own space.

    Raises InputError for what cannot be contoured, and for voxels that are not finite. Takes the
    event loop for as long as it lasts: for large volumes use VolumeHandover.
    """
    checkVolume(volumeNode)
    array = plain_scalars(np.array(voxels(volumeNode)), repr(volumeNode.GetName()))
    return Volume(array, geometryOfVolumeNode(volumeNode))
