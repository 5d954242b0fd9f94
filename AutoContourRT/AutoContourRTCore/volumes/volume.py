"""An image with its place in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry


@dataclass(frozen=True)
class Volume:
    """A scalar image: array [k, j, i] (CT: HU; dose: Gy) and its geometry.

    Raises InputError when array and geometry do not fit.
    """

    array: np.ndarray
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise InputError(
                f"An array of shape {self.array.shape} does not fit a grid of shape "
                f"{self.geometry.shape} (k, j, i)."
            )
