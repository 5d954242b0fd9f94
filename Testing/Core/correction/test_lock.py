from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore.correction import lock as locking
from AutoContourRTCore.correction import patience
from AutoContourRTCore.correction.lock import (
    STALE_SECONDS,
    Lock,
    LockedByOther,
)
from AutoContourRTCore.correction.patience import Unreachable
from AutoContourRTCore.errors import InputError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def write_owner(path: Path, host: str, pid: int) -> None:
    values = {"host": host, "pid": pid, "user": "ana", "since": "2026-01-02 03:04:05", "token": "t"}
    path.write_text(json.dumps(values))


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_second_to_come_is_told_who_was_first(tmp_path: Path) -> None:
    first, second = (Lock(tmp_path / "l", "The project 'P'") for _ in range(2))
    assert first.take() is None
    with pytest.raises(LockedByOther, match="The project 'P' is in use by") as caught:
        second.take()
    assert str(os.getpid()) in str(caught.value) and socket.gethostname() in str(caught.value)
    assert first.held() and not second.held()
    first.release()
    second.take()
    assert second.held()


def test_a_process_that_is_gone_from_this_machine_is_replaced_at_once(tmp_path: Path) -> None:
    write_owner(tmp_path / "l", socket.gethostname(), dead_pid())
    lock = Lock(tmp_path / "l", "It")
    dead = lock.take()
    assert dead is not None and dead.user == "ana" and lock.held()
    assert [path.name for path in tmp_path.iterdir()] == ["l"]


def test_another_machine_is_replaced_only_when_it_was_silent_for_long(tmp_path: Path) -> None:
    write_owner(tmp_path / "l", "elsewhere", 1)
    age(tmp_path / "l", STALE_SECONDS - 30)
    with pytest.raises(LockedByOther, match="ana on elsewhere"):
        Lock(tmp_path / "l", "It").take()
    age(tmp_path / "l", STALE_SECONDS + 30)
    assert Lock(tmp_path / "l", "It").take() is not None


def test_a_number_that_another_process_has_by_now_does_not_lock_for_ever(tmp_path: Path) -> None:
    write_owner(tmp_path / "l", socket.gethostname(), os.getpid())
    age(tmp_path / "l", STALE_SECONDS + 30)
    assert Lock(tmp_path / "l", "It").take() is not None


def test_a_living_owner_keeps_its_lock_fresh(tmp_path: Path) -> None:
    clock = Clock()
    lock = Lock(tmp_path / "l", "It", clock)
    lock.take()
    age(tmp_path / "l", STALE_SECONDS + 30)
    clock.now = 60.0
    lock.beat()
    with pytest.raises(LockedByOther):
        Lock(tmp_path / "l", "It").take()


def test_a_living_owner_can_be_replaced_by_force_and_notices_before_it_writes(
    tmp_path: Path,
) -> None:
    first, second = Lock(tmp_path / "l", "It"), Lock(tmp_path / "l", "It")
    first.take()
    first.check()
    second.take(by_force=True)
    with pytest.raises(LockedByOther, match="was taken over by"):
        first.check()
    first.release()
    assert second.held()


def test_a_lock_file_that_somebody_deleted_is_noticed(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "l", "It")
    lock.take()
    (tmp_path / "l").unlink()
    with pytest.raises(InputError, match="gone. Open it again"):
        lock.check()


def test_a_lock_file_cut_by_a_crash_is_replaced_when_it_is_old(tmp_path: Path) -> None:
    (tmp_path / "l").write_text('{"host": "els')
    with pytest.raises(LockedByOther, match="an unknown machine"):
        Lock(tmp_path / "l", "It").take()
    age(tmp_path / "l", STALE_SECONDS + 30)
    Lock(tmp_path / "l", "It").take()


def test_a_lock_is_never_seen_without_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of taking it, one leaves nothing that others would wait for."""
    path = tmp_path / "lock"

    def killed(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        Lock(path, "it").take()
    assert not path.exists()
    monkeypatch.undo()
    assert Lock(path, "it").take() is None
    assert [each.name for each in tmp_path.iterdir()] == ["lock"]


def test_a_disk_without_hard_links_has_locks_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    first, second = Lock(tmp_path / "lock", "it"), Lock(tmp_path / "lock", "it")
    first.take()
    with pytest.raises(LockedByOther):
        second.take()
    assert first.held() and [each.name for each in tmp_path.iterdir()] == ["lock"]


def test_of_many_who_find_a_dead_owner_one_gets_the_lock(tmp_path: Path) -> None:
    write_owner(tmp_path / "l", socket.gethostname(), dead_pid())
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from AutoContourRTCore.correction.lock import Lock\n"
        "from AutoContourRTCore.errors import InputError\n"
        "lock = Lock(Path(sys.argv[1]), 'It')\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try:\n    lock.take(); print('mine', flush=True); time.sleep(1)\n"
        "    print('still' if lock.held() else 'lost')\n"
        "except InputError as error:\n    print('refused')\n"
    )
    packages = str(Path(locking.__file__).parents[2])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "l")], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": packages},
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].split() for process in started]
    assert sorted(said) == [["mine", "still"], *[["refused"]] * 5]


def away(*arguments: Any, **values: Any) -> Any:
    raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_is_away_is_no_lost_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    clock = Clock()
    lock = Lock(tmp_path / "l", "It", clock)
    lock.take()
    clock.now = 60.0
    monkeypatch.setattr(Path, "read_text", away)
    with pytest.raises(Unreachable, match="cannot be read or written just now"):
        lock.check()
    lock.beat()  # raises nothing, and is made up for
    monkeypatch.undo()
    age(tmp_path / "l", STALE_SECONDS + 30)
    lock.check()
    with pytest.raises(LockedByOther):
        Lock(tmp_path / "l", "It").take()


def test_a_folder_that_is_away_is_no_lock_file_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    lock = Lock(tmp_path / "far" / "l", "It")
    lock.take()
    (tmp_path / "far").rename(tmp_path / "away")
    with pytest.raises(Unreachable):
        lock.check()
    (tmp_path / "away").rename(tmp_path / "far")
    lock.check()


def test_a_lock_that_cannot_be_reached_any_more_keeps_nobody_from_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    lock = Lock(tmp_path / "l", "It")
    lock.take()
    monkeypatch.setattr(Path, "unlink", away)
    lock.release()
    monkeypatch.undo()
    assert not lock.held()


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_owner(tmp_path / "l", "elsewhere", 1)
    monkeypatch.setattr(Path, "touch", away)  # to tell how old the other one's file is
    with pytest.raises(InputError, match="It cannot be opened for writing: Input/output error"):
        Lock(tmp_path / "l", "It").take()
