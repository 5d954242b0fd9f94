"""What surrounds and disturbs a patient in a planning CT: couch, fixation mask, dental streaks.

They are added to any CT (HU), on any grid, to ask whether a result changes. Thin sheets are
averaged over the voxel (partial volume). The input volume is never changed.
"""

from __future__ import annotations

from typing import Sequence, Tuple, Union

import numpy as np
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.postprocess import bounding_box
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

AIR_HU = -1000.0


def padded(
    volume: Volume, margin_voxels: Union[int, Sequence[int]], value: float = -1000.0
) -> Volume:
    """The volume with ``margin_voxels`` (one number, or k, j, i) more at both ends of each axis.

    The new voxels hold ``value`` (HU). Raises InputError for a negative margin.
    """
    margins = np.broadcast_to(np.asarray(margin_voxels, dtype=int), (3,))
    if margins.min() < 0:
        raise InputError(f"A margin must be 0 voxels or more, got {tuple(margins.tolist())}.")
    array = np.pad(volume.array, [(n, n) for n in margins], constant_values=value)
    stop = np.asarray(volume.geometry.shape) + margins
    return Volume(array, volume.geometry.cropped(tuple(-margins), tuple(stop)))


def add_couch(
    volume: Volume, table_gap_mm: float = 0.0, thickness_mm: float = 20.0, hu: float = -100.0
) -> Volume:
    """With a flat couch top (530 mm wide) ``table_gap_mm`` behind the patient's back.

    A 3 mm shell of ``hu`` around foam of -940 HU, ``thickness_mm`` in all. Raises InputError when
    the grid ends before the couch does (see :func:`padded`) or when there is no body.
    """
    geometry = volume.geometry
    low, high = _range_of(geometry, 1, body_mask(volume))
    top = high + table_gap_mm + 0.5 * _extent(geometry, 1)
    end = _range_of(geometry, 1)[1] + 0.5 * _extent(geometry, 1)
    if top + thickness_mm > end:
        raise InputError(
            f"There are {end - top:.1f} mm behind the patient, the couch needs {thickness_mm:.1f}; "
            "pad the volume with air first."
        )
    middle_x = float(np.mean(_range_of(geometry, 0, volume.array > -300)))
    centre = (middle_x, top + 0.5 * thickness_mm)
    outer = _slab(geometry, centre, (530.0, thickness_mm))
    inner = _slab(geometry, centre, (524.0, thickness_mm - 6.0))
    sheet = AIR_HU + outer * (hu - AIR_HU) - inner * (hu + 940.0)
    return _laid_over(volume, sheet)


def add_fixation_mask(
    volume: Volume, thickness_mm: float = 3.0, gap_mm: float = 0.0, hu: float = 0.0,
    bridge_mm: float = 15.0,
) -> Volume:
    """With a thermoplastic mask over the patient's front, from the top end to the bottom end.

    It lies ``gap_mm`` off the skin and spans hollows (eyes, below the chin) narrower than about
    2 x ``bridge_mm``. Raises InputError when there is no body.
    """
    body = body_mask(volume)
    low, high = _range_of(volume.geometry, 1, body)
    reach = np.ceil((gap_mm + thickness_mm) / np.asarray(volume.geometry.spacing)).astype(int) + 2
    box = tuple(slice(max(0, s.start - n), s.stop + n) for s, n in zip(bounding_box(body), reach))
    start = [s.start for s in box]
    stop = [min(s.stop, n) for s, n in zip(box, body.shape)]
    geometry = volume.geometry.cropped(start, stop)
    share = _mask_share(body[box], geometry, gap_mm, thickness_mm, bridge_mm)
    share = share * (_coordinate(geometry, 1) < low + 0.55 * (high - low))
    part = _laid_over(Volume(volume.array[box], geometry), AIR_HU + share * (hu - AIR_HU))
    array = volume.array.copy()
    array[box] = np.where(body[box], array[box], part.array)
    return Volume(array, volume.geometry)


def _mask_share(
    body: np.ndarray, geometry: Geometry, gap_mm: float, thickness_mm: float, bridge_mm: float
) -> np.ndarray:
    """Share of each voxel that a sheet around the body fills (0..1; [k, j, i])."""
    spacing = np.asarray(geometry.spacing)
    voxel = float(np.sqrt(spacing[np.argsort(_z_share(geometry))[:2]].prod()))
    depth = _distance(_bridged(body, spacing, bridge_mm), spacing)
    return _coverage(depth - 0.5 * voxel - gap_mm - 0.5 * thickness_mm, thickness_mm, voxel)


def add_dental_streaks(
    volume: Volume, center_lps: Sequence[float], strength_hu: float = 600.0,
    half_height_mm: float = 12.0, seed: int = 0,
) -> Volume:
    """With two metal fillings left and right of ``center_lps`` (mm) and the streaks they throw.

    Each axial level within ``half_height_mm`` gets bright and dark rays of at most
    ``strength_hu`` next to the metal, fading with distance. The same seed gives the same streaks.
    Raises InputError when the centre lies outside the volume.
    """
    geometry = volume.geometry
    kji = geometry.to_kji(np.asarray(center_lps, dtype=float))
    if np.any(kji < -0.5) or np.any(kji > np.asarray(geometry.shape) - 0.5):
        raise InputError(f"The teeth at {tuple(center_lps)} mm (LPS) lie outside the volume.")
    start, stop = _levels(geometry, center_lps, half_height_mm)
    index = tuple(slice(a, b) for a, b in zip(start, stop))
    x, y, z = (_coordinate(geometry.cropped(start, stop), axis) for axis in range(3))
    result = volume.array.astype(np.float32)
    fade = np.clip(1.5 - 1.5 * np.abs(z - center_lps[2]) / half_height_mm, 0, 1)
    rng = np.random.default_rng(seed)
    for side in (-1.0, 1.0):
        dx, dy = x - center_lps[0] - 22.0 * side, y - center_lps[1]
        result[index] += fade * _rays(dx, dy, rng) * strength_hu
    for side in (-1.0, 1.0):
        dx, dy = x - center_lps[0] - 22.0 * side, y - center_lps[1]
        metal = dx**2 + dy**2 + (z - center_lps[2]) ** 2 <= 4.0**2
        result[index] = np.where(metal, 3071.0, result[index])
    return Volume(_like(np.clip(result, -1024, 3071), volume.array), geometry)


def _rays(dx: np.ndarray, dy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Streaks around the origin, from -1 to 1; the sum over all directions is about 0."""
    profile = ndimage.gaussian_filter1d(rng.standard_normal(720), 4.0, mode="wrap")
    profile -= profile.mean()
    profile /= np.abs(profile).max()
    angle = (np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * 720
    return np.asarray(np.interp(angle, np.arange(720), profile) / (1 + np.hypot(dx, dy) / 25.0))


def _levels(
    geometry: Geometry, center_lps: Sequence[float], half_height_mm: float
) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    """The part of the grid (start, stop in k, j, i) that may lie within the height of the teeth."""
    axis = int(np.argmax(_z_share(geometry)))
    shape = np.asarray(geometry.shape)
    z = _coordinate(geometry, 2)
    others = tuple(n for n in range(3) if n != axis)
    near = np.any(np.abs(z - center_lps[2]) <= half_height_mm + geometry.spacing[axis], axis=others)
    hits = np.flatnonzero(np.broadcast_to(near, (shape[axis],)))
    start, stop = [0, 0, 0], shape.tolist()
    start[axis], stop[axis] = int(hits[0]), int(hits[-1]) + 1
    return tuple(start), tuple(stop)


def _slab(
    geometry: Geometry, centre_xy: Tuple[float, float], size_xy: Tuple[float, float]
) -> np.ndarray:
    """Share of each voxel inside a bar along z (LPS; mm), 0..1."""
    result: np.ndarray = np.ones((1, 1, 1))
    for axis in (0, 1):
        offset = _coordinate(geometry, axis) - centre_xy[axis]
        result = result * _coverage(offset, size_xy[axis], _extent(geometry, axis))
    return result


def _coverage(offset: np.ndarray, thickness: float, voxel: float) -> np.ndarray:
    """Share of voxels, ``offset`` mm from a sheet's middle, that the sheet fills (0..1)."""
    overlap = 0.5 * (thickness + voxel) - np.abs(offset)
    return np.asarray(np.clip(overlap, 0, min(thickness, voxel)) / voxel)


def _distance(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Distance (mm) of each voxel to the nearest True voxel; infinite if there is none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    distance = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return np.asarray(distance, dtype=np.float32)


def _bridged(mask: np.ndarray, spacing: np.ndarray, radius_mm: float) -> np.ndarray:
    """The mask with hollows narrower than 2 x radius closed (morphological closing)."""
    margins = np.ceil(radius_mm / spacing).astype(int) + 1
    room = np.pad(mask, [(n, n) for n in margins])
    closed = _distance(_distance(room, spacing) > radius_mm, spacing) > radius_mm
    return np.asarray(mask | closed[tuple(slice(n, -n) for n in margins)])


def _z_share(geometry: Geometry) -> np.ndarray:
    """How much each array axis runs along the patient's long axis, 0..1."""
    return np.abs(np.asarray(geometry.axes)[:, 2])


def _extent(geometry: Geometry, axis: int) -> float:
    """Width (mm) of a voxel along an LPS axis."""
    return float(np.abs(geometry.step_vectors[:, axis]).max())


def _coordinate(geometry: Geometry, axis: int) -> np.ndarray:
    """LPS coordinate ``axis`` of the voxels [k, j, i]; of length 1 along axes where it rests."""
    result = np.full((1, 1, 1), geometry.origin[axis])
    for n, step in enumerate(geometry.step_vectors[:, axis]):
        if abs(step) > 1e-9:
            along = [1, 1, 1]
            along[n] = -1
            result = result + (step * np.arange(geometry.shape[n])).reshape(along)
    return result


def _range_of(
    geometry: Geometry, axis: int, mask: Union[np.ndarray, None] = None
) -> Tuple[float, float]:
    """Lowest and highest LPS coordinate of all voxels, or of a mask that is not empty."""
    coordinate = _coordinate(geometry, axis)
    if mask is None:
        return float(coordinate.min()), float(coordinate.max())
    values = np.broadcast_to(coordinate, mask.shape)[mask]
    return float(values.min()), float(values.max())


def _laid_over(volume: Volume, sheet: np.ndarray) -> Volume:
    """The denser of volume and sheet (HU) in each voxel, in the volume's data type."""
    both = np.maximum(volume.array, np.asarray(sheet, dtype=np.float32))
    return Volume(_like(both, volume.array), volume.geometry)


def _like(values: np.ndarray, array: np.ndarray) -> np.ndarray:
    """Values in the data type of ``array``, rounded if that holds integers."""
    if np.issubdtype(array.dtype, np.integer):
        values = np.rint(values)
    return values.astype(array.dtype)
