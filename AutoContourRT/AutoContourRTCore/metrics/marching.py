"""Area of the surface in each of the 256 marching-cubes neighbourhoods, from geometry.

A neighbourhood is a cube whose eight corners are the centres of 2x2x2 voxels. Where an edge joins
a voxel inside a mask to one outside, the surface crosses its middle. On each face of the cube the
crossings are joined by straight lines; the lines close to loops; each loop is filled by triangles.
(Lorensen and Cline, Marching cubes, SIGGRAPH 1987.)

That leaves two choices open, and areas depend on them where the spacing is anisotropic. They are
made so that the areas are those of the public reference (PyPI ``surface-distance`` 0.1), which the
tests compare with for every neighbourhood:

* a face with two inside corners on one diagonal: see :func:`_separated`;
* the triangles of a loop of five or six crossings: see :func:`_fill`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Dict, FrozenSet, Iterator, List, Sequence, Tuple

import numpy as np

Corner = Tuple[int, ...]
Edge = Tuple[Corner, Corner]
Triangle = Tuple[int, int, int]

#: The corners of the cube (k, j, i); corner n has the bit ``128 >> n`` of a neighbourhood's code.
CORNERS: Tuple[Corner, ...] = tuple(product((0, 1), repeat=3))
#: The code of a neighbourhood that lies wholly inside.
FULL = 255
_MOST_TRIANGLES = 4


def surface_areas(spacing: Sequence[float]) -> np.ndarray:
    """Surface area (mm^2) of every neighbourhood code; shape (256,), float64.

    spacing: mm along the three axes of the array, in the order of the axes.
    """
    a, b, c = (float(value) for value in spacing)
    scaled = _area_vectors() * np.array([b * c, a * c, a * b])
    areas: np.ndarray = np.linalg.norm(scaled, axis=2).sum(axis=1)
    return areas


@lru_cache(maxsize=1)
def _area_vectors() -> np.ndarray:
    """Area vectors of the triangles of each code in a cube of side 1; shape (256, 4, 3)."""
    table = np.zeros((256, _MOST_TRIANGLES, 3))
    for code in range(1, FULL):
        vectors = np.concatenate([_fill(loop) for loop in _loops(_inside(code))])
        table[code, : len(vectors)] = vectors
    return table


def _inside(code: int) -> FrozenSet[Corner]:
    return frozenset(corner for n, corner in enumerate(CORNERS) if code & (128 >> n))


def _separated(inside: FrozenSet[Corner]) -> FrozenSet[Corner]:
    """The side (inside or outside) whose corners are cut off one by one on an ambiguous face.

    A face is ambiguous when its two inside corners lie on a diagonal. The side with fewer corners
    is cut off; at four against four the inside. One form leaves no such choice: a lone corner
    opposite to an L of three. Its complement has the same form and the same surface, so one of
    the two lone corners, which are neighbours, must be chosen: the one whose indices have an odd
    sum, or else the other where that one is (1, 0, 0). Geometry prefers neither; the reference
    library chose so.
    """
    outside = frozenset(CORNERS) - inside
    if len(inside) != 4:
        return min(inside, outside, key=len)
    lone = [c for side in (inside, outside) for c in side if not _neighbours(c) & side]
    if len(lone) != 2:
        return inside
    odd, even = sorted(lone, key=lambda corner: sum(corner) % 2, reverse=True)
    cut_off = even if odd == (1, 0, 0) else odd
    return inside if cut_off in inside else outside


def _neighbours(corner: Corner) -> FrozenSet[Corner]:
    """The three corners at the other ends of a corner's edges."""
    return frozenset(c for c in CORNERS if sum(x != y for x, y in zip(c, corner)) == 1)


def _faces() -> Iterator[List[Corner]]:
    """The four corners of each face, in turn around it."""
    for axis, level in product(range(3), (0, 1)):
        around = [(0, 0), (0, 1), (1, 1), (1, 0)]
        yield [pair[:axis] + (level,) + pair[axis:] for pair in around]


def _crossings(
    face: List[Corner], inside: FrozenSet[Corner], separated: FrozenSet[Corner]
) -> List[Tuple[Edge, Edge]]:
    """The pairs of cube edges that a straight line on this face joins."""
    edges = [_edge(face[n], face[(n + 1) % 4]) for n in range(4)]
    cut = [edge for edge in edges if (edge[0] in inside) != (edge[1] in inside)]
    if len(cut) < 4:
        return [(cut[0], cut[1])] if cut else []
    return [(edges[n - 1], edges[n]) for n in range(4) if face[n] in separated]


def _edge(a: Corner, b: Corner) -> Edge:
    return (a, b) if a < b else (b, a)


def _loops(inside: FrozenSet[Corner]) -> List[np.ndarray]:
    """The closed loops of crossings of one neighbourhood; each an array (points, 3)."""
    separated = _separated(inside)
    links: Dict[Edge, List[Edge]] = {}
    for face in _faces():
        for a, b in _crossings(face, inside, separated):
            links.setdefault(a, []).append(b)
            links.setdefault(b, []).append(a)
    loops = []
    while links:
        loops.append(np.array([np.mean(edge, axis=0) for edge in _walk(links)]))
    return loops


def _walk(links: Dict[Edge, List[Edge]]) -> Iterator[Edge]:
    """The crossings of one loop in turn; takes them out of ``links``."""
    edge = next(iter(links))
    while edge in links:
        yield edge
        following = [other for other in links.pop(edge) if other in links]
        edge = following[0] if following else edge


def _fill(loop: np.ndarray) -> np.ndarray:
    """Area vectors (triangles, 3) of the triangles that fill a loop of points (n, 3).

    Of all ways to cut a loop into triangles between its points, the one with the largest area in
    a cube of side 1; among equals the one with a triangle in the middle, which has no side in
    common with the loop. (For loops in a plane all ways give the same area at any spacing.)
    """
    best, key = np.zeros((0, 3)), (-1.0, False)
    for triangles in _triangulations(len(loop)):
        p = loop[np.array(triangles)]
        vectors = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]) / 2
        area = round(float(np.linalg.norm(vectors, axis=1).sum()), 9)
        candidate = (area, any(_in_the_middle(t, len(loop)) for t in triangles))
        if candidate > key:
            best, key = vectors, candidate
    return best


def _in_the_middle(triangle: Triangle, points: int) -> bool:
    a, b, c = triangle
    return b - a > 1 and c - b > 1 and a + points - c > 1


@lru_cache(maxsize=None)
def _triangulations(points: int) -> Tuple[Tuple[Triangle, ...], ...]:
    """All ways to cut a polygon with corners 0..points-1 into triangles."""
    return tuple(_cut(0, points - 1))


def _cut(first: int, last: int) -> Iterator[Tuple[Triangle, ...]]:
    """All ways to cut the polygon first..last; the side first-last belongs to one triangle."""
    if last - first < 2:
        yield ()
        return
    for tip in range(first + 1, last):
        for left, right in product(_cut(first, tip), _cut(tip, last)):
            yield left + ((first, tip, last),) + right
