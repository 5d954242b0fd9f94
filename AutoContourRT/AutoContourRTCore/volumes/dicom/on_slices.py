"""Masks on any grid -> the planes of the slices of the CT series they belong to.

Where a mask has voxels in the plane of a slice (the whole grid, a crop of it, a finer one) these
are taken as they are. Between two of its planes the outline is interpolated; a grid that is turned
against the slices is sampled on the slice's pixels.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.boxes import box_of
from AutoContourRTCore.volumes.dicom.outlines import outlines
from AutoContourRTCore.volumes.dicom.planes import between
from AutoContourRTCore.volumes.dicom.polygons import fill
from AutoContourRTCore.volumes.dicom.series import Series
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import resample_mask

#: Planes nearer than this share of the slice distance are one plane.
SAME_PLANE = 0.02
_PARALLEL = 1e-7  # 1 - cos of the angle: 0.03 degrees
#: Voxels by which a structure may reach over the edge of the CT: rounding, not another patient.
_MARGIN = 1.0


class _Part(NamedTuple):
    """The part of a mask that is not empty, with an empty rim of one voxel, and its grid."""

    mask: np.ndarray
    grid: Geometry


class _Plane(NamedTuple):
    """Pixels (j, i), their grid, and the place (k) of the plane in it."""

    pixels: np.ndarray
    grid: Geometry
    k: float


def contours_on(mask: np.ndarray, geometry: Geometry, series: Series) -> List[List[np.ndarray]]:
    """For each slice of a series the closed polygons of a mask: (n, 3) LPS mm, in its plane."""
    part = _part(mask, geometry)
    planes = [_plane(part, series, index) for index in range(len(series.slices))]
    return [_polygons(plane) if plane else [] for plane in planes]


def masks_on(mask: np.ndarray, geometry: Geometry, series: Series) -> np.ndarray:
    """A mask on the pixels of each slice of a series; bool (slice, j, i)."""
    found = np.zeros((len(series.slices), *series.first.size), bool)
    part = _part(mask, geometry)
    for index in range(len(found)):
        plane = _plane(part, series, index)
        if plane is not None:
            found[index] = _on_pixels(plane, series.plane(index))
    return found


def check_inside(labelmap: LabelMap, series: Series) -> None:
    """Raise InputError for a structure that reaches outside the CT: it belongs to another one."""
    for name, mask in labelmap.masks.items():
        part = _part(mask, labelmap.geometry)
        if part is None:
            continue
        over = _outside(part.grid.corners(-1), series)
        if over > 0:
            raise InputError(
                f"{name} reaches {over:.1f} mm outside the CT of {series.where}; give the CT that "
                "the contours were drawn on."
            )


def _outside(points: np.ndarray, series: Series) -> float:
    """By how many mm points (n, 3) LPS lie outside a series, beyond the margin; 0 for inside."""
    offsets = (points - series.positions[0]) @ series.axes.T
    shifts, heights = series.shifts, series.heights
    step = float(np.diff(heights).max()) if len(heights) > 1 else series.plane(0).spacing[0]
    spacing = np.array([step, *series.first.spacing])
    low = np.array([0.0, *shifts.min(axis=0)]) - _MARGIN * spacing
    high = np.array([heights[-1], *shifts.max(axis=0)]) + _MARGIN * spacing
    high[1:] += (np.asarray(series.first.size) - 1) * spacing[1:]
    return max(0.0, float(np.maximum(low - offsets, offsets - high).max()))


def _part(mask: np.ndarray, geometry: Geometry) -> Optional[_Part]:
    """What is in a mask; None for an empty one."""
    box = box_of(mask)
    if box is None:
        return None
    rim = geometry.cropped([part.start - 1 for part in box], [part.stop + 1 for part in box])
    return _Part(np.pad(mask[box], 1), rim)


def _plane(part: Optional[_Part], series: Series, index: int) -> Optional[_Plane]:
    """A mask in the plane of a slice; None where it has nothing there."""
    if part is None:
        return None
    if abs(float(np.dot(part.grid.axes[0], series.axes[0]))) > 1 - _PARALLEL:
        k = float(part.grid.to_kji(series.positions[index])[0])
        pixels = _at(part.mask, k) if 0 < k < len(part.mask) - 1 else None
        return None if pixels is None else _Plane(pixels, part.grid, k)
    plane = series.plane(index)
    if not _reaches(part.grid, plane):
        return None
    return _Plane(resample_mask(part.mask, part.grid, plane)[0], plane, 0.0)


def _at(mask: np.ndarray, k: float) -> np.ndarray:
    """The pixels of a mask at a place between its planes."""
    below, nearest = int(np.floor(k)), int(np.floor(k + 0.5))
    low, high = mask[below], mask[below + 1]
    if abs(k - nearest) <= SAME_PLANE or not low.any() or not high.any():
        return np.asarray(mask[nearest])
    return between(low, high, k - below)


def _reaches(grid: Geometry, plane: Geometry) -> bool:
    """Whether the box around a grid and the one around a plane meet."""
    _, rows, columns = plane.shape
    corners = [[0, j, i] for j in (0, rows - 1) for i in (0, columns - 1)]
    kji = grid.to_kji(plane.to_lps(np.array(corners)))
    return bool((kji.max(axis=0) >= 0).all() and (kji.min(axis=0) <= np.array(grid.shape)).all())


def _polygons(plane: _Plane) -> List[np.ndarray]:
    return [
        plane.grid.to_lps(np.column_stack([np.full(len(polygon), plane.k), polygon]))
        for polygon in outlines(plane.pixels)
    ]


def _on_pixels(plane: _Plane, onto: Geometry) -> np.ndarray:
    """The pixels of a plane on those of a slice: the slice's centres inside its outlines."""
    found = np.zeros(onto.shape[1:], bool)
    for polygon in _polygons(plane):
        found |= fill(onto.to_kji(polygon)[:, 1:], onto.shape[1:])
    return found
