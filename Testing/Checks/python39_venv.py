"""Finds a Python 3.9 and gives it NumPy 1.26, as in Slicer 5.8."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from pathlib import Path
from typing import Optional

#: Without torch: its builds for 3.9 are too large to fetch for a test.
REQUIREMENTS = (
    "numpy==1.26.4",
    "scipy",
    "SimpleITK",
    "pydicom",
    "safetensors",
    "pytest",
    "surface-distance==0.1",
)


def find_python39() -> Optional[str]:
    """A Python 3.9 that runs: AUTOCONTOURRT_PYTHON39, python3.9 or one of pyenv's; else None."""
    named = os.environ.get("AUTOCONTOURRT_PYTHON39")
    if named:
        if not runs_as_39(named):
            raise RuntimeError(f"AUTOCONTOURRT_PYTHON39={named} is no Python 3.9 that runs.")
        return named
    pyenv = glob.glob(os.path.expanduser("~/.pyenv/versions/3.9*/bin/python"))
    candidates = [shutil.which("python3.9"), *sorted(pyenv)]
    return next((path for path in candidates if path and runs_as_39(path)), None)


def runs_as_39(python: str) -> bool:
    """Whether a command starts and says that it is Python 3.9."""
    ask = [python, "-c", "import sys; print(sys.version_info[:2] == (3, 9))"]
    try:
        answer = subprocess.run(ask, capture_output=True, text=True, timeout=60)
    except OSError:
        return False
    return answer.stdout.strip() == "True"


def ready_venv(python: str, folder: Path) -> Path:
    """The Python of a virtual environment with REQUIREMENTS, made where it is not there yet.

    Raises subprocess.SubprocessError when the packages cannot be fetched.
    """
    own_python, stamp = folder / "bin" / "python", folder / "ready"
    wanted = "\n".join(REQUIREMENTS)
    is_ready = stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted
    if is_ready and runs_as_39(str(own_python)):
        return own_python
    quiet = ["--quiet", "--disable-pip-version-check"]
    run = [str(own_python), "-m", "pip", "install", *quiet, *REQUIREMENTS]
    for command in ([python, "-m", "venv", "--clear", str(folder)], run):
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=500)
    stamp.write_text(wanted, encoding="utf-8")
    return own_python
