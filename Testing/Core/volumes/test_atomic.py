"""Whole files or none."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.volumes import atomic
from AutoContourRTCore.volumes.atomic import atomic_path


def _names(folder: Path) -> list:
    return sorted(each.name for each in folder.iterdir())


def test_the_file_appears_when_the_body_ends_and_not_before(tmp_path: Path) -> None:
    target = tmp_path / "größe eins.seg.nrrd"
    with atomic_path(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.endswith(".seg.nrrd")
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert _names(tmp_path) == [target.name]


def test_content_and_name_are_flushed_before_and_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(atomic.os, "fsync", lambda fd: (calls.append("fsync"), fsync(fd)))
    monkeypatch.setattr(atomic.os, "replace", lambda a, b: (calls.append("rename"), replace(a, b)))
    with atomic_path(tmp_path / "x") as temporary:
        temporary.write_text("new")
    assert calls[:2] == ["fsync", "rename"]
    assert calls[2:] == (["fsync"] if os.name == "posix" else [])


def test_a_file_counts_as_written_where_folders_cannot_be_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def refusing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")  # as VirtualBox's shared folders
        fsync(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", refusing)
    with atomic_path(tmp_path / "x") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "x").read_text() == "new"


@pytest.mark.parametrize("error", [RuntimeError("boom"), Cancelled(), KeyboardInterrupt()])
def test_a_failure_in_the_body_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path, error: BaseException
) -> None:
    target = tmp_path / "x.json"
    target.write_text("old")
    with pytest.raises(type(error)):
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise error
    assert target.read_text() == "old"
    assert _names(tmp_path) == ["x.json"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_protected_disk_becomes_an_error_that_names_the_file(
    tmp_path: Path, code: int
) -> None:
    with pytest.raises(InputError, match="x.json was not written.*choose"):
        with atomic_path(tmp_path / "x.json"):
            raise OSError(code, os.strerror(code))


def test_other_errors_of_the_system_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        with atomic_path(tmp_path / "x.json"):
            (tmp_path / "elsewhere").read_bytes()


def test_a_missing_folder_and_a_folder_in_the_place_of_the_file_are_refused(
    tmp_path: Path,
) -> None:
    for path, message in ((tmp_path / "no" / "x", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=message):
            with atomic_path(path):
                pytest.fail("the body must not run")


def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    link = tmp_path / "link"
    try:
        link.symlink_to(tmp_path / "real")
    except OSError:
        pytest.skip("links cannot be made here")
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 250 + ".json")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


_LIMITED = """
import resource, sys
from pathlib import Path
from AutoContourRTCore.volumes.atomic import atomic_path
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_bytes(b"x" * 5000)
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_file_beyond_the_size_limit_of_the_process_is_refused_and_the_old_one_kept(
    tmp_path: Path,
) -> None:
    target = tmp_path / "x.bin"
    target.write_bytes(b"old")
    run = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(target)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert "x.bin was not written: no space left" in run.stderr
    assert target.read_bytes() == b"old"
    assert _names(tmp_path) == ["x.bin"]
