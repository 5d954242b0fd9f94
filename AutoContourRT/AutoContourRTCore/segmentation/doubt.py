"""How wide the edge of a contour is to the network, and where it is in most doubt.

No reference is needed: it orders contours for review. Across an edge the probability p rises from
0 to 1; the edge's width is the integral of p (1 - p) over the volume, divided by the edge's area,
the integral of the gradient's length (coarea formula). Where p is a logistic function of the
distance x, 1 / (1 + exp(-x / s)), the width is s. It says what the network is unsure of. It knows
nothing of what the network is sure of and wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from AutoContourRTCore.segmentation.postprocess import bounding_box
from AutoContourRTCore.volumes.geometry import Geometry

FLOOR = 0.05  # smaller probabilities are taken as 0: many of them would add up to an edge


@dataclass(frozen=True)
class Doubt:
    """edge_mm: see above. look_at: LPS (mm), the middle of the doubt in the axial slice of the
    network's grid that holds most of it."""

    edge_mm: float
    look_at: Tuple[float, float, float]


def doubt_of(probability: np.ndarray, geometry: Geometry) -> Doubt:
    """The doubt about the contour at 0.5 of a probability [k, j, i].

    Raises ValueError where no voxel reaches 0.5.
    """
    if not (probability >= 0.5).any():
        raise ValueError("No voxel reaches 0.5: there is no contour to be in doubt of.")
    likely = np.where(probability >= FLOOR, probability, 0.0)
    box = bounding_box(likely > 0)
    p = np.pad(likely[box], 1)  # a contour cut by the grid's end has its edge there
    doubt = p * (1 - p)
    slopes = np.gradient(p, *geometry.spacing)
    area = np.sqrt(sum(slope**2 for slope in slopes)).sum()
    start = np.array([part.start - 1 for part in box])
    spot = geometry.to_lps(_middle(doubt if doubt.any() else p) + start)
    return Doubt(float(doubt.sum() / area), (float(spot[0]), float(spot[1]), float(spot[2])))


def _middle(weights: np.ndarray) -> np.ndarray:
    """Continuous index (k, j, i) of the weighted middle of the heaviest slice."""
    k = int(weights.sum(axis=(1, 2)).argmax())
    spots = np.argwhere(weights[k])
    j, i = np.average(spots, axis=0, weights=weights[k][tuple(spots.T)])
    return np.array([k, j, i])
