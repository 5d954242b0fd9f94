"""Surfaces of masks, and the distances between two of them, computed once for all measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.boxes import cropped_pair
from AutoContourRTCore.metrics.marching import FULL, surface_areas

Triple = Tuple[float, float, float]


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances between the surfaces of two masks a and b (Nikolov 2021).

    a_to_b: for each surface element of a the distance (mm) to the nearest one of b, ascending;
    area_a: the elements' areas (mm^2) in the same order. b_to_a, area_b: the other way.
    spacing: mm along the axes of the masks. An empty mask has no elements; the distances of the
    other one are then infinite.
    """

    a_to_b: np.ndarray
    area_a: np.ndarray
    b_to_a: np.ndarray
    area_b: np.ndarray
    spacing: Triple


def surface_distances(a: np.ndarray, b: np.ndarray, spacing: Sequence[float]) -> SurfaceDistances:
    """Distances between the surfaces of two masks (bool [k, j, i]; spacing in mm, same order).

    Surface elements lie on a raster shifted by half a voxel: one for each neighbourhood of 2x2x2
    voxels that is neither empty nor full. Beyond the edge of the volume nothing is inside, so an
    object that is cut there is closed. Raises InputError for masks of different or not three
    dimensions, and for a spacing that is not positive.
    """
    mm = _spacing(spacing)
    masks = cropped_pair(a, b)
    codes = [_neighbourhood_codes(mask) for mask in masks]
    borders = [(code != 0) & (code != FULL) for code in codes]
    areas = surface_areas(mm)
    a_to_b, b_to_a = _distances(borders[0], borders[1], mm)
    a_to_b, area_a = _ascending(a_to_b, areas[codes[0][borders[0]]])
    b_to_a, area_b = _ascending(b_to_a, areas[codes[1][borders[1]]])
    return SurfaceDistances(a_to_b, area_a, b_to_a, area_b, mm)


def voxel_distances(
    a: np.ndarray, b: np.ndarray, spacing: Sequence[float]
) -> Tuple[np.ndarray, np.ndarray]:
    """Distances (mm) of each surface voxel of a to the nearest one of b, and the other way.

    A surface voxel lies inside and has at least one of its six face neighbours outside; beyond
    the edge of the volume all is outside. Masks, spacing and errors as in surface_distances.
    """
    mm = _spacing(spacing)
    masks = cropped_pair(a, b)
    shells = [mask & ~ndimage.binary_erosion(mask) for mask in masks]
    return _distances(shells[0], shells[1], mm)


def _spacing(spacing: Sequence[float]) -> Triple:
    mm = tuple(float(value) for value in spacing)
    if len(mm) != 3 or not all(0 < value < np.inf for value in mm):
        raise InputError(f"The spacing {mm} must be three positive lengths in mm (k, j, i).")
    return mm[0], mm[1], mm[2]


def _neighbourhood_codes(mask: np.ndarray) -> np.ndarray:
    """The code (uint8) of every 2x2x2 neighbourhood; one longer than the mask along each axis.

    The bits are those of marching.CORNERS: one axis after another is doubled up.
    """
    code = np.pad(mask.view(np.uint8), 1)
    code = 2 * code[:, :, :-1] + code[:, :, 1:]
    code = 4 * code[:, :-1] + code[:, 1:]
    full: np.ndarray = 16 * code[:-1] + code[1:]
    return full


def _distances(a: np.ndarray, b: np.ndarray, spacing: Triple) -> Tuple[np.ndarray, np.ndarray]:
    """For each True of a the distance to the nearest True of b, and the other way."""
    points_a, points_b = np.argwhere(a), np.argwhere(b)
    return (
        _nearest(points_a, b[a], points_b, spacing),
        _nearest(points_b, a[b], points_a, spacing),
    )


def _nearest(
    points: np.ndarray, shared: np.ndarray, targets: np.ndarray, spacing: Triple
) -> np.ndarray:
    """Distances (mm) of raster points (n, 3) to the nearest target (m, 3).

    shared: the points that are targets themselves; their distance is 0. A search tree over the
    targets finds the same neighbours as a distance transform of the whole box, in a tenth of the
    time. The distance is then computed from whole numbers of steps, rounded as a distance
    transform rounds it, so that comparisons with a tolerance come out alike.
    """
    distances = np.zeros(len(points))
    if not len(targets):
        distances[:] = np.inf
    elif not shared.all():
        away = points[~shared]
        tree = cKDTree(targets * spacing, balanced_tree=False, compact_nodes=False)
        _, nearest = tree.query(away * spacing)
        k, j, i = ((targets[nearest] - away) * spacing).T
        distances[~shared] = np.sqrt(k * k + j * j + i * i)
    return distances


def _ascending(distances: np.ndarray, areas: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((areas, distances))
    return distances[order], areas[order]
