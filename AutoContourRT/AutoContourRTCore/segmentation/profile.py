"""What the axial cross-sections of a patient look like, from bottom to top.

A few numbers a slice (area, air, bone, ...) that tell head, neck and trunk apart. They come from
single voxels, taken every few mm: shares of areas need no interpolation, and it is quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

#: Distance (mm) of the cross-sections, and of the points in them.
STEP_Z_MM = 5.0
STEP_XY_MM = 4.0
#: Airways and lungs are below this (HU): lung is about -850, half air and half tissue about -480.
INNER_AIR_HU = -400.0
#: Bone, and vessels full of contrast agent, are above this (HU).
BONE_HU = 200.0
#: Skin with bone this near (mm) counts as "over bone"; scalp and occipital muscle are thinner.
NEAR_BONE_MM = 20.0
#: Skin this near (mm) to the side of the image counts as cut off.
EDGE_MM = 5.0


@dataclass(frozen=True)
class Profile:
    """Cross-sections of a body every STEP_Z_MM along LPS z, from inferior to superior.

    Each field is a float array with one value a slice; a slice without a body holds zeros.
    area, air: cm2 of the body and of the air (airways, lungs, bowel gas) in it.
    width, depth: cm from left to right, and from front to back.
    bone: share (0..1) of the body that is bone. over_bone: share of the skin with bone near.
    cut: share of the skin that lies at the sides of the image.
    """

    area: np.ndarray
    width: np.ndarray
    depth: np.ndarray
    air: np.ndarray
    bone: np.ndarray
    over_bone: np.ndarray
    cut: np.ndarray


def body_profile(volume: Volume, body: np.ndarray) -> Profile:
    """The profile of a CT (HU) with its body mask (bool [k, j, i], holes filled)."""
    z, y, x = _points(volume.geometry)
    rows = [_measures(*_section(volume, body, level, y, x)) for level in z]
    return Profile(*np.asarray(rows, dtype=float).T)


def levels_mm(geometry: Geometry) -> np.ndarray:
    """LPS z (mm) of the cross-sections of a profile."""
    return _points(geometry)[0]


def _points(geometry: Geometry) -> List[np.ndarray]:
    """LPS z, y and x (mm) of the points to look at: all that the volume covers."""
    lps = geometry.corners(0.5)
    result = []
    for axis, step in zip((2, 1, 0), (STEP_Z_MM, STEP_XY_MM, STEP_XY_MM)):
        low, high = lps[:, axis].min(), lps[:, axis].max()
        count = max(1, int((high - low) / step))
        result.append((low + high) / 2 + step * (np.arange(count) - (count - 1) / 2))
    return result


def _section(
    volume: Volume, body: np.ndarray, z: float, y: np.ndarray, x: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """HU, body, and whether near the image's sides, at the points (z, y, x) around the body."""
    geometry = volume.geometry
    exact = _voxels(geometry, z, y, x)
    index = tuple(np.rint(part).astype(np.intp) for part in exact)
    within = np.ones(index[0].shape, dtype=bool)
    for part, count in zip(index, geometry.shape):
        within &= (part >= 0) & (part < count)
    inside = np.zeros(within.shape, dtype=bool)
    inside[within] = body[tuple(part[within] for part in index)]
    box = _box(inside)
    inside = inside[box]
    hu = np.zeros(inside.shape)
    hu[inside] = volume.array[tuple(part[box][inside] for part in index)]
    near_side = np.zeros(inside.shape, dtype=bool)
    for n in {0, 1, 2} - {geometry.long_axis}:
        to_face = np.minimum(exact[n][box] + 0.5, geometry.shape[n] - 0.5 - exact[n][box])
        near_side |= to_face * geometry.spacing[n] < EDGE_MM
    return hu, inside, near_side


def _voxels(geometry: Geometry, z: float, y: np.ndarray, x: np.ndarray) -> List[np.ndarray]:
    """Continuous voxel indices k, j, i, each (len(y), len(x)), of points in LPS (mm)."""
    first = geometry.to_kji(np.array([x[0], y[0], z]))
    per_x, per_y, _ = np.linalg.inv(geometry.step_vectors)
    along_x, along_y = x - x[0], (y - y[0])[:, None]
    return [first[n] + along_x * per_x[n] + along_y * per_y[n] for n in range(3)]


def _box(mask: np.ndarray) -> Tuple[slice, slice]:
    """The smallest rectangle around the True points of a 2D mask; empty for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _measures(hu: np.ndarray, inside: np.ndarray, near_side: np.ndarray) -> Tuple[float, ...]:
    """One slice's numbers, in the order of the fields of Profile; arrays (y, x)."""
    if not inside.any():
        return (0.0,) * 7
    point_cm2 = (STEP_XY_MM / 10.0) ** 2
    bone = inside & (hu > BONE_HU)
    skin = inside & ~ndimage.binary_erosion(inside)
    return (
        float(inside.sum()) * point_cm2,
        inside.shape[1] * STEP_XY_MM / 10.0,
        inside.shape[0] * STEP_XY_MM / 10.0,
        float((inside & (hu < INNER_AIR_HU)).sum()) * point_cm2,
        float(bone.sum() / inside.sum()),
        _share_near(skin, bone),
        float(near_side[skin].mean()),
    )


def _share_near(skin: np.ndarray, bone: np.ndarray) -> float:
    """Share of the skin's points that have a bone point within NEAR_BONE_MM."""
    if not bone.any():
        return 0.0
    distance = ndimage.distance_transform_edt(~bone, sampling=STEP_XY_MM)
    return float((distance[skin] <= NEAR_BONE_MM).mean())
