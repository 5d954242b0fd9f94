"""Polygons -> pixels: a pixel is inside where its centre is, by the even-odd rule.

A centre that lies exactly on an edge belongs to the polygon at its right (larger i), one on a
horizontal edge to the polygon at larger j; so two polygons that share an edge share no pixel.
Vertices are not rounded to pixels.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np

#: Pixels: coordinates are rounded so far, that a centre which lies on an edge is always known to.
_GRAIN = 1e-6


def fill(polygon: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """The pixels inside one closed polygon, bool (j, i).

    polygon: (n, 2), continuous pixel indices j, i, the last vertex joined to the first. A keyhole
    (a channel there and back) is closed by the rule itself: its two sides cancel.
    """
    toggles = np.zeros((shape[0], shape[1] + 1), np.uint8)
    rows, columns = _crossings(np.round(polygon / _GRAIN) * _GRAIN, shape)
    np.add.at(toggles, (rows, columns), 1)  # wraps at 256, an even number
    return np.asarray(np.cumsum(toggles, axis=1, dtype=np.uint8)[:, :-1] % 2 == 1)


def _crossings(polygon: np.ndarray, shape: Tuple[int, int]) -> Tuple[np.ndarray, np.ndarray]:
    """Where edges cross rows of centres: the row, and the first pixel at or behind the crossing."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    falling = start[:, 0] > end[:, 0]
    low, high = np.where(falling[:, None], end, start), np.where(falling[:, None], start, end)
    first = np.clip(np.ceil(low[:, 0] - _GRAIN / 2), 0, shape[0]).astype(int)
    stop = np.clip(np.ceil(high[:, 0] - _GRAIN / 2), 0, shape[0]).astype(int)
    counts = stop - first
    edge = np.repeat(np.arange(len(polygon)), counts)
    rows = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (rows - low[edge, 0]) / (high[edge, 0] - low[edge, 0])
    place = low[edge, 1] + share * (high[edge, 1] - low[edge, 1])
    columns = np.clip(np.ceil(place - _GRAIN / 2), 0, shape[1]).astype(int)
    return rows, columns


def area(polygon: np.ndarray) -> float:
    """The signed area of a closed polygon (n, 2), in squared units of its coordinates."""
    j, i = polygon.T
    return float(0.5 * np.sum(i * np.roll(j, -1) - np.roll(i, -1) * j))


def same(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Whether two polygons have the same vertices, wherever they begin and whichever way round."""
    if len(one) != len(other):
        return False
    for turned in (other, other[::-1]):
        begin = int(np.argmin(np.abs(turned - one[0]).max(axis=1)))
        if np.abs(np.roll(turned, -begin, axis=0) - one).max() <= tolerance:
            return True
    return False
