from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, List

import pytest

from AutoContourRTCore.correction.interaction import (
    Event,
    InteractionLog,
    active_seconds,
    read_events,
)
from AutoContourRTCore.errors import InputError


def events(*rows: Any) -> List[Event]:
    return [Event(float(time), name, case, {}) for time, name, case in rows]


def test_active_time_leaves_out_gaps_of_twenty_seconds_and_more() -> None:
    log = events(
        (0, "slice", ""),  # before any image: counts for none
        (5, "open", "a"), (10, "press", "a"), (11, "release", "a"),  # 5 + 1
        (30.9, "slice", "a"),  # 19.9: work
        (50.9, "zoom", "a"),  # 20.0 exactly: no work
        (100, "press", "a"),  # 49.1: no work
        (104, "open", "b"),  # 4, still of a
        (110, "save", "b"), (200, "open", "c"), (201, "slice", "c"),  # 6, then a pause; 1
    )
    assert active_seconds(log) == pytest.approx({"a": 29.9, "b": 6.0, "c": 1.0})


def test_an_image_that_is_opened_again_goes_on_counting() -> None:
    log = events((0, "open", "a"), (3, "open", "b"), (5, "open", "a"), (9, "close", "a"))
    assert active_seconds(log) == {"a": 7.0, "b": 2.0}


def test_nothing_counts_after_closing() -> None:
    log = events((0, "open", "a"), (3, "close", "a"), (4, "slice", ""), (5, "open", "b"))
    assert active_seconds(log) == {"a": 3.0, "b": 0.0}


def test_a_clock_that_is_set_back_mixes_no_images_up() -> None:
    log = events(
        (1000, "open", "a"), (1010, "press", "a"), (1020, "press", "a"),  # 20, then 10 s back
        (1010, "open", "b"), (1015, "press", "b"), (1030, "close", "b"),  # 5 + 15
    )
    assert active_seconds(log) == {"a": 20.0, "b": 20.0}


def test_events_are_appended_and_read_back(tmp_path: Path) -> None:
    now = [10.0]
    log = InteractionLog(tmp_path / "log.jsonl", lambda: now[0])
    log.write("open", "a")
    now[0] = 12.5
    log.write("slice", "a", view="axial", slice=7)
    log.close()
    log.write("save", "a")
    found, damaged = log.read()
    assert damaged == 0 and [e.name for e in found] == ["open", "slice", "save"]
    assert found[1] == Event(12.5, "slice", "a", {"view": "axial", "slice": 7})


def test_a_line_cut_by_a_crash_harms_neither_the_others_nor_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    first = InteractionLog(path)
    first.write("open", "a")
    first.write("slice", "a")
    first.close()
    path.write_bytes(path.read_bytes()[:-9])
    InteractionLog(path).write("save", "a")
    found, damaged = read_events(path)
    assert [event.name for event in found] == ["open", "save"] and damaged == 1


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = InteractionLog(tmp_path / "log.jsonl")

    def full() -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log, "_opened", full)
    with pytest.raises(InputError, match="No space left.*contours are not affected"):
        log.write("open", "a")


def test_a_log_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none.jsonl") == ([], 0)
