"""Solids with exact insides, from which the phantom is built (patient LPS, mm)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Sequence, Tuple, Union

import numpy as np

from AutoContourRTCore.volumes.geometry import Geometry

Box = Tuple[np.ndarray, np.ndarray]
Index = Tuple[slice, slice, slice]


@dataclass(frozen=True)
class Ellipsoid:
    """Superellipsoid around ``center`` (x, y, z); power 2 is an ellipsoid, 4 nearly a brick."""

    center: Tuple[float, float, float]
    radii: Tuple[float, float, float]
    power: float = 2.0

    def box(self) -> Box:
        """Lowest and highest corner (x, y, z)."""
        return np.subtract(self.center, self.radii), np.add(self.center, self.radii)

    def inside(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether each point lies inside; the arrays broadcast."""
        terms = [np.abs((p - c) / r) ** self.power
                 for p, c, r in zip((x, y, z), self.center, self.radii)]
        return np.asarray(terms[0] + terms[1] + terms[2] <= 1.0)

    def inset(self, mm: float) -> "Ellipsoid":
        """The same solid with every radius ``mm`` shorter."""
        a, b, c = (max(r - mm, 0.1) for r in self.radii)
        return replace(self, radii=(a, b, c))


@dataclass(frozen=True)
class Stack:
    """Egg-shaped axial sections, joined linearly along z.

    Each row: z, centre x, centre y, half width, half depth to the front, half depth to the back,
    power of the front outline (1 straight, 2 round, more: boxy), power of the back outline.
    """

    rows: Tuple[Tuple[float, ...], ...]

    def box(self) -> Box:
        """Lowest and highest corner (x, y, z)."""
        z, cx, cy, rx, front, back = np.asarray(self.rows).T[:6]
        low = [(cx - rx).min(), (cy - front).min(), z.min()]
        return np.array(low), np.array([(cx + rx).max(), (cy + back).max(), z.max()])

    def inside(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether each point lies inside; the arrays broadcast."""
        table = np.asarray(sorted(self.rows)).T
        cx, cy, rx, front, back, p_front, p_back = (np.interp(z, table[0], c) for c in table[1:])
        dx, dy = np.abs(x - cx) / rx, y - cy
        front_in = dx**p_front + np.abs(np.minimum(dy, 0) / front) ** p_front <= 1
        back_in = dx**p_back + np.abs(np.maximum(dy, 0) / back) ** p_back <= 1
        return np.asarray((z >= table[0, 0]) & (z <= table[0, -1]) & front_in & back_in)

    def inset(self, mm: float) -> "Stack":
        """The same stack with every section ``mm`` narrower all round (its ends stay)."""
        rows = [(*r[:3], *(max(v - mm, 0.1) for v in r[3:6]), *r[6:]) for r in self.rows]
        return Stack(tuple(rows))


@dataclass(frozen=True)
class Tube:
    """Round tube through points (x, y, z, radius), with rounded ends."""

    points: Tuple[Tuple[float, float, float, float], ...]

    def box(self) -> Box:
        """Lowest and highest corner (x, y, z)."""
        p = np.asarray(self.points)
        return (p[:, :3] - p[:, 3:]).min(axis=0), (p[:, :3] + p[:, 3:]).max(axis=0)

    def inside(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether each point lies inside; the arrays broadcast."""
        result = np.zeros(np.broadcast(x, y, z).shape, dtype=bool)
        for a, b in _pairs(self.points):
            ab = b - a
            t = ((x - a[0]) * ab[0] + (y - a[1]) * ab[1] + (z - a[2]) * ab[2]) / (ab[:3] @ ab[:3])
            t = np.clip(t, 0, 1)
            d2 = sum((p - a[n] - t * ab[n]) ** 2 for n, p in enumerate((x, y, z)))
            result |= d2 <= (a[3] + t * ab[3]) ** 2
        return result

    def inset(self, mm: float) -> "Tube":
        """The same tube with its radius ``mm`` shorter."""
        return Tube(tuple((x, y, z, max(r - mm, 0.1)) for x, y, z, r in self.points))


@dataclass(frozen=True)
class Ribbon:
    """Upright band through points (x, y, z, half thickness, half height along z).

    The cross-section is a superellipse of power 4; jaws, tooth rows and cartilages are ribbons.
    """

    points: Tuple[Tuple[float, float, float, float, float], ...]

    def box(self) -> Box:
        """Lowest and highest corner (x, y, z)."""
        p = np.asarray(self.points)
        reach = p[:, [3, 3, 4]]
        return (p[:, :3] - reach).min(axis=0), (p[:, :3] + reach).max(axis=0)

    def inside(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether each point lies inside; the arrays broadcast."""
        result = np.zeros(np.broadcast(x, y, z).shape, dtype=bool)
        for a, b in _pairs(self.points):
            ab = b - a
            t = np.clip(((x - a[0]) * ab[0] + (y - a[1]) * ab[1]) / (ab[:2] @ ab[:2]), 0, 1)
            d2 = (x - a[0] - t * ab[0]) ** 2 + (y - a[1] - t * ab[1]) ** 2
            across = d2 / (a[3] + t * ab[3]) ** 2
            along = (z - a[2] - t * ab[2]) / (a[4] + t * ab[4])
            result |= across**2 + along**4 <= 1.0
        return result

    def inset(self, mm: float) -> "Ribbon":
        """The same band, ``mm`` thinner on every side."""
        return Ribbon(tuple((x, y, z, max(t - mm, 0.1), max(h - mm, 0.1))
                            for x, y, z, t, h in self.points))


@dataclass(frozen=True)
class Above:
    """The part of ``solid`` above a surface z = f(y), given as rows (y, z)."""

    solid: "Solid"
    surface: Tuple[Tuple[float, float], ...]

    def box(self) -> Box:
        """Lowest and highest corner (x, y, z)."""
        return self.solid.box()

    def inside(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether each point lies inside; the arrays broadcast."""
        table = np.asarray(self.surface).T
        return np.asarray(self.solid.inside(x, y, z) & (z >= np.interp(y, table[0], table[1])))

    def inset(self, mm: float) -> "Above":
        """The solid ``mm`` smaller, its floor ``mm`` higher."""
        return Above(self.solid.inset(mm), tuple((y, z + mm) for y, z in self.surface))


@dataclass(frozen=True)
class Joined:
    """All points that lie in any of the solids."""

    solids: Tuple["Solid", ...]

    def box(self) -> Box:
        """Lowest and highest corner (x, y, z)."""
        boxes = np.array([solid.box() for solid in self.solids])
        return boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)

    def inside(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether each point lies inside; the arrays broadcast."""
        return np.asarray(np.logical_or.reduce([s.inside(x, y, z) for s in self.solids]))

    def inset(self, mm: float) -> "Joined":
        """Every solid ``mm`` smaller."""
        return Joined(tuple(solid.inset(mm) for solid in self.solids))


@dataclass(frozen=True)
class Mirrored:
    """The solid on the patient's other side (x -> -x)."""

    solid: "Solid"

    def box(self) -> Box:
        """Lowest and highest corner (x, y, z)."""
        low, high = self.solid.box()
        return np.array([-high[0], low[1], low[2]]), np.array([-low[0], high[1], high[2]])

    def inside(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Whether each point lies inside; the arrays broadcast."""
        return self.solid.inside(-x, y, z)

    def inset(self, mm: float) -> "Mirrored":
        """The solid ``mm`` smaller."""
        return Mirrored(self.solid.inset(mm))


Solid = Union[Ellipsoid, Stack, Tube, Ribbon, Above, Joined, Mirrored]


def sample(solid: Solid, geometry: Geometry) -> Tuple[Index, np.ndarray]:
    """Where the voxel centres of a grid lie inside a solid.

    Returns the part of the grid that may hold the solid (slices in k, j, i) and, for that part,
    a bool array [k, j, i].
    """
    low, high = solid.box()
    corners = np.array(np.meshgrid(*zip(low, high))).reshape(3, -1).T
    kji = geometry.to_kji(corners)
    start = np.clip(np.floor(kji.min(axis=0)), 0, geometry.shape).astype(int)
    stop = np.clip(np.ceil(kji.max(axis=0)) + 1, start, geometry.shape).astype(int)
    index = tuple(slice(int(a), int(b)) for a, b in zip(start, stop))
    x, y, z = (_coordinate(geometry, index, axis) for axis in range(3))
    shape = tuple(int(n) for n in stop - start)
    return index, np.broadcast_to(solid.inside(x, y, z), shape)  # type: ignore[return-value]


def _coordinate(geometry: Geometry, index: Sequence[slice], axis: int) -> np.ndarray:
    """LPS coordinate ``axis`` of a sub-grid, [k, j, i], of length 1 along axes where it rests."""
    result = np.full((1, 1, 1), geometry.origin[axis])
    for n, step in enumerate(geometry.step_vectors[:, axis]):
        if abs(step) > 1e-12:
            along = [1, 1, 1]
            along[n] = -1
            result = result + (step * np.arange(index[n].start, index[n].stop)).reshape(along)
    return result


def _pairs(points: Sequence[Sequence[float]]) -> List[Tuple[np.ndarray, np.ndarray]]:
    rows = [np.asarray(point, dtype=float) for point in points]
    return list(zip(rows[:-1], rows[1:]))
