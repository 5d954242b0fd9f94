from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Callable, Tuple

import numpy as np
import pytest

from AutoContourRTCore.correction import journal as journals
from AutoContourRTCore.correction import patience
from AutoContourRTCore.correction.journal import Change, Journal, difference
from AutoContourRTCore.correction.patience import Unreachable
from AutoContourRTCore.errors import InputError

SHAPE = (3, 4, 5)
NO_SLICE = np.zeros(3, dtype=bool)


def random_change(marks: np.ndarray, seed: int) -> Tuple[Change, np.ndarray]:
    rng = np.random.default_rng(seed)
    after = marks.copy()
    after[rng.random(SHAPE) < 0.3] = rng.integers(0, 3)
    return difference((marks, after), (NO_SLICE, NO_SLICE)), after


def applied(change: Change, marks: np.ndarray) -> np.ndarray:
    after = marks.copy()
    assert np.array_equal(after.flat[change.voxels], change.before)
    after.flat[change.voxels] = change.after
    return after


def filled(path: Path, count: int) -> "list[np.ndarray]":
    """A journal of so many changes; the states before and after each."""
    journal, states = Journal(path), [np.zeros(SHAPE, dtype=np.uint8)]
    for seed in range(count):
        change, after = random_change(states[-1], seed)
        journal.append(change)
        states.append(after)
    return states


def test_a_difference_holds_what_changed_and_nothing_else() -> None:
    before, after = np.zeros(SHAPE, dtype=np.uint8), np.zeros(SHAPE, dtype=np.uint8)
    before[1, 2, 3], after[1, 2, 3], after[2, 0, 0] = 1, 2, 1
    change = difference((before, after), (NO_SLICE, np.array([False, True, False])))
    assert change.voxels.tolist() == [1 * 20 + 2 * 5 + 3, 40]
    assert (change.before.tolist(), change.after.tolist()) == ([1, 0], [2, 1])
    assert (change.slices.tolist(), change.reviewed_after.tolist()) == ([1], [True])


def test_all_changes_are_undone_one_by_one_also_by_another_session(tmp_path: Path) -> None:
    states = filled(tmp_path / "j", 30)
    for expected in reversed(states[:-1]):
        journal = Journal(tmp_path / "j")  # each time anew: nothing is in memory only
        states.append(applied(journal.undo(), states[-1]))
        assert np.array_equal(states[-1], expected)
    assert not Journal(tmp_path / "j").can_undo


def test_what_was_undone_can_be_made_again_until_something_else_is_drawn(tmp_path: Path) -> None:
    states = filled(tmp_path / "j", 3)
    journal = Journal(tmp_path / "j")
    journal.undo()
    journal.undo()
    again = applied(journal.redo(), states[1])
    assert np.array_equal(again, states[2]) and journal.can_redo
    journal.append(random_change(again, 9)[0])
    assert not journal.can_redo


def test_the_records_after_a_snapshot_lead_to_the_present_state(tmp_path: Path) -> None:
    states = filled(tmp_path / "j", 4)
    journal = Journal(tmp_path / "j")
    journal.undo()  # records: 4 changes, 1 undo
    marks = states[2]
    for change in Journal(tmp_path / "j").changes_after(2):
        marks = applied(change, marks)
    assert np.array_equal(marks, states[3])
    assert Journal(tmp_path / "j").changes_after(5) == []
    with pytest.raises(InputError, match="5 records.*contains 6.*one backup"):
        Journal(tmp_path / "j").changes_after(6)


@pytest.mark.parametrize("cut", [1, 7, 16, 30])
def test_what_a_crash_left_of_a_record_is_put_aside_and_all_before_it_is_there(
    tmp_path: Path, cut: int
) -> None:
    states = filled(tmp_path / "j", 5)
    size = (tmp_path / "j").stat().st_size
    whole = Journal(tmp_path / "j")
    start = whole._places[-1][0]
    os.truncate(tmp_path / "j", start + cut)
    journal = Journal(tmp_path / "j")
    assert len(journal) == 4 and journal.size == start < size
    assert journal.put_aside is not None and journal.put_aside.stat().st_size == cut
    assert np.array_equal(applied(journal.undo(), states[4]), states[3])
    assert Journal(tmp_path / "j").put_aside is None


def test_a_changed_byte_ends_the_reading_before_it(tmp_path: Path) -> None:
    filled(tmp_path / "j", 5)
    start = Journal(tmp_path / "j")._places[3][0]
    content = bytearray((tmp_path / "j").read_bytes())
    content[start + 40] ^= 1
    (tmp_path / "j").write_bytes(bytes(content))
    journal = Journal(tmp_path / "j")
    assert len(journal) == 3
    assert journal.put_aside is not None and journal.put_aside.read_bytes() == content[start:]


def test_a_full_disk_refuses_the_change_and_harms_nothing_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = filled(tmp_path / "j", 2)
    journal, before = Journal(tmp_path / "j"), (tmp_path / "j").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="last change could not be saved.*Free some space"):
        journal.append(random_change(states[-1], 7)[0])
    monkeypatch.undo()
    assert (tmp_path / "j").read_bytes() == before and len(journal) == 2
    journal.append(random_change(states[-1], 7)[0])
    assert len(Journal(tmp_path / "j")) == 3


def test_a_second_without_the_disk_loses_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = filled(tmp_path / "j", 2)
    journal, sync, failures = Journal(tmp_path / "j"), os.fsync, [3]

    def away(descriptor: int) -> None:
        failures[0] -= 1
        if failures[0] >= 0:
            raise OSError(errno.EIO, "Input/output error")
        sync(descriptor)

    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(os, "fsync", away)
    change, after = random_change(states[-1], 7)
    journal.append(change)
    again = Journal(tmp_path / "j")
    assert len(again) == 3 and again.put_aside is None
    assert np.array_equal(applied(again.undo(), after), states[-1])


def test_what_a_failed_write_left_is_cut_before_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = filled(tmp_path / "j", 2)
    journal = Journal(tmp_path / "j")

    def away(*arguments: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(os, "fsync", away)
    monkeypatch.setattr(os, "truncate", away)  # nor can it be taken away now
    change, _ = random_change(states[-1], 7)
    with pytest.raises(InputError, match="last change could not be saved: Input/output error"):
        journal.append(change)
    monkeypatch.undo()
    assert len(journal) == 2
    other, after = random_change(states[-1], 8)
    journal.append(other)
    again = Journal(tmp_path / "j")
    assert len(again) == 3 and again.put_aside is None
    assert np.array_equal(applied(again.undo(), after), states[-1])


@pytest.mark.parametrize("act", [lambda journal: journal.undo(), lambda journal: journal.size])
def test_a_journal_that_cannot_be_reached_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Journal], object]
) -> None:
    filled(tmp_path / "j", 2)
    journal = Journal(tmp_path / "j")

    def away(*arguments: object, **values: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(journals, "open", away, raising=False)
    monkeypatch.setattr(Path, "stat", away)
    with pytest.raises(Unreachable):
        act(journal)
    monkeypatch.undo()
    assert len(journal) == 2 and journal.can_undo
