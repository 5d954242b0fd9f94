"""The temporary files of one run: a folder of its own, removed at the end, or the next time."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import List, Optional

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.process_tree import is_running

_NAME = re.compile(r"run-(\d+)-[0-9a-f]{8}")
#: Folders that this process still uses.
_mine: List[Path] = []


class RunFolder:
    """A new, empty folder run-<process>-<random> in `base` (None: Slicer's temporary folder).

    Folders that processes left behind that are gone (a crash) are removed first. Raises InputError
    when none can be made.
    """

    def __init__(self, base: Optional[Path] = None) -> None:
        base = temporaryFolder() if base is None else base
        try:
            base.mkdir(parents=True, exist_ok=True)
            removeLeftovers(base)
            self.path = base / f"run-{os.getpid()}-{secrets.token_hex(4)}"
            self.path.mkdir(mode=0o700)  # patients' images: nobody else may read them
        except OSError as error:
            text = _(
                "No temporary folder can be made in {folder} ({why}); choose another one in the "
                "application settings, or free some space."
            )
            raise InputError(text.format(folder=base, why=error.strerror)) from error
        _mine.append(self.path)

    def remove(self) -> None:
        """Remove it with all that it holds; what a dying worker still holds goes the next time."""
        if self.path in _mine:
            _mine.remove(self.path)
        shutil.rmtree(self.path, ignore_errors=True)


def temporaryFolder() -> Path:
    """AutoContourRT in the temporary folder of the application, or of the system."""
    import slicer

    path = getattr(getattr(slicer, "app", None), "temporaryPath", None)
    return Path(path if isinstance(path, str) and path else tempfile.gettempdir()) / "AutoContourRT"


def removeLeftovers(base: Path) -> None:
    """Remove the run folders that no living process uses; others' files are left alone."""
    for folder in base.iterdir():
        match = _NAME.fullmatch(folder.name)
        if not match or folder in _mine:
            continue
        owner = int(match.group(1))
        if owner == os.getpid() or not is_running(owner):
            shutil.rmtree(folder, ignore_errors=True)
