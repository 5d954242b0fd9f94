"""An analytic head-and-neck patient whose structures are known exactly.

It checks software, not accuracy: models are never trained on it, and it is far simpler than a
patient.
"""

from __future__ import annotations

from itertools import product
from typing import Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore import artefacts
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.phantom_anatomy import AIR, parts, truth
from AutoContourRTCore.phantom_shapes import Solid, sample
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

#: Corners of the default grid (LPS x, y, z; mm): shoulders to vertex, room for a couch.
FIELD_OF_VIEW = ((-248.0, -168.0, -190.0), (248.0, 172.0, 144.0))
#: Middle of the tooth rows (LPS, mm), where fillings throw streaks.
TEETH_LPS = (0.0, -90.0, -15.0)


def make_phantom(
    spacing: Sequence[float] = (2.5, 2.0, 2.0),
    couch: bool = False,
    mask: bool = False,
    streaks: bool = False,
    noise_hu: float = 10.0,
    seed: int = 0,
    oversampling: int = 1,
    geometry: Optional[Geometry] = None,
) -> Tuple[Volume, LabelMap]:
    """A CT (HU, int16) of the phantom and its true structures, on one grid.

    spacing: mm along k, j, i of the default grid (axes along LPS z, y, x).
    couch, mask, streaks: add a couch top, a fixation mask, streaks of dental fillings.
    noise_hu: standard deviation of Gaussian noise. seed: the same seed gives the same image.
    oversampling: sub-voxels along each axis that a CT number is averaged over (partial volume).
    geometry: any other grid, oblique or flipped; ``spacing`` is then not used.
    A mask holds the voxels whose centre lies inside the solid, at any spacing.

    Raises InputError for a bad spacing, and for a couch on a grid without room for it.
    """
    if oversampling < 1:
        raise InputError(f"oversampling must be 1 or more, got {oversampling}.")
    grid = default_geometry(spacing) if geometry is None else geometry
    volume = Volume(_paint(grid, oversampling), grid)
    if couch:
        volume = artefacts.add_couch(volume)
    if mask:
        volume = artefacts.add_fixation_mask(volume)
    if streaks:
        volume = artefacts.add_dental_streaks(volume, TEETH_LPS, seed=seed)
    return _as_ct(volume, noise_hu, seed), _labels(grid)


def default_geometry(spacing: Sequence[float] = (2.5, 2.0, 2.0)) -> Geometry:
    """The phantom's usual grid (axes along LPS z, y, x) with the spacing (mm; k, j, i)."""
    low, high = np.asarray(FIELD_OF_VIEW)[:, ::-1]
    unit = Geometry((1, 1, 1), tuple(spacing))  # type: ignore[arg-type]
    shape = np.floor((high - low) / np.asarray(unit.spacing)).astype(int) + 1
    return Geometry(tuple(shape), unit.spacing, tuple(low[::-1]))


def _paint(geometry: Geometry, oversampling: int) -> np.ndarray:
    """HU [k, j, i], float32: the mean over oversampling^3 points in each voxel."""
    offsets = (np.arange(oversampling) + 0.5) / oversampling - 0.5
    total = np.zeros(geometry.shape, dtype=np.float32)
    for shift in product(offsets, repeat=3):
        origin = tuple(geometry.to_lps(np.asarray(shift)))
        moved = Geometry(geometry.shape, geometry.spacing, origin, geometry.axes)
        total += _paint_points(moved)
    return np.asarray(total / np.float32(oversampling**3))


def _paint_points(geometry: Geometry) -> np.ndarray:
    image = np.full(geometry.shape, AIR, dtype=np.float32)
    (skin_hu, body), *inner = parts()
    in_body = _mask(body, geometry)
    image[in_body] = skin_hu
    for hu, solid in inner:
        index, inside = sample(solid, geometry)
        image[index][inside & in_body[index]] = hu
    return image


def _labels(geometry: Geometry) -> LabelMap:
    masks = {name: _mask(solid, geometry) for name, solid in truth().items()}
    masks["Brain"] &= ~masks["Brainstem"]
    return LabelMap(masks, geometry)


def _mask(solid: Solid, geometry: Geometry) -> np.ndarray:
    mask = np.zeros(geometry.shape, dtype=bool)
    index, inside = sample(solid, geometry)
    mask[index] = inside
    return mask


def _as_ct(volume: Volume, noise_hu: float, seed: int) -> Volume:
    """With noise, cut to the range of a scanner, as int16."""
    noise = np.random.default_rng(seed).standard_normal(volume.array.shape, dtype=np.float32)
    noisy = np.clip(volume.array + np.float32(noise_hu) * noise, -1024, 3071)
    return Volume(np.rint(noisy).astype(np.int16), volume.geometry)
