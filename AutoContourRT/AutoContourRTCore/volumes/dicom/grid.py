"""A grid from the numbers of DICOM headers."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from AutoContourRTCore.volumes.geometry import Geometry


def grid(
    shape: Sequence[int], spacing: Sequence[float], origin: Sequence[float], axes: Any
) -> Geometry:
    """As Geometry, from any sequences; InputError for axes that are not perpendicular."""
    rows = tuple(tuple(row) for row in np.asarray(axes, float).tolist())
    return Geometry(tuple(shape), tuple(spacing), tuple(origin), rows)  # type: ignore[arg-type]
