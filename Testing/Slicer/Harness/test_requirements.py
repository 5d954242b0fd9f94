"""Where something is missing, the tests of this folder are skipped and say what."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTING = Path(__file__).resolve().parents[2]


def pytestWith(folder: Path) -> str:
    """What pytest says of one test file when `folder` comes first on the module path."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider",
         "--rootdir", str(TESTING.parent), "-c", str(TESTING.parent / "pyproject.toml"),
         str(TESTING / "Slicer" / "Harness" / "test_dialogs.py")],
        env=environment, capture_output=True, text=True, cwd=TESTING.parent, timeout=120)
    return done.stdout + done.stderr


def test_a_missing_system_library_is_named_with_the_way_out(tmp_path: Path) -> None:
    package = tmp_path / "PySide6"
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "QtWidgets.py").write_text(
        "raise ImportError('libEGL.so.1: cannot open shared object file')", "utf-8")
    said = pytestWith(tmp_path)
    assert "1 skipped" in said and "failed" not in said and "error" not in said
    assert "libEGL.so.1" in said and "apt-get install" in said


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'slicer_core' else find(n, *a)\n", "utf-8")
    said = pytestWith(tmp_path)
    assert "1 skipped" in said and "slicer-core is not installed" in said
