"""How far each point lies outside (+) or inside (-) a contour: what a surface is coloured by."""

from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.borders import Border, surface_elements
from AutoContourRTCore.metrics.contours import Contour
from AutoContourRTCore.metrics.grids import Pair
from AutoContourRTCore.metrics.marching import CORNERS, surface_boxes

_NEIGHBOURS = 4


def signed_distances(points: np.ndarray, contour: Contour) -> np.ndarray:
    """Distance (mm) of LPS points (n, 3) to a contour's surface; positive outside, shape (n,).

    The surface is that of all measures, its elements taken as tiles: each square to the slope of
    the mask there, and as wide as its triangles. A point counts as
    inside where the mask, interpolated between voxel centres, is at least one half. Flat parts
    are exact, corners to about half a voxel. Raises InputError for an empty contour.
    """
    if contour.empty:
        raise InputError("There is no distance to an empty contour.")
    spacing = np.asarray(contour.grid.spacing)
    start = np.asarray(contour.start)
    index = contour.grid.to_kji(np.asarray(points, dtype=float)) - start
    elements = surface_elements(contour.mask, contour.mask)[0]
    distances = _to_tiles(index * spacing, elements, spacing)
    share = ndimage.map_coordinates(
        contour.mask.view(np.uint8), index.T, float, 1, mode="grid-constant", cval=0.0
    )
    return np.asarray(np.where(share >= 0.5, -distances, distances))


def signed_surface(pair: Pair) -> Tuple[np.ndarray, np.ndarray]:
    """Points of the test's surface (LPS mm, (n, 3)) and their signed distance to the reference.

    Raises InputError where the reference is empty; without points where the test is.
    """
    if not pair.a.any():
        raise InputError("There is no distance to an empty contour.")
    points = pair.to_lps(_centers(surface_elements(pair.b, pair.b)[0]))
    return points, signed_distances(points, Contour(pair.a, pair.start, pair.grid))


def _to_tiles(points: np.ndarray, elements: Border, spacing: np.ndarray) -> np.ndarray:
    """Distance (mm) of points (n, 3; mm along the array's axes) to the nearest of some elements.

    Of an offset from a tile's centre, the part along the tile counts only beyond its edge.
    """
    halves = surface_boxes()[1]
    tiles = _centers(elements) * spacing
    count = min(_NEIGHBOURS, len(tiles))
    near = cKDTree(tiles).query(points, k=count)[1].reshape(len(points), count)
    codes = elements.codes[near]
    offsets, normals = points[:, None] - tiles[near], _normals(spacing)[codes]
    along_normal = (offsets * normals).sum(axis=2)
    beside = offsets - along_normal[..., None] * normals
    beyond = np.maximum(np.abs(beside) - halves[codes] * spacing, 0.0)
    squares = along_normal**2 + (beyond**2).sum(axis=2)
    return np.asarray(np.sqrt(squares.min(axis=1)))


def _centers(elements: Border) -> np.ndarray:
    """Where the middles of surface elements lie, as voxel indices (n, 3)."""
    return np.asarray(elements.places - 0.5 + surface_boxes()[0][elements.codes])


def _normals(spacing: np.ndarray) -> np.ndarray:
    """The slope of the mask in each neighbourhood, as unit vectors; (256, 3).

    0 for neighbourhoods without a slope, such as two voxels that touch at a corner.
    """
    codes = np.arange(256)
    slopes = np.zeros((256, 3))
    for n, corner in enumerate(CORNERS):
        inside = (codes & (128 >> n)) > 0
        slopes += inside[:, None] * (2.0 * np.asarray(corner) - 1.0) / spacing
    lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
    return np.asarray(slopes / np.where(lengths > 0, lengths, 1.0))
