"""`make pictures`: the icon of extension and module, drawn; readable at 128 and at 32 pixels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import List

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.patches import Ellipse, FancyBboxPatch, PathPatch  # noqa: E402
from matplotlib.path import Path as Curve  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
ICON = ROOT / "Resources" / "AutoContourRT.png"
MODULE_ICON = ROOT / "AutoContourRT" / "Resources" / "Icons" / "AutoContourRT.png"
PIXELS = 128


def draw() -> List[Path]:
    """A head in cross-section with three contoured organs; the files written."""
    figure = pyplot.figure(figsize=(1.28, 1.28), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 128), ylim=(0, 128))
    axes.set_axis_off()
    ground = FancyBboxPatch((6, 6), 116, 116, boxstyle="round,pad=0,rounding_size=22")
    ground.set(facecolor="#1d2a38", edgecolor="none")
    axes.add_patch(ground)
    axes.add_patch(Ellipse((64, 65), 86, 104, facecolor="#8d98a5", edgecolor="#dfe5ea", lw=2.4))
    axes.add_patch(Ellipse((64, 65), 70, 88, facecolor="#6b7683", edgecolor="none"))
    axes.add_patch(_outlined(_bean(40, 62, -1), "#ffb347"))
    axes.add_patch(_outlined(_bean(88, 62, 1), "#4fc3f7"))
    axes.add_patch(_outlined(Ellipse((64, 38), 18, 16), "#9ccc65"))
    for path in (ICON, MODULE_ICON):
        path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(ICON, transparent=True)
    pyplot.close(figure)
    shutil.copyfile(ICON, MODULE_ICON)
    return [ICON, MODULE_ICON]


def _bean(x: float, y: float, side: int) -> PathPatch:
    """A gland, hollow towards the middle of the head."""
    angle = np.linspace(0, 2 * np.pi, 60)
    radius = 15 - 5.5 * np.exp(-((np.angle(np.exp(1j * (angle - np.pi * (side > 0)))) / 0.7) ** 2))
    points = np.column_stack([x + 0.85 * radius * np.cos(angle), y + 1.35 * radius * np.sin(angle)])
    return PathPatch(Curve(points, closed=True))


def _outlined(shape: PathPatch, color: str) -> PathPatch:
    shape.set(facecolor=matplotlib.colors.to_rgba(color, 0.35), edgecolor=color, linewidth=4.2)
    return shape


if __name__ == "__main__":
    for written in draw():
        print(written)
