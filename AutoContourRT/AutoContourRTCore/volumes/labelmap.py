"""Structures of one patient as masks on one grid; they may overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Sequence, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry


@dataclass(frozen=True)
class LabelMap:
    """Named masks on one grid: ``masks[name]`` is a bool array [k, j, i].

    A name that is missing was not drawn or not predicted; an all-False mask is an empty segment.
    Raises InputError when a mask does not fit the grid.
    """

    masks: Dict[str, np.ndarray]
    geometry: Geometry

    def __post_init__(self) -> None:
        for name, mask in self.masks.items():
            if mask.shape != self.geometry.shape:
                raise InputError(
                    f"The mask {name!r} has shape {mask.shape}, its grid {self.geometry.shape}."
                )

    @property
    def names(self) -> Tuple[str, ...]:
        """Structure names in order."""
        return tuple(self.masks)

    def only(self, names: Sequence[str]) -> "LabelMap":
        """The structures among these names, on the same grid."""
        return LabelMap({n: m for n, m in self.masks.items() if n in names}, self.geometry)

    def volume_ml(self, name: str) -> float:
        """Volume of one structure in ml."""
        return float(np.count_nonzero(self.masks[name])) * self.geometry.voxel_ml
