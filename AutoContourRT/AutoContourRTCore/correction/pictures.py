"""The figures of Smith 2021 from a project, as PNG files; needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.correction import report
from AutoContourRTCore.correction.dose import HIGH_GY, LOW_GY
from AutoContourRTCore.correction.report import Row, Series
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.figures import new_figure, save_figure

SIZE = (7.0, 4.0)  # inches
_POINTS = {"marker": "o", "linestyle": "", "markersize": 3.5, "color": "#1f77b4"}


def save_figures(project: Path, folder: Path) -> List[Path]:
    """Figures 3, 5, 7 and 8 of Smith 2021, those for which the project has data.

    Raises InputError where it has none.
    """
    found = report.rows(project)
    structures = list(dict.fromkeys(row.structure for row in found))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_durations(found, folder)]
    for structure in structures:
        paths += [
            _agreement(found, structure, folder, "figure5", None),
            _agreement(found, structure, folder, "figure7", 0.9),
            _deviation(found, structure, folder),
        ]
    written = [path for path in paths if path is not None]
    if not written:
        raise InputError(f"{project} holds no saved correction yet; there is nothing to draw.")
    return written


def save_curve(
    points: Sequence[Tuple[str, Sequence[Optional[float]]]], path: Path, title: str
) -> None:
    """Learning curves: name -> Dice before correction, case by case, with the running mean of 5."""
    figure, axes = _axes(title, "cases annotated", "Dice before correction")
    for n, (name, values) in enumerate(points):
        order = np.arange(1, len(values) + 1)
        known = np.array([np.nan if v is None else v for v in values], dtype=float)
        axes.plot(order, known, marker="o", linestyle="", markersize=3.5, color=f"C{n}", alpha=0.5)
        means = [mean for mean, _ in report.running_mean_sd(list(values), 5)]
        smooth = np.array([np.nan if v is None else v for v in means], dtype=float)
        axes.plot(order, smooth, color=f"C{n}", label=f"{name}, running mean of 5")
    axes.set_ylim(0.0, 1.02)
    axes.legend(loc="lower right", frameon=False)
    save_figure(figure, path)


def _durations(found: Sequence[Row], folder: Path) -> Optional[Path]:
    return _picture(
        report.durations(found), folder / "figure3_duration.png", "Time spent on each image",
        "minutes", lambda axes: axes.set_ylim(bottom=0.0),
    )


def _agreement(
    found: Sequence[Row], structure: str, folder: Path, name: str, lowest: Optional[float]
) -> Optional[Path]:
    """Figure 5, or with a lowest value Figure 7, which leaves out what lies below."""
    series = report.agreements(found, structure)
    left_out = 0 if lowest is None else int((series.value < lowest).sum())
    title = f"{structure}: predicted and corrected contour"
    if left_out:
        title += f" ({left_out} below {lowest:g} not shown)"
    bottom = 0.0 if lowest is None else lowest
    return _picture(
        series, folder / f"{name}_dice_{structure}.png", title, "Dice",
        lambda axes: axes.set_ylim(bottom, 1.0 + 0.02 * (1 - bottom)),
    )


def _deviation(found: Sequence[Row], structure: str, folder: Path) -> Optional[Path]:
    def limits(axes: Any) -> None:
        axes.set_ylim(bottom=0.0)
        for band in (LOW_GY, HIGH_GY):
            axes.axhline(band, color="#888888", linewidth=0.8, linestyle="--")

    return _picture(
        report.deviations(found, structure), folder / f"figure8_dose_{structure}.png",
        f"{structure}: mean dose, predicted against corrected", "absolute deviation (Gy)", limits,
    )


def _picture(
    series: Series, path: Path, title: str, label: str, limits: Callable[[Any], object]
) -> Optional[Path]:
    if not len(series.order):
        return None
    figure, axes = _axes(title, "images annotated", label)
    axes.plot(series.order, series.value, label="each image", **_POINTS)
    axes.plot(series.order, series.mean, color="#d62728", label=f"mean of last {report.RUNNING}")
    sd = np.nan_to_num(series.sd)
    axes.fill_between(
        series.order, series.mean - sd, series.mean + sd, color="#d62728", alpha=0.15,
        linewidth=0, label="SD",
    )
    limits(axes)
    axes.legend(frameon=False)
    save_figure(figure, path)
    return path


def _axes(title: str, x: str, y: str) -> Tuple[Any, Any]:
    figure = new_figure(SIZE)
    axes: Any = figure.add_subplot()
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.xaxis.get_major_locator().set_params(integer=True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes
