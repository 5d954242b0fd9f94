"""Figures of the paper from a project: those that its data allow, with the right points."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from AutoContourRTCore.correction import pictures  # noqa: E402
from AutoContourRTCore.correction.report import Row, running_mean_sd  # noqa: E402
from AutoContourRTCore.errors import InputError  # noqa: E402
from tiny_projects import tiny_project  # noqa: E402


def rows(count: int = 80, dose: bool = True) -> List[Row]:
    rng = np.random.default_rng(1)
    order = np.arange(1, count + 1)
    dice = np.clip(1 - 0.6 / order - 0.02 * rng.random(count), 0, 1).tolist()
    gray = (1.5 / order + 0.1 * rng.random(count)).tolist()
    running = running_mean_sd(dice)
    return [
        Row(
            n + 1, f"c{n}", f"c{n}", "train", "Heart", "2026-01-01", "m", dice[n], *running[n],
            60.0 + 400.0 / (n + 1), 9, 0, gray[n] if dose else None,
        )
        for n in range(count)
    ]


@pytest.fixture()
def drawn(monkeypatch: pytest.MonkeyPatch) -> "dict[str, Any]":
    """File name -> axes of each figure that is written."""
    found: "dict[str, Any]" = {}
    save = pictures.save_figure

    def remember(figure: Any, path: Path) -> None:
        found[path.name] = figure.axes[0]
        save(figure, path)

    monkeypatch.setattr(pictures, "save_figure", remember)
    return found


def points(axes: Any) -> np.ndarray:
    return np.asarray(axes.lines[0].get_xydata())


def test_figures_3_5_7_and_8_show_every_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drawn: "dict[str, Any]"
) -> None:
    table = rows()
    monkeypatch.setattr(pictures.report, "rows", lambda project: table)
    written = pictures.save_figures(tmp_path, tmp_path / "out")
    assert [path.name for path in written] == [
        "figure3_duration.png", "figure5_dice_Heart.png", "figure7_dice_Heart.png",
        "figure8_dose_Heart.png",
    ]
    assert all(path.stat().st_size > 5000 for path in written)
    assert np.allclose(points(drawn["figure5_dice_Heart.png"])[:, 1], [row.dice for row in table])
    assert np.allclose(
        points(drawn["figure3_duration.png"])[:, 1], [(row.seconds or 0) / 60 for row in table]
    )
    assert drawn["figure7_dice_Heart.png"].get_ylim()[0] == 0.9
    below = sum((row.dice or 0) < 0.9 for row in table)
    assert f"({below} below 0.9 not shown)" in drawn["figure7_dice_Heart.png"].get_title()


def test_without_a_dose_there_is_no_figure_8_and_without_rows_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures.report, "rows", lambda project: rows(3, dose=False))
    names = [path.name for path in pictures.save_figures(tmp_path, tmp_path / "out")]
    assert len(names) == 3 and not any("figure8" in name for name in names)
    monkeypatch.undo()
    tiny_project(tmp_path / "p").close()
    with pytest.raises(InputError, match="no saved correction"):
        pictures.save_figures(tmp_path / "p", tmp_path / "none")


def test_a_learning_curve_shows_each_structure_with_its_running_mean(
    tmp_path: Path, drawn: "dict[str, Any]"
) -> None:
    values: List[Optional[float]] = [0.0, 0.2, None, 0.6, 0.7, 0.8]
    pictures.save_curve([("A", values), ("B", [0.5] * 6)], tmp_path / "c.png", "t")
    axes = drawn["c.png"]
    assert len(axes.lines) == 4
    assert axes.lines[1].get_ydata()[-1] == pytest.approx(np.mean([0.2, 0.6, 0.7, 0.8]))
