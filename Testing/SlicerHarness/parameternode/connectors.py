"""Ties a widget to a parameter: which property, which signal, for which types."""

from __future__ import annotations

import enum
import pathlib
from typing import Any, Callable, List, Optional

from PySide6 import QtWidgets

from ..ctkwidgets import ctkPathLineEdit, ctkSliderWidget
from ..qmrml.nodecombobox import qMRMLNodeComboBox
from .converters import nodeClasses, splitAnnotations
from .validators import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange


class Connector:
    """Reads and writes one widget; `changed` runs a callback while connected."""

    def __init__(self, widget: Any, signal: str, read: Callable[[], Any],
                 write: Callable[[Any], None]) -> None:
        self.widget, self.read, self.write = widget, read, write
        self._signal = signal
        self._callback: Optional[Callable[[], None]] = None

    def onChanged(self, callback: Optional[Callable[[], None]]) -> None:
        if callback is None:
            self.widget.disconnect(self._signal, self._changed)
        else:
            self.widget.connect(self._signal, self._changed)
        self._callback = callback

    def _changed(self) -> None:
        if self._callback is not None:
            self._callback()


def _property(widget: Any, signal: str, name: str) -> Connector:
    return Connector(widget, signal, lambda: getattr(widget, name),
                     lambda value: setattr(widget, name, value))


def makeConnector(widget: Any, annotated: Any) -> Connector:
    """The connector for a widget and a (possibly annotated) type, or RuntimeError."""
    kind, notes = splitAnnotations(annotated)
    exact = type(widget)
    if kind is bool and exact is QtWidgets.QCheckBox:
        return _property(widget, "stateChanged(int)", "checked")
    if kind is bool and exact is QtWidgets.QPushButton:
        widget.checkable = True
        return _property(widget, "toggled(bool)", "checked")
    if kind is int and exact in (QtWidgets.QSpinBox, QtWidgets.QSlider):
        return _number(widget, "valueChanged(int)", notes, -2**31, 2**31 - 1)
    if kind is float and exact in (QtWidgets.QDoubleSpinBox, ctkSliderWidget):
        return _number(widget, "valueChanged(double)", notes, float("-inf"), float("inf"))
    if exact is QtWidgets.QComboBox:
        return _combo(widget, kind, notes)
    if kind is str and exact is QtWidgets.QLineEdit:
        return _property(widget, "textChanged(QString)", "text")
    if kind is str and exact is QtWidgets.QTextEdit:
        return _property(widget, "textChanged()", "plainText")
    if kind is pathlib.Path and exact is ctkPathLineEdit:
        return Connector(widget, "currentPathChanged(QString)",
                         lambda: pathlib.Path(widget.currentPath),
                         lambda value: setattr(widget, "currentPath", str(value)))
    if nodeClasses(kind) and exact is qMRMLNodeComboBox:
        widget.nodeTypes = [item.__name__ for item in nodeClasses(kind)]
        return Connector(widget, "currentNodeChanged(vtkMRMLNode*)", widget.currentNode,
                         widget.setCurrentNode)
    raise RuntimeError(f"A {exact.__name__} cannot show a parameter of type {annotated}")


def _first(notes: List[Any], kind: type) -> Any:
    return next((note for note in notes if isinstance(note, kind)), None)


def _number(widget: Any, signal: str, notes: List[Any], least: float, most: float) -> Connector:
    """A spin box or slider; its range, step and digits follow the annotations."""
    within = _first(notes, WithinRange)
    lower, upper = within or _first(notes, Minimum), within or _first(notes, Maximum)
    if isinstance(widget, (ctkSliderWidget, QtWidgets.QSlider)) and not (lower and upper):
        raise RuntimeError("A slider needs a parameter with a lower and an upper bound")
    for note, name in ((_first(notes, Decimals), "decimals"),
                       (_first(notes, SingleStep), "singleStep")):
        if note is not None:
            setattr(widget, name, note.value)
    widget.minimum = lower.minimum if lower else least
    widget.maximum = upper.maximum if upper else most
    return _property(widget, signal, "value")


def _combo(widget: Any, kind: Any, notes: List[Any]) -> Connector:
    """A combo box of the choices, or of the members of an enum."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        values = list(kind)
        label = getattr(kind, "label", lambda member: member.name)
    else:
        choice = _first(notes, Choice)
        if choice is None:
            raise RuntimeError("A QComboBox needs a parameter annotated with Choice")
        values, label = list(choice.choices), str
    widget.clear()
    for value in values:
        widget.addItem(label(value))
    return Connector(widget, "currentIndexChanged(int)", lambda: values[widget.currentIndex],
                     lambda value: setattr(widget, "currentIndex", values.index(value)))
