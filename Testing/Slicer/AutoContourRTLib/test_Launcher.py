"""What the worker is started with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTLib import Launcher
from AutoContourRTLib.Launcher import findLauncher, packagesFolder, workerEnvironment


def test_slicers_own_launcher_comes_first(
    slicer_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "bin" / f"PythonSlicer{'.exe' if sys.platform == 'win32' else ''}"
    own.parent.mkdir()
    own.write_text("")

    class App:
        slicerHome = str(tmp_path)

    monkeypatch.setattr(slicer_app, "app", App)
    assert findLauncher() == str(own)
    own.unlink()
    monkeypatch.setattr(Launcher.shutil, "which", lambda name: None)
    assert findLauncher() == sys.executable
    monkeypatch.setattr(sys, "executable", str(tmp_path / "SlicerApp-real"))
    (tmp_path / "SlicerApp-real").write_text("")
    with pytest.raises(InputError, match="reinstall 3D Slicer"):
        findLauncher()


def test_the_environment_finds_the_packages_and_is_otherwise_the_users() -> None:
    base = {"PYTHONPATH": "/home/me/ros", "PYTHONSTARTUP": "x.py", "CUDA_VISIBLE_DEVICES": "1"}
    made = workerEnvironment(base)
    assert (Path(made["PYTHONPATH"]) / "AutoContourRTCore" / "worker.py").is_file()
    assert made["PYTHONUTF8"] == "1" and made["PYTHONNOUSERSITE"] == "1"
    assert made["CUDA_VISIBLE_DEVICES"] == "1" and "PYTHONSTARTUP" not in made
    assert base["PYTHONPATH"] == "/home/me/ros"


def test_the_packages_folder_is_where_core_was_imported_from() -> None:
    import AutoContourRTCore

    assert packagesFolder() == Path(AutoContourRTCore.__file__).resolve().parent.parent
