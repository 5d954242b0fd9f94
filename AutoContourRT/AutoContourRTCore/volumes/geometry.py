"""Where an array lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError

Triple = Tuple[float, float, float]


@dataclass(frozen=True)
class Geometry:
    """The grid of an array [k, j, i] in the patient (DICOM LPS, mm).

    shape: voxels along k, j, i.
    spacing: mm between voxel centres along k, j, i.
    origin: LPS position (x, y, z) of the centre of voxel [0, 0, 0].
    axes: rows are the LPS unit vectors along which k, j and i grow.

    Raises InputError for a spacing that is not positive or axes that are not orthonormal.
    """

    shape: Tuple[int, int, int]
    spacing: Triple = (1.0, 1.0, 1.0)
    origin: Triple = (0.0, 0.0, 0.0)
    axes: Tuple[Triple, Triple, Triple] = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "spacing", _triple(self.spacing))
        object.__setattr__(self, "origin", _triple(self.origin))
        object.__setattr__(self, "axes", tuple(_triple(row) for row in self.axes))
        self._check()

    def _check(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise InputError(f"A volume needs three axes of at least one voxel, got {self.shape}.")
        if not np.all(np.isfinite(self.spacing)) or min(self.spacing) <= 0:
            raise InputError(
                f"The voxel spacing {self.spacing} mm (k, j, i) is not positive; "
                "correct the header or export the image again."
            )
        if not np.all(np.isfinite(self.origin)):
            raise InputError(f"The origin {self.origin} mm is not finite; correct the header.")
        rows = np.asarray(self.axes)
        if not np.allclose(rows @ rows.T, np.eye(3), atol=1e-3):
            raise InputError(
                f"The axes {self.axes} are not perpendicular unit vectors; "
                "resample the image to a straight grid first."
            )

    @property
    def step_vectors(self) -> np.ndarray:
        """Rows: the LPS vector (mm) of one voxel along k, j, i; shape (3, 3)."""
        return np.asarray(self.axes) * np.asarray(self.spacing)[:, None]

    @property
    def long_axis(self) -> int:
        """The array axis (0: k, 1: j, 2: i) that runs nearest to the patient's length, LPS z."""
        return int(np.argmax(np.abs(np.asarray(self.axes)[:, 2])))

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in ml."""
        return float(np.prod(self.spacing)) / 1000.0

    def to_lps(self, kji: np.ndarray) -> np.ndarray:
        """LPS positions (mm; shape (..., 3)) of continuous voxel indices (..., 3) in k, j, i."""
        return np.asarray(kji, dtype=float) @ self.step_vectors + np.asarray(self.origin)

    def to_kji(self, lps: np.ndarray) -> np.ndarray:
        """Continuous voxel indices (k, j, i; shape (..., 3)) of LPS positions (mm; (..., 3))."""
        offset = np.asarray(lps, dtype=float) - np.asarray(self.origin)
        return offset @ np.linalg.inv(self.step_vectors)

    def corners(self, beyond: float = 0.0) -> np.ndarray:
        """LPS positions (mm; (8, 3)) of the corners: the centres of the voxels that lie there, or
        points so many voxels beyond them; 0.5: the outer faces."""
        ends = [(-beyond, n - 1 + beyond) for n in self.shape]
        return self.to_lps(np.array(np.meshgrid(*ends)).reshape(3, -1).T)

    def cropped(self, start: Sequence[int], stop: Sequence[int]) -> "Geometry":
        """The grid of ``array[start:stop]``, half-open in k, j, i."""
        shape = tuple(int(b) - int(a) for a, b in zip(start, stop))
        origin = tuple(self.to_lps(np.asarray(start)))
        return Geometry(shape, self.spacing, origin, self.axes)  # type: ignore[arg-type]

    def with_spacing(self, spacing: Sequence[float]) -> "Geometry":
        """A grid of another spacing (mm; k, j, i) over the same physical extent, same centre.

        The outer faces of the first voxels coincide; the last voxel may reach over the end.
        """
        new = np.asarray(spacing, dtype=float)
        old = np.asarray(self.spacing)
        shape = np.maximum(1, np.ceil(np.asarray(self.shape) * old / new - 1e-6)).astype(int)
        first = (0.5 * new - 0.5 * old) / old
        return Geometry(tuple(shape), tuple(new), tuple(self.to_lps(first)), self.axes)

    def same_grid(self, other: "Geometry", tolerance_mm: float = 1e-3) -> bool:
        """Whether both grids put every voxel at the same place, within the tolerance."""
        if self.shape != other.shape:
            return False
        return bool(np.abs(self.corners() - other.corners()).max() <= tolerance_mm)


def _triple(values: Sequence[float]) -> Triple:
    a, b, c = (float(value) for value in values)
    return (a, b, c)
