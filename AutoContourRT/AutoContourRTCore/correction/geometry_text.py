"""A grid as JSON, exact to the last digit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Mapping

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry


def to_values(geometry: Geometry) -> Dict[str, Any]:
    """shape, spacing, origin and axes, as lists."""
    return asdict(geometry)


def from_values(values: Mapping[str, Any]) -> Geometry:
    """The grid of :func:`to_values`; InputError for anything else."""
    try:
        shape, spacing, origin = (tuple(values[name]) for name in ("shape", "spacing", "origin"))
        axes = tuple(tuple(row) for row in values["axes"])
        return Geometry(shape, spacing, origin, axes)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"This is not the grid of an image: {values!r} ({error}).") from error


def told_apart(one: Geometry, other: Geometry) -> str:
    """A sentence that says how two grids differ."""
    parts = [
        f"{name} {getattr(one, name)} and {getattr(other, name)}"
        for name in ("shape", "spacing", "origin", "axes")
        if getattr(one, name) != getattr(other, name)
    ]
    return "; ".join(parts) or "no difference"
