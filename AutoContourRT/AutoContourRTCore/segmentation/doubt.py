"""How wide the edge of a contour is to the network, and where it is in most doubt.

No reference is needed: it orders contours for review. Across an edge the probability p rises from
0 to 1; the edge's width is the integral of p (1 - p) around the contour, divided by the edge's
area, the integral of the gradient's length (coarea formula). Where p is a logistic function of the
distance x, 1 / (1 + exp(-x / s)), the width is s, less the 5 % below FLOOR; on organs of only a few
voxels across it is up to a quarter less. It says what the network is unsure of. It knows nothing
of what the network is sure of and wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.segmentation.postprocess import bounding_box, largest_component
from AutoContourRTCore.volumes.geometry import Geometry

FLOOR = 0.05  # smaller probabilities are taken as 0: many of them would add up to an edge
AROUND_MM = 10.0  # what lies farther from the contour is no part of its edge
SPOT_MM = 5.0  # SD of the Gaussian that tells where most doubt lies together
VOTES = 100_000  # voxels of a reported contour that tell its piece; more say the same


@dataclass(frozen=True)
class Doubt:
    """edge_mm: see above. look_at: LPS (mm), where most doubt lies together."""

    edge_mm: float
    look_at: Tuple[float, float, float]


def doubt_of(
    probability: np.ndarray, geometry: Geometry, shown: Optional[np.ndarray] = None
) -> Doubt:
    """The doubt about one piece of the contour at 0.5 of a probability [k, j, i].

    shown: LPS points (mm; (n, 3)) of the voxels that are reported: the piece that holds most of
    them, whole. None, or where no piece holds any: the largest piece.
    Raises ValueError where no voxel reaches 0.5.
    """
    margin = np.ceil(AROUND_MM / np.asarray(geometry.spacing)).astype(int) + 1
    inside = probability >= 0.5
    if not inside.any():
        raise ValueError("No voxel reaches 0.5: there is no contour to be in doubt of.")
    contour = largest_component(inside) if shown is None else _shown(inside, geometry, shown)
    box = bounding_box(contour)
    low = np.maximum([part.start for part in box] - margin, 0)
    high = np.minimum([part.stop for part in box] + margin, probability.shape)
    part = tuple(slice(a, b) for a, b in zip(low, high))
    away = ndimage.distance_transform_edt(~contour[part], geometry.spacing)
    counts = (away <= AROUND_MM) & (probability[part] >= FLOOR)
    p = np.where(counts, probability[part], 0.0)
    area, doubt = _edge_area(p, geometry), p * (1 - p)
    spot = geometry.to_lps(_densest(doubt if doubt.any() else p, geometry) + low)
    width = float(doubt.sum() / area) if area else 0.0  # none: it fills the whole grid
    return Doubt(width, (float(spot[0]), float(spot[1]), float(spot[2])))


def _edge_area(p: np.ndarray, geometry: Geometry) -> float:
    """The integral of the gradient's length, in voxels per mm. Where the grid's end cuts an organ
    it has no edge."""
    slopes = np.gradient(np.pad(p, 1, mode="edge"), *geometry.spacing)
    return float(np.sqrt(sum(slope**2 for slope in slopes))[1:-1, 1:-1, 1:-1].sum())


def _shown(inside: np.ndarray, geometry: Geometry, points: np.ndarray) -> np.ndarray:
    """The 26-connected piece around most of the points, else the largest one.

    A point counts for the pieces of the eight voxels around it: its probability was interpolated
    from them, so one at least is inside.
    """
    labels, count = ndimage.label(inside, np.ones((3, 3, 3), dtype=bool))
    first = np.floor(geometry.to_kji(points[:: len(points) // VOTES + 1])).astype(int)
    votes = np.zeros(count + 1, dtype=int)
    for step in np.ndindex(2, 2, 2):
        around = np.clip(first + step, 0, np.array(inside.shape) - 1)
        votes += np.bincount(labels[tuple(around.T)], minlength=count + 1)
    votes[0] = 0
    return labels == votes.argmax() if votes.any() else largest_component(inside)


def _densest(weights: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Index (k, j, i) of the voxel around which most of the weights lie."""
    smooth = ndimage.gaussian_filter(weights, SPOT_MM / np.asarray(geometry.spacing))
    return np.array(np.unravel_index(int(smooth.argmax()), smooth.shape))
