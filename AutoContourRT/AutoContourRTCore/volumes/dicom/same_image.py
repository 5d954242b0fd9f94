"""Does an image show what the DICOM slices show at the same place?

Contours go to the slices by their coordinates alone. An image that was moved (a transform that was
hardened), or that is another patient's, would carry them to a wrong place, and nothing else tells.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

POINTS = 40_000
#: Values that differ by less are the same; HU.
_SAME_HU = 1.0
#: So many of the values must be the same, or the values correlate like this, for one image.
_SAME_SHARE = 0.99
_CORRELATION = 0.95
#: At least so many of the points must lie inside the CT.
_INSIDE = 0.5
#: Voxels that lie beside their places by a larger part of a voxel were moved.
_ON_PLACE = 0.02
#: Air outside of the patient says nothing of the place: all of it looks alike.
_AIR_HU = -900.0


class Sample(NamedTuple):
    """Values (n,) of an image at points (n, 3), LPS mm."""

    points: np.ndarray
    values: np.ndarray


def sample(array: np.ndarray, geometry: Geometry) -> Sample:
    """Values of an image [k, j, i] at some voxels, spread evenly at random, air left out."""
    flat = array.reshape(-1)
    chosen = np.sort(np.random.default_rng(0).integers(flat.size, size=4 * POINTS))
    chosen = chosen[np.diff(chosen, prepend=-1) > 0]  # as np.unique, which takes half a second
    tissue = chosen[flat[chosen] > _AIR_HU]
    if len(tissue) > POINTS:
        tissue = np.random.default_rng(1).choice(tissue, POINTS, replace=False)
    kji = np.stack(np.unravel_index(tissue, array.shape), axis=-1)
    return Sample(geometry.to_lps(kji), flat[tissue].astype(np.float64))


def write_sample(found: Sample, path: Path) -> None:
    """Write points and values for the worker."""
    with open(path, "wb") as file:
        np.savez(file, points=found.points, values=found.values)


def read_sample(path: Path) -> Sample:
    """What `write_sample` wrote; InputError for a file that is cut or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return Sample(file["points"], file["values"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"The sample of the image {path} cannot be read: {error}.") from error


def check_same_image(found: Sample, ct: Volume, name: str, where: str) -> None:
    """Raise InputError unless a CT shows a sample's values at the sample's points.

    Voxels that were taken over must be alike; an image that was resampled must correlate with the
    CT, and better where it is than a voxel beside. name: what messages call the image; where: the
    CT.
    """
    kji = ct.geometry.to_kji(found.points).T
    last = np.array(ct.array.shape)[:, None] - 1
    inside = np.all((kji > -0.5) & (kji < last + 0.5), axis=0)
    if not len(inside) or np.mean(inside) < _INSIDE:
        raise InputError(
            f"{name} lies largely outside the CT of {where}: it was moved, or it is another CT. "
            "Give the CT that the contours were drawn on."
        )
    kji, values = kji[:, inside], found.values[inside]
    here = _values(ct.array, kji)
    if _is_shifted(ct.array, kji, values):
        raise InputError(
            f"{name} shows the CT of {where} moved by a part of a voxel (a transform that was "
            "hardened, a registration). The contours would lie wrongly; export them with the "
            "volume as it was loaded."
        )
    if np.mean(np.abs(here - values) <= _SAME_HU) >= _SAME_SHARE:
        return
    if _correlation(here, values) < _CORRELATION or _is_better_beside(ct.array, kji, values, here):
        raise InputError(
            f"{name} does not show what the CT of {where} shows at the same place: it was moved "
            "(a transform that was hardened, a registration), changed, or it is another CT. The "
            "contours would lie wrongly; export them with the volume as it was loaded."
        )


def _is_shifted(array: np.ndarray, kji: np.ndarray, values: np.ndarray) -> bool:
    """Whether the values are those of the CT's own voxels, all of them beside their places."""
    nearest = np.rint(kji)
    beside = kji - nearest
    if np.abs(beside.mean(axis=1)).max() <= _ON_PLACE or np.ptp(beside, axis=1).max() > _ON_PLACE:
        return False
    k, j, i = np.clip(nearest, 0, np.array(array.shape)[:, None] - 1).astype(int)
    return bool(np.mean(np.abs(array[k, j, i] - values) <= _SAME_HU) >= _SAME_SHARE)


def _values(array: np.ndarray, kji: np.ndarray) -> np.ndarray:
    """Interpolated linearly at (3, n) indices."""
    return np.asarray(
        ndimage.map_coordinates(array, kji, output=np.float64, order=1, mode="nearest")
    )


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's; 0 where one of them is constant."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _is_better_beside(
    array: np.ndarray, kji: np.ndarray, values: np.ndarray, here: np.ndarray
) -> bool:
    """Whether the values fit better one voxel to any side."""
    least = np.abs(here - values).mean()
    for axis in range(3):
        for step in (-1.0, 1.0):
            moved = kji.copy()
            moved[axis] += step
            if np.abs(_values(array, moved) - values).mean() < least:
                return True
    return False
