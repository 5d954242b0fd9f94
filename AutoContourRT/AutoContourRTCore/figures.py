"""Figures in files; the only file of the package that imports matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import matplotlib

from AutoContourRTCore.volumes.atomic import atomic_path

matplotlib.use("Agg")
from matplotlib.figure import Figure  # noqa: E402  (the backend must be chosen first)


def new_figure(size: Tuple[float, float]) -> Figure:
    """An empty figure of so many inches, for files that draw without importing matplotlib."""
    return Figure(figsize=size, layout="constrained")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all. Raises InputError where that fails."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
