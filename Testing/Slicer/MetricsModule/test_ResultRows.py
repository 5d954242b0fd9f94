"""What the table says, and in which order."""

from __future__ import annotations

import math
from typing import List

import pytest

from AutoContourRTCore.metrics.compare.limits import Limit, Limits
from AutoContourRTCore.metrics.compare.rows import Row
from MetricsModuleLib import ResultRows


@pytest.fixture()
def rows() -> List[Row]:
    figures = [{"dice": 0.9, "worst_mm": 2.0}, {"dice": math.nan}, {"dice": 0.5, "worst_mm": 9.0}]
    return [
        Row("", name, name, name, "compared", each)
        for name, each in zip(("Brain", "Larynx", "aorta"), figures)
    ]


def test_rows_are_sorted_by_figure_with_what_has_none_last_either_way(rows: List[Row]) -> None:
    verdicts = ["pass", "", "fail"]
    assert ResultRows.order(rows, verdicts, "dice", False) == [2, 0, 1]
    assert ResultRows.order(rows, verdicts, "dice", True) == [0, 2, 1]
    assert ResultRows.order(rows, verdicts, "structure", False) == [2, 0, 1]
    assert ResultRows.order(rows, verdicts, "verdict", False) == [2, 0, 1], "the worst first"
    assert ResultRows.order(rows, verdicts, "#", True) == [2, 1, 0]


def test_figures_are_written_for_people() -> None:
    row = Row("", "x", "x", "x", "compared", {
        "dice": 0.87654, "hd_mm": math.inf, "volume_difference_percent": 3.0,
        "dose_mean_difference_gy": -0.25, "tolerance_used_mm": 2.8284,
    })  # fmt: skip
    written = [ResultRows.figureText(row, name) for name in (*row.figures, "msd_mm")]
    assert written == ["0.877", "∞", "+3.0", "-0.25", "2.83", "–"]


def test_a_row_says_what_it_was_computed_from() -> None:
    figures = {"tolerance_mm": 2.5, "tolerance_used_mm": 2.4}
    row = Row("", "Brain", "Brain", "Brain", "compared", figures, "Nikolov", "1 x 1 x 3 mm",
              "reference: drawn; test: stored", ("look here",))  # fmt: skip
    told = ResultRows.basis(row)
    for part in ("2.50 mm, rounded to 2.40 mm", "Nikolov", "1 x 1 x 3 mm", "drawn", "look here"):
        assert part in told
    same = Row("", "a", "a", "a", "compared", {"tolerance_mm": 3.0, "tolerance_used_mm": 3.0})
    assert "rounded" not in ResultRows.basis(same)


def test_verdicts_are_counted_and_coloured_with_words(rows: List[Row]) -> None:
    assert ResultRows.summary(["pass", "fail", "fail", ""]) == "1 pass, 2 fail, 1 not judged"
    limits = Limits({"*": (Limit("dice", 0.8, 0.6),)})
    lines = ResultRows.items(rows, ["pass", "", "fail"], limits, ["structure", "verdict", "dice"])
    assert [item.text for item in lines[2]] == ["aorta", "fail", "0.500"]
    assert lines[2][2].color == ResultRows.COLORS["fail"]
    assert lines[0][2].color == ResultRows.COLORS["pass"] and lines[1][2].color is None
