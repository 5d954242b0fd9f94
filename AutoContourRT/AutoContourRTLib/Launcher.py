"""How the worker is started: Slicer's Python, and the environment that it needs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Dict, List, Mapping, Optional

from slicer.i18n import tr as _

import AutoContourRTCore
from AutoContourRTCore.errors import InputError

WORKER_ARGUMENTS = ("-m", "AutoContourRTCore.worker")
_SUFFIX = ".exe" if sys.platform == "win32" else ""


def findLauncher() -> str:
    """The path of PythonSlicer; a bare Python where this one is no Slicer.

    Raises InputError when there is none.
    """
    for path in _candidates():
        if path and Path(path).is_file():
            return str(path)
    text = _(
        "{program} was not found, so that nothing can be computed; repair or reinstall 3D Slicer."
    )
    raise InputError(text.format(program=f"PythonSlicer{_SUFFIX}"))


def _candidates() -> List[Optional[str]]:
    """Where the interpreter may lie, the likeliest first."""
    import slicer

    home = getattr(getattr(slicer, "app", None), "slicerHome", None)
    inHome = [str(Path(home) / "bin" / f"PythonSlicer{_SUFFIX}")] if isinstance(home, str) else []
    isPython = "python" in Path(sys.executable or "").name.lower()
    return [*inHome, shutil.which("PythonSlicer"), sys.executable if isPython else None]


def packagesFolder() -> Path:
    """The folder of AutoContourRTCore: qt-scripted-modules, or the source tree of a developer."""
    return Path(AutoContourRTCore.__file__).resolve().parents[1]


def workerEnvironment(base: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """The environment of the worker; base: this process's own where it is None.

    PYTHONPATH is the packages' folder alone: the launcher adds Slicer's own, and what a user's
    shell names there can break it. Additional module paths of developers never reach it otherwise.
    """
    environment = dict(os.environ if base is None else base)
    environment["PYTHONPATH"] = str(packagesFolder())
    environment["PYTHONUTF8"] = "1"  # names with any letter, whatever the system's code page
    environment["PYTHONNOUSERSITE"] = "1"  # as Slicer: packages of other Pythons break it
    environment["PYTHONUNBUFFERED"] = "1"  # the log of a crash is whole
    for name in ("PYTHONSTARTUP", "PYTHONINSPECT", "ITK_AUTOLOAD_PATH"):
        environment.pop(name, None)  # the last: Slicer's plug-ins of ITK are not for the worker
    return environment
