"""The table of a cohort."""

from __future__ import annotations

import csv
from pathlib import Path

from AutoContourRTCore.cohorts.summary import Row, write_summary


def test_a_row_a_case_with_messages_on_one_line_and_whole_files_only(tmp_path: Path) -> None:
    rows = [Row("a, ü"), Row("b", "failed", 1.5, 'bad\n "file"'), Row("c", "done", 2.0, "", "c.x")]
    for count in (1, 3):
        write_summary(rows[:count], tmp_path / "summary.csv")
        with open(tmp_path / "summary.csv", encoding="utf-8", newline="") as file:
            found = list(csv.reader(file))
        assert len(found) == count + 1
    assert found[0] == ["case", "state", "seconds", "message", "output"]
    assert found[1:] == [
        ["a, ü", "waiting", "0.0", "", ""], ["b", "failed", "1.5", 'bad "file"', ""],
        ["c", "done", "2.0", "", "c.x"],
    ]  # fmt: skip
    assert [each.name for each in tmp_path.iterdir()] == ["summary.csv"]
