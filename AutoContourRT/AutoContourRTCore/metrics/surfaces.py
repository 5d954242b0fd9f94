"""Surfaces of masks, and the distances between two of them, computed once for all measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np
from scipy.spatial import cKDTree

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.borders import Border, surface_elements, surface_voxels
from AutoContourRTCore.metrics.marching import surface_areas
from AutoContourRTCore.volumes.boxes import cropped_pair

Triple = Tuple[float, float, float]


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances between the surfaces of two masks a and b (Nikolov 2021).

    a_to_b: for each surface element of a the distance (mm) to the nearest one of b, ascending.
    area_a: the elements' areas (mm^2), place_a: their places (n, 3) as voxel indices k, j, i
    (halves: elements lie between voxels), in the same order. b_to_a, area_b, place_b: the other
    way. spacing: mm along the axes of the masks. An empty mask has no elements; the distances of
    the other one are then infinite.
    """

    a_to_b: np.ndarray
    area_a: np.ndarray
    place_a: np.ndarray
    b_to_a: np.ndarray
    area_b: np.ndarray
    place_b: np.ndarray
    spacing: Triple


def surface_distances(a: np.ndarray, b: np.ndarray, spacing: Sequence[float]) -> SurfaceDistances:
    """Distances between the surfaces of two masks (bool [k, j, i]; spacing in mm, same order).

    Surface elements lie on a raster shifted by half a voxel: one for each neighbourhood of 2x2x2
    voxels that is neither empty nor full. Beyond the edge of the volume nothing is inside, so an
    object that is cut there is closed. Places count from the corner of the box around both masks:
    cut the masks first (boxes.cropped_pair) where places matter. Raises InputError for masks of
    different or not three dimensions, and for a spacing that is not positive.
    """
    mm = _spacing(spacing)
    borders = surface_elements(*cropped_pair(a, b))
    return _with_areas(borders, mm)


def voxel_distances(
    a: np.ndarray, b: np.ndarray, spacing: Sequence[float]
) -> Tuple[np.ndarray, np.ndarray]:
    """Distances (mm) of each surface voxel of a to the nearest one of b, and the other way.

    A surface voxel lies inside and has at least one of its six face neighbours outside; beyond
    the edge of the volume all is outside. Masks, spacing and errors as in surface_distances.
    """
    mm = _spacing(spacing)
    return _distances(*surface_voxels(*cropped_pair(a, b)), mm)


def _spacing(spacing: Sequence[float]) -> Triple:
    """Three positive lengths in mm; else InputError."""
    mm = tuple(float(value) for value in spacing)
    if len(mm) != 3 or not all(0 < value < np.inf for value in mm):
        raise InputError(f"The spacing {mm} must be three positive lengths in mm (k, j, i).")
    return mm[0], mm[1], mm[2]


def _with_areas(borders: Tuple[Border, Border], spacing: Triple) -> SurfaceDistances:
    areas = surface_areas(spacing)
    a_to_b, b_to_a = _distances(*borders, spacing)
    return SurfaceDistances(
        *_ascending(a_to_b, borders[0], areas), *_ascending(b_to_a, borders[1], areas), spacing
    )


def _ascending(
    distances: np.ndarray, border: Border, areas: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances, areas and places of surface elements, the nearest first."""
    order = np.argsort(distances, kind="stable")
    return distances[order], areas[border.codes[order]], border.places[order] - 0.5


def _distances(a: Border, b: Border, spacing: Triple) -> Tuple[np.ndarray, np.ndarray]:
    """Distances (mm) of each border point of a to the nearest one of b, and the other way."""
    return (_nearest(a, b.places, spacing), _nearest(b, a.places, spacing))


def _nearest(border: Border, targets: np.ndarray, spacing: Triple) -> np.ndarray:
    """Distances (mm) of border points to the nearest target (m, 3).

    Points that are targets themselves have the distance 0. A search tree over the targets finds
    the same neighbours as a distance transform of the whole box, in a tenth of the time. The
    distance is then computed from whole numbers of steps, rounded as a distance transform rounds
    it, so that comparisons with a tolerance come out alike.
    """
    distances = np.zeros(len(border.places))
    if not len(targets):
        distances[:] = np.inf
    elif not border.shared.all():
        away = border.places[~border.shared]
        tree = cKDTree(targets * spacing, balanced_tree=False, compact_nodes=False)
        _, nearest = tree.query(away * spacing)
        k, j, i = ((targets[nearest] - away) * spacing).T
        distances[~border.shared] = np.sqrt(k * k + j * j + i * i)
    return distances
