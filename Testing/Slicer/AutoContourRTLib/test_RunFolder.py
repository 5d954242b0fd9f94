"""Temporary folders come and go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.RunFolder import RunFolder, temporaryFolder


def test_each_run_has_a_folder_of_its_own_that_goes_with_it(tmp_path: Path) -> None:
    first, second = RunFolder(tmp_path / "ü"), RunFolder(tmp_path / "ü")
    assert first.path != second.path and first.path.is_dir() and second.path.is_dir()
    (first.path / "volume.nrrd").write_text("x")
    first.remove()
    first.remove()
    assert not first.path.exists() and second.path.exists()
    second.remove()


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.remove()


def test_what_crashed_runs_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = {
        f"run-{ended.pid}-00000000": False,  # of a process that is gone
        f"run-{os.getpid()}-00000000": False,  # of an earlier process of our number
        f"run-{os.getppid()}-00000000": True,  # of a living process
        "run-1-notes": True,
        "results": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "volume.nrrd").write_text("x")
    mine = RunFolder(tmp_path)
    other = RunFolder(tmp_path)
    assert {name: (tmp_path / name).exists() for name in names} == names
    assert mine.path.exists() and other.path.exists()
    for folder in (mine, other):
        folder.remove()


def test_a_place_where_none_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="temporary folder"):
        RunFolder(tmp_path / "file")


def test_it_lies_in_slicers_temporary_folder(slicer_app: Any) -> None:
    assert temporaryFolder().parent == Path(slicer_app.app.temporaryPath)
