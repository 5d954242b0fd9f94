"""What the harness needs and a bare system may lack."""

from __future__ import annotations

import importlib.util

#: What PySide6's widgets and VTK's offscreen rendering load, by Debian's names.
LIBRARIES = "libegl1 libgl1 libx11-6 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0"


def missing() -> str:
    """Why the harness cannot start here; empty if it can."""
    for package, wheel in (("slicer_core", "slicer-core"), ("PySide6", "PySide6-Essentials")):
        if importlib.util.find_spec(package) is None:
            return f"{wheel} is not installed (there are wheels for Python 3.11 and 3.12)"
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        return f"Qt cannot be loaded: {error}. On Debian: apt-get install {LIBRARIES}"
    return ""
