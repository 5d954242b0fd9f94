"""Pictures of widgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional, Tuple

from PySide6 import QtWidgets


def photograph(widget: Any, path: Any, size: Optional[Tuple[int, int]] = None) -> Path:
    """Writes a PNG of a widget as a user would see it; size: width, height in pixels."""
    if size is not None:
        widget.resize(*size)
    wasHidden = widget.isHidden()
    widget.show()
    for _ in range(3):  # layouts settle in turns of the event loop
        QtWidgets.QApplication.processEvents()
    if not widget.grab().save(str(path)):
        raise OSError(f"The picture {path} could not be written")
    if wasHidden and widget.isWindow():
        widget.hide()
    return Path(path)
