"""Lines out of pieces."""

from __future__ import annotations

import pytest

from AutoContourRTLib import Lines
from AutoContourRTLib.Lines import LineBuffer

TEXT = "first\nsecond ü\r\n\n third\rfourth".encode()


@pytest.mark.parametrize("size", range(1, len(TEXT) + 1))
def test_lines_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    buffer = LineBuffer()
    pieces = [TEXT[start : start + size] for start in range(0, len(TEXT), size)]
    lines = [line for piece in pieces for line in buffer.feed(piece)]
    assert [line.decode() for line in lines] == ["first", "second ü", " third"]
    assert buffer.flush() == [b"fourth"] and buffer.flush() == []


def test_a_line_without_end_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lines, "LONGEST_LINE", 100)
    buffer = LineBuffer()
    found = [line for _ in range(50) for line in buffer.feed(b"x" * 10)]
    assert found and all(len(line) <= 110 for line in found)
