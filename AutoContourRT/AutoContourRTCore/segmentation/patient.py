"""What a network sees of a volume: the patient alone, on the network's grid.

One way for contouring, for training and for corrections, so that a network meets what it learnt.
"""

from __future__ import annotations

import numpy as np

from AutoContourRTCore.segmentation.body import AIR_HU, only_body, skin_voxels
from AutoContourRTCore.volumes.geometry import Geometry, Triple
from AutoContourRTCore.volumes.resample import lps_grid_around, resample, resample_mask
from AutoContourRTCore.volumes.volume import Volume

#: The network's grid lies so far off whole multiples of its spacing: a point that lay just on the
#: outer face of a volume would be inside or outside by the direction in which an axis is stored.
OFF_LATTICE_MM = 0.0137


def network_grid(region: np.ndarray, geometry: Geometry, spacing: Triple, block: int) -> Geometry:
    """The grid on which a network looks at a region (bool [k, j, i]; not empty) of a volume."""
    return lps_grid_around(region, geometry, spacing, block, OFF_LATTICE_MM)


def network_image(volume: Volume, body: np.ndarray, grid: Geometry) -> np.ndarray:
    """HU of the body (bool [k, j, i]) and its skin on a grid, float32; AIR_HU elsewhere."""
    return resample(_patient(volume, body), grid, AIR_HU).array


def labels_like_the_image(
    mask: np.ndarray, source: Geometry, image: Geometry, grid: Geometry
) -> np.ndarray:
    """A mask (bool [k, j, i] on the grid `source`) of a volume's structure on the network's grid:
    beyond the volume's outermost voxels it goes on as far as network_image does."""
    there = mask if source == image else resample_mask(mask, source, image)
    return resample_mask(np.pad(there, 1, mode="edge"), _one_more(image), grid)


def _patient(volume: Volume, body: np.ndarray) -> Volume:
    """The part of the volume that holds the body and its skin, see body.only_body.

    One voxel is added all around, a copy of the outermost: the network's grid may reach beyond the
    volume, and what it shows there must not hang on how the volume's axes are stored, nor be air
    just above an organ that the volume's end cuts.
    """
    filled = [np.flatnonzero(body.any(axis=tuple({0, 1, 2} - {n}))) for n in range(3)]
    skin = skin_voxels(volume.geometry)
    start = tuple(max(int(f[0]) - n, 0) for f, n in zip(filled, skin))
    stop = tuple(min(int(f[-1]) + 1 + n, size) for f, n, size in zip(filled, skin, body.shape))
    part = tuple(slice(a, b) for a, b in zip(start, stop))
    near = Volume(volume.array[part], volume.geometry.cropped(start, stop))
    array = only_body(near, np.ascontiguousarray(body[part]))
    return Volume(np.pad(array, 1, mode="edge"), _one_more(near.geometry))


def _one_more(grid: Geometry) -> Geometry:
    """A grid with one voxel more on every side."""
    return grid.cropped((-1, -1, -1), tuple(n + 1 for n in grid.shape))
