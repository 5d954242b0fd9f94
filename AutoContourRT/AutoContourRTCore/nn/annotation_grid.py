"""Annotations, drawn on an image's own grid, on the grid that the network works on."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import SimpleITK as sitk

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.resample import to_sitk

_UNKNOWN, _OUTSIDE, _INSIDE = 0, 1, 2


def to_grid(
    truth: np.ndarray, known: np.ndarray, source: Geometry, grid: Geometry
) -> Tuple[np.ndarray, np.ndarray]:
    """Truth and known (bool [k, j, i] each) of a source grid on another grid.

    A stroke may be thinner than the network's voxels and must not be lost: each known source voxel
    has a vote in the voxel that holds its centre. A voxel with votes is known, and inside where at
    least half of them say so; one without takes what the nearest source voxel says. Where a source
    voxel is not known, its truth is never looked at.
    """
    inside, all_votes = _votes(truth, known, source, grid)
    voted = all_votes > 0
    nearest = _nearest(truth, known, source, grid)
    truth_there = np.where(voted, 2 * inside >= all_votes, nearest == _INSIDE)
    known_there = voted | (nearest != _UNKNOWN)
    return truth_there & known_there, known_there


def _votes(
    truth: np.ndarray, known: np.ndarray, source: Geometry, grid: Geometry
) -> Tuple[np.ndarray, np.ndarray]:
    """How many known source voxels each voxel of the grid holds: inside ones, and all."""
    size = int(np.prod(grid.shape))
    inside, total = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int32)
    for k in np.flatnonzero(known.any(axis=(1, 2))):  # slice by slice: little memory
        j, i = np.nonzero(known[k])
        points = source.to_lps(np.stack([np.full(len(j), k), j, i], axis=1))
        index = np.floor(grid.to_kji(points) + 0.5).astype(np.int64)
        within = ((index >= 0) & (index < grid.shape)).all(axis=1)
        flat = np.ravel_multi_index(tuple(index[within].T), grid.shape)
        np.add.at(total, flat, 1)
        np.add.at(inside, flat[truth[k, j, i][within]], 1)
    return inside.reshape(grid.shape), total.reshape(grid.shape)


def _nearest(
    truth: np.ndarray, known: np.ndarray, source: Geometry, grid: Geometry
) -> np.ndarray:
    """What the nearest source voxel says, uint8; _UNKNOWN outside the source."""
    said = np.where(known, np.where(truth, _INSIDE, _OUTSIDE), _UNKNOWN).astype(np.uint8)
    moved = sitk.Resample(
        to_sitk(said, source),
        tuple(reversed(grid.shape)),
        sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkNearestNeighbor,
        grid.origin,
        tuple(reversed(grid.spacing)),
        tuple(np.asarray(grid.axes)[::-1].T.ravel()),
        float(_UNKNOWN),
    )
    return sitk.GetArrayFromImage(moved)
