"""Pixels -> polygons that give the very same pixels back, and have their area.

An outline passes between the centres of neighbouring pixels. Half-way it would cut every corner and
lose half a pixel of area a loop, half of a single pixel; so it is moved out, by the same share of a
pixel all along, until each loop has the area of its pixels. It never reaches the next centre.
Pixels hang together over their sides (4-neighbours), background also over corners, so no outline
touches itself.

A hole is joined to the outline around it by a keyhole: a channel of no width. That is what DICOM
says of CLOSED_PLANAR contours (PS3.3, C.8.8.6.3), and planning systems read it, also those that
fill contours which lie in others. It runs a quarter of a pixel off the rows of centres.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Set, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.volumes.dicom.polygons import area

_OFF_ROW = 0.25
#: Sides of a pixel as they are walked around it, its centre at the left hand: from corner, to
#: corner, to the neighbour; offsets along j, i; corners lie half a pixel before the centres.
_SIDES = (
    ((0, 0), (0, 1), (-1, 0)),
    ((0, 1), (1, 1), (0, 1)),
    ((1, 1), (1, 0), (1, 0)),
    ((1, 0), (0, 0), (0, -1)),
)
Corner = Tuple[int, int]


class _Side(NamedTuple):
    """A side between an inside pixel and an outside one: its two ends, the pixel, the neighbour."""

    start: Corner
    end: Corner
    pixel: Corner
    neighbour: Corner


class _Loop(NamedTuple):
    """A closed row of sides: the inside pixels and their outside neighbours, (n, 2) each."""

    inside: np.ndarray
    outside: np.ndarray

    def polygon(self, share: float) -> np.ndarray:
        """The points so far from the inside centres to the outside ones; (n, 2) as j, i."""
        return self.inside + share * (self.outside - self.inside)


def outlines(mask: np.ndarray) -> List[np.ndarray]:
    """Closed polygons, (n, 2) as continuous pixel indices j, i, one a piece of a mask (j, i)."""
    used = np.argwhere(mask)
    if not len(used):
        return []
    low, high = used.min(axis=0), used.max(axis=0) + 1
    part = mask[low[0] : high[0], low[1] : high[1]]
    labels, _ = ndimage.label(part)
    pieces: Dict[int, List[np.ndarray]] = {}
    for loop in _loops(part):
        first = loop.inside[0].astype(int)
        piece = int(labels[first[0], first[1]])
        pieces.setdefault(piece, []).append(_simple(_swollen(loop)))
    return [_simple(_joined(loops)) + low for loops in pieces.values()]


def _loops(mask: np.ndarray) -> List[_Loop]:
    """All loops of sides between inside and outside; mask (j, i)."""
    leaving = _sides(mask)
    seen: Set[_Side] = set()
    loops = []
    for side in [each for sides in leaving.values() for each in sides]:
        walked = []
        while side not in seen:
            seen.add(side)
            walked.append(side)
            side = _next(leaving[side.end], side)
        if walked:
            inside, outside = zip(*((each.pixel, each.neighbour) for each in walked))
            loops.append(_Loop(np.array(inside, float), np.array(outside, float)))
    return loops


def _sides(mask: np.ndarray) -> Dict[Corner, List[_Side]]:
    """The sides between inside and outside pixels by the corner at which they begin."""
    padded = np.pad(mask, 1)
    leaving: Dict[Corner, List[_Side]] = {}
    for begin, end, step in _SIDES:
        other = np.roll(padded, (-step[0], -step[1]), axis=(0, 1))
        for j, i in (np.argwhere(padded & ~other) - 1).tolist():
            start, stop = (j + begin[0], i + begin[1]), (j + end[0], i + end[1])
            side = _Side(start, stop, (j, i), (j + step[0], i + step[1]))
            leaving.setdefault(start, []).append(side)
    return leaving


def _next(leaving: List[_Side], side: _Side) -> _Side:
    """The side that follows, among those that leave from the end of one.

    Where two pixels meet at a corner, two sides leave: the way stays with the pixel it came along.
    """
    if len(leaving) == 1:
        return leaving[0]
    return next(each for each in leaving if each.pixel == side.pixel)


def _swollen(loop: _Loop) -> np.ndarray:
    """The polygon of a loop that has the area of its pixels.

    A loop through the half-way points lacks half a pixel: an eighth at each of its corners, of
    which four more turn in than out. The area is a quadratic function of the share.
    """
    begin, middle, end = (area(loop.polygon(share)) for share in (0.0, 0.5, 1.0))
    wanted = middle + np.copysign(0.5, middle)
    square, linear = 2 * (begin + end) - 4 * middle, 4 * middle - 3 * begin - end
    roots = np.roots([square, linear, begin - wanted])
    real = roots[np.isreal(roots)].real
    return loop.polygon(float(real[np.argmin(np.abs(real - 0.5))]))


def _simple(polygon: np.ndarray) -> np.ndarray:
    """A polygon without the points that lie on the way straight from their neighbours."""
    before = polygon - np.roll(polygon, 1, axis=0)
    after = np.roll(polygon, -1, axis=0) - polygon
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    onward = (before * after).sum(axis=1) > 0
    return np.asarray(polygon[~((np.abs(turn) < 1e-9) & onward)])


# Keyholes


def _joined(loops: List[np.ndarray]) -> np.ndarray:
    """One polygon of an outline (positive area) and its holes (negative)."""
    groups = list(loops)
    while len(groups) > 1:
        hole = groups.pop(next(n for n, each in enumerate(groups) if area(each) < 0))
        row = np.ceil(hole[:, 0].min()) + _OFF_ROW
        begin, at = max(_crossings(hole, row))
        meets = [(*min(c for c in _crossings(each, row) if c[0] > begin), n)
                 for n, each in enumerate(groups)
                 if any(c[0] > begin for c in _crossings(each, row))]  # fmt: skip
        end, edge, number = min(meets)
        groups[number] = _bridged(groups[number], edge, (row, end), hole, at, (row, begin))
    return groups[0]


def _crossings(polygon: np.ndarray, row: float) -> List[Tuple[float, int]]:
    """Where edges cross a row: the place along i, and the number of the edge."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    crosses = (start[:, 0] <= row) != (end[:, 0] <= row)
    numbers = np.flatnonzero(crosses)
    share = (row - start[numbers, 0]) / (end[numbers, 0] - start[numbers, 0])
    places = start[numbers, 1] + share * (end[numbers, 1] - start[numbers, 1])
    return list(zip(places.tolist(), numbers.tolist()))


def _bridged(
    outer: np.ndarray, edge: int, end: Tuple[float, float],
    hole: np.ndarray, at: int, begin: Tuple[float, float],
) -> np.ndarray:  # fmt: skip
    """The outer polygon up to a point of one of its edges, around the hole, back, and on."""
    there, back = np.array([end, begin]), np.array([begin, end])
    around = [hole[at + 1 :], hole[: at + 1]]
    return np.concatenate([outer[: edge + 1], there, *around, back, outer[edge + 1 :]])
