"""Names of nodes as names of files."""

from __future__ import annotations

import re

#: What Windows allows in no name, "/" nobody: Slicer calls a volume "3: CT Head".
_NOT_ALLOWED = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def fileName(text: str) -> str:
    """A text without what no file may be called."""
    return _NOT_ALLOWED.sub("_", text).strip(" .")
