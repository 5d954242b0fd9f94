"""RootPainter's keys on the main window.

Q, W, Z are the Segment Editor's own, too. Two equal shortcuts silence each other, so whoever
installs these takes the editor's away first (see CorrectPanel).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

import qt
import slicer

ROOTPAINTER, EDITOR = "rootpainter", "editor"


class Keys:
    """actions: key -> what it does."""

    def __init__(self, actions: Dict[str, Callable[[], Any]]) -> None:
        self._actions = actions
        self._shortcuts: List[Tuple[Any, Callable[[], Any]]] = []

    @property
    def areInstalled(self) -> bool:
        """Whether the keys do something now."""
        return bool(self._shortcuts)

    def install(self) -> None:
        """Let the keys work, wherever the focus is in the main window."""
        if self.areInstalled or slicer.util.mainWindow() is None:
            return
        for key, action in self._actions.items():
            shortcut = qt.QShortcut(slicer.util.mainWindow())
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.connect("activated()", action)
            self._shortcuts.append((shortcut, action))

    def uninstall(self) -> None:
        """Leave the keys to others."""
        for shortcut, action in self._shortcuts:
            shortcut.disconnect("activated()", action)
            shortcut.setParent(None)  # else Qt still counts it
        self._shortcuts = []
