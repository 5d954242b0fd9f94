"""What people see while they wait."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from AutoContourRTCore.cli.terminal import Console, progress_bar


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Work") as progress:
        for n in range(1001):
            progress(n / 1000, f"part {n}")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[0] == "Work:   0% part 0" and lines[-1] == "Work: 100% part 1000"


def test_a_terminal_gets_a_bar_that_reaches_the_end(monkeypatch: Any) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_bar("Work") as progress:
        for fraction in (0.0, 0.5, 0.4, 1.0):
            progress(fraction, "window")
    text = screen.getvalue()
    assert "Work: 100%" in text and "window" in text and text.endswith("\n")


def test_a_remark_stands_on_a_line_of_its_own_above_the_bar(monkeypatch: Any) -> None:
    pytest.importorskip("tqdm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_bar("Work") as progress:
        progress(0.5, "window")
        Console().note("Warning: odd")
        progress(0.6, "window")
    before, after = screen.getvalue().split("Warning: odd\n")
    assert before.endswith("\r")
    assert "Work:" in before and "Work:" in after


def test_without_the_bars_package_a_terminal_gets_lines(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.delitem(sys.modules, "AutoContourRTCore.cli.tqdm_bar", raising=False)
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_bar("Work") as progress:
        progress(0.5, "half")
    assert screen.getvalue() == "Work:  50% half\n"
