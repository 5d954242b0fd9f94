"""A markups ROI as a box of voxels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Optional, Tuple

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.Transforms import between, toArray
from AutoContourRTLib.VolumeNodes import FLIP, geometryOfVolumeNode, ijkToRasOf, toVtk

Bounds = Tuple[int, int, int, int, int, int]
_EDGE = 1e-6  # voxels: rounding of a box whose face was set on a voxel's centre


@dataclass(frozen=True)
class VoxelBox:
    """bounds: i0 i1 j0 j1 k0 k1, half-open; note: what the user should know, "" for nothing."""

    bounds: Bounds
    note: str = ""


def voxelBox(roiNode: Any, volumeNode: Any) -> VoxelBox:
    """The voxels of a volume whose centres lie in the box of an ROI node, faces included.

    ROI and volume may each lie under linear transforms, and the ROI may be turned: then the voxel
    box is the smallest one around it. Raises InputError for an ROI without a box, and for one that
    holds no voxel of the volume.
    """
    geometry = geometryOfVolumeNode(volumeNode)
    corners = _corners(roiNode)
    lps = (FLIP @ between(roiNode, volumeNode) @ corners)[:3].T
    index = geometry.to_kji(lps)
    size = np.array(geometry.shape)
    low = np.ceil(index.min(axis=0) - _EDGE).astype(int)
    high = np.floor(index.max(axis=0) + _EDGE).astype(int) + 1
    start, stop = np.maximum(low, 0), np.minimum(high, size)
    if np.any(start >= stop):
        text = _(
            "The box {box!r} holds no voxel of {volume!r}: it lies outside of it, or is too thin. "
            "Move or enlarge it."
        )
        raise InputError(text.format(box=roiNode.GetName(), volume=volumeNode.GetName()))
    notes = []
    if not _isStraight(index):
        notes.append(_("The box is turned against the volume; a straight box around it is used."))
    if np.any(low < 0) or np.any(high > size):
        notes.append(_("The box reaches outside the volume; its part inside is used."))
    bounds = [int(n) for axis in (2, 1, 0) for n in (start[axis], stop[axis])]
    return VoxelBox(tuple(bounds), " ".join(notes))  # type: ignore[arg-type]


def placeBox(roiNode: Any, volumeNode: Any, bounds: Optional[Bounds] = None) -> None:
    """Put an ROI along a volume's axes, around a box of voxels; None: its middle half."""
    geometry = geometryOfVolumeNode(volumeNode)
    size = np.array(geometry.shape[::-1], dtype=float)  # i, j, k, as the box
    if bounds is None:
        low, high = size / 4.0, size * 3.0 / 4.0
    else:
        low, high = np.array(bounds[0::2], dtype=float), np.array(bounds[1::2], dtype=float)
    matrix, spacing = ijkToRasOf(geometry), np.array(geometry.spacing[::-1])
    pose = np.eye(4)
    pose[:3, :3] = matrix[:3, :3] / spacing
    pose[:3, 3] = (matrix @ np.array([*((low + high - 1) / 2.0), 1.0]))[:3]
    roiNode.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    roiNode.SetSize(*((high - low) * spacing).tolist())
    roiNode.SetAndObserveObjectToNodeMatrix(toVtk(pose))


def _corners(roiNode: Any) -> np.ndarray:
    """The eight corners in RAS of the ROI's own space, homogeneous, (4, 8)."""
    size = np.array(roiNode.GetSize(), dtype=float)
    if roiNode.GetNumberOfControlPoints() < 1 or not np.all(size > 0):
        text = _("The box {box!r} is not placed; draw it around the region.")
        raise InputError(text.format(box=roiNode.GetName()))
    toNode = toArray(roiNode.GetObjectToNodeMatrix())
    points = [(*(np.array(signs) * size / 2), 1.0) for signs in product((-1, 1), repeat=3)]
    return toNode @ np.array(points).T


def _isStraight(index: np.ndarray) -> bool:
    """Whether a box with these corners, k, j, i, has its edges along the axes."""
    edges = index[[1, 2, 4]] - index[0]
    return bool(np.all(np.sum(np.abs(edges) > 1e-3 * np.abs(edges).max(), axis=1) == 1))
