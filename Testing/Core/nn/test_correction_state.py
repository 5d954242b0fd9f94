from __future__ import annotations

import errno
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore.nn.correction_state import (
    Judged,
    State,
    append_line,
    keep_epochs,
    read_lines,
    read_status,
    request_stop,
    stop_requested,
)


def test_a_state_comes_back_as_it_was() -> None:
    state = State(epoch=3, best=Judged(0.5, {"a": None}, "k", 2), patch=[8, 16, 16])
    assert State.from_values(json.loads(json.dumps(asdict(state)))) == state


def test_lines_of_epochs_that_will_come_again_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for epoch in (1, 2, 2, 3):
        append_line(path, {"epoch": epoch})
    with open(path, "ab") as file:
        file.write(b'{"epoch": 4, "lo')  # a crash
    assert [line["epoch"] for line in keep_epochs(path, 2)] == [1, 2]
    append_line(path, {"epoch": 3})
    assert [line["epoch"] for line in read_lines(path)] == [1, 2, 3]


def test_a_request_to_stop_is_heard_once(tmp_path: Path) -> None:
    assert not stop_requested(tmp_path)
    request_stop(tmp_path / "training")
    assert stop_requested(tmp_path / "training") and not stop_requested(tmp_path / "training")


def test_before_the_first_status_there_is_none(tmp_path: Path) -> None:
    assert read_status(tmp_path) == {} and read_lines(tmp_path / "x") == []


def test_a_request_to_stop_waits_until_the_folder_can_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_stop(tmp_path / "training")

    def away(*arguments: Any, **values: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "unlink", away)
    assert not stop_requested(tmp_path / "training")
    monkeypatch.undo()
    assert stop_requested(tmp_path / "training") and not stop_requested(tmp_path / "training")
