"""Where models live: shipped ones in the package, the user's own outside the installation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Names the folder of the user's models, in place of the platform's usual one.
VARIABLE = "AUTOCONTOURRT_MODELS"


def shipped_folder() -> Path:
    """The models that come with the program; nothing is ever written there."""
    return Path(__file__).resolve().parent / "shipped"


def user_folder() -> Path:
    """The folder of the user's own models, which an update of the program does not touch.

    The environment variable AUTOCONTOURRT_MODELS if set; else AutoContourRT/models in
    %LOCALAPPDATA% (Windows), ~/Library/Application Support (macOS), or $XDG_DATA_HOME, which is
    ~/.local/share where unset (others). It need not exist yet.
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _data_home() / "AutoContourRT" / "models"


def _data_home() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    xdg = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification: a relative path is invalid and is to be ignored.
    return Path(xdg) if os.path.isabs(xdg) else Path.home() / ".local" / "share"
