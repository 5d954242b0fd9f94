"""qt.QUiLoader: real .ui files, with the stand-ins for custom widgets."""

from __future__ import annotations

import functools
import operator
import xml.etree.ElementTree as ElementTree
from typing import Any, List, Tuple

from PySide6 import QtCore, QtUiTools

from . import ctkwidgets, manners, qmrml


class QUiLoader(QtUiTools.QUiLoader):
    """Knows the stand-ins; an unknown class raises instead of becoming a bare QWidget."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._custom = {item.__name__: item for item in [*ctkwidgets.ALL,
                                                         *qmrml.widgetClasses()]}
        for item in self._custom.values():
            self.registerCustomWidget(item)

    def load(self, device: Any, parent: Any = None) -> Any:
        tree = ElementTree.fromstring(bytes(device.readAll().data()))
        self._refuseUnknown(tree)
        self._countEnums(tree)
        connections = _takeConnections(tree, set(self._custom))
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(tree))
        buffer.open(QtCore.QIODevice.ReadOnly)
        manners.loadingUi = True
        try:
            widget = super().load(buffer, parent)
        finally:
            manners.loadingUi = False
        if widget is None:
            raise RuntimeError(self.errorString())
        for button in widget.findChildren(ctkwidgets.ctkCollapsibleButton):
            if button.collapsed:
                button.hideContents()
        for sender, signal, receiver, slot in connections:
            _find(widget, sender).connect(signal, getattr(_find(widget, receiver),
                                                          slot.split("(")[0]))
        return widget

    def _countEnums(self, tree: Any) -> None:
        """Enum values of stand-ins as numbers: `ctkPathLineEdit::Files|ctkPathLineEdit::Dirs`."""
        for element in [*tree.iter("set"), *tree.iter("enum")]:
            names = [part.split("::") for part in (element.text or "").split("|")]
            if all(name[0] in self._custom for name in names):
                values = [getattr(self._custom[name[0]], name[-1]) for name in names]
                element.tag, element.text = "number", str(functools.reduce(operator.or_, values))

    def _refuseUnknown(self, tree: Any) -> None:
        known = {*self.availableWidgets(), *self._custom, "Line"}
        for element in tree.iter("widget"):
            if element.get("class") not in known:
                raise RuntimeError(f"The harness has no widget {element.get('class')}; "
                                   "see Testing/SlicerHarness/README.md")


def _takeConnections(tree: Any, custom: set) -> List[Tuple[str, str, str, str]]:
    """Removes the connections of stand-ins from the file and returns them."""
    classes = {e.get("name"): e.get("class") for e in tree.iter("widget")}
    taken = []
    for parent in tree.iter("connections"):
        for element in list(parent):
            parts = tuple(element.findtext(k) for k in ("sender", "signal", "receiver", "slot"))
            if {classes.get(parts[0]), classes.get(parts[2])} & custom:
                parent.remove(element)
                taken.append(parts)
    return taken


def _find(widget: Any, name: str) -> Any:
    return widget if widget.objectName == name else widget.findChild(QtCore.QObject, name)
