"""The ctk widgets that .ui files of scripted modules use."""

from __future__ import annotations

import re
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .cppsignal import CppSignal

Property = QtCore.Property


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header that shows and hides what lies in the layout set on it."""

    contentsCollapsed = CppSignal("contentsCollapsed(bool)")

    def __init__(self, text: Any = "", parent: Any = None) -> None:
        isText = isinstance(text, str)
        super().__init__(parent if isText else text)
        if isText:
            self.setText(text)
        self._collapsed, self._hidden = False, []
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QtWidgets.QSizePolicy.Preferred, QtWidgets.QSizePolicy.Minimum)
        self.setContentsMargins(0, self._header(), 0, 0)
        self.toggled.connect(lambda on: self.setCollapsed(not on))

    def _header(self) -> int:
        return self.fontMetrics().height() + 8

    def isCollapsed(self) -> bool:
        return self._collapsed

    def setCollapsed(self, collapsed: bool) -> None:
        if collapsed == self._collapsed:
            return
        self._collapsed = bool(collapsed)
        self.setChecked(not collapsed)
        if collapsed:
            self.hideContents()
        else:
            self.setMaximumHeight(16777215)
            while self._hidden:
                self._hidden.pop().setVisible(True)
        self.updateGeometry()
        self.contentsCollapsed.emit(self._collapsed)

    def hideContents(self) -> None:
        """Hides what is visible, to be shown again; widgets that came while collapsed too."""
        self.setMaximumHeight(self._header())
        shown = [c for c in self.children()
                 if isinstance(c, QtWidgets.QWidget) and not c.isHidden()]
        for child in shown:
            child.setVisible(False)
        self._hidden += shown

    def showEvent(self, event: Any) -> None:
        if self._collapsed:
            self.hideContents()

    collapsed = Property(bool, isCollapsed, setCollapsed)

    def sizeHint(self) -> Any:
        inner = self.layout().sizeHint() if self.layout() is not None else QtCore.QSize(100, 0)
        height = self._header() + (0 if self._collapsed else inner.height())
        return QtCore.QSize(max(inner.width(), 100), height)

    minimumSizeHint = sizeHint

    def hitButton(self, position: Any) -> bool:
        return position.y() < self._header()

    def paintEvent(self, event: Any) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionHeader()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width, self._header())
        painter.fillRect(option.rect, self.palette.button())
        arrow = QtWidgets.QStyle.PE_IndicatorArrowRight if self._collapsed \
            else QtWidgets.QStyle.PE_IndicatorArrowDown
        place = QtWidgets.QStyleOption()
        place.initFrom(self)
        place.rect = QtCore.QRect(4, 4, self._header() - 8, self._header() - 8)
        painter.drawPrimitive(arrow, place)
        bold = QtGui.QFont(self.font)
        bold.setBold(True)
        painter.setFont(bold)
        painter.drawText(option.rect.adjusted(self._header(), 0, 0, 0),
                         int(QtCore.Qt.AlignVCenter), self.text)






class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box that can hide its content."""

    def __init__(self, title: Any = "", parent: Any = None) -> None:
        isText = isinstance(title, str)
        super().__init__(parent if isText else title)
        if isText:
            self.setTitle(title)
        self._collapsed = False

    def isCollapsed(self) -> bool:
        return self._collapsed

    def setCollapsed(self, collapsed: bool) -> None:
        self._collapsed = bool(collapsed)
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                child.setVisible(not collapsed)

    collapsed = Property(bool, isCollapsed, setCollapsed)


class ctkPathLineEdit(QtWidgets.QWidget):
    """A path and a button that asks for one."""

    currentPathChanged = CppSignal("currentPathChanged(QString)")
    validInputChanged = CppSignal("validInputChanged(bool)")
    Dirs, Files, Drives, NoSymLinks, AllEntries = 1, 2, 4, 8, 7
    Readable, Writable, Executable, Hidden = 0x10, 0x20, 0x40, 0x100

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._filters, self._key, self._label = self.AllEntries, "", ""
        self._nameFilters: list = []
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._edit, self._button = QtWidgets.QLineEdit(), QtWidgets.QToolButton()
        self._button.setText("…")
        layout.addWidget(self._edit)
        layout.addWidget(self._button)
        self._isValid = False
        self._edit.textChanged.connect(self._tell)
        self._button.clicked.connect(self.browse)

    def _tell(self, text: str) -> None:
        """As ctk: a text that is no path, an empty one above all, is no change of the path; nor is
        one that the name filters do not take, letter by letter."""
        endings = re.findall(r"\*\.(\w+)", " ".join(self._nameFilters))
        fits = not self._nameFilters or re.fullmatch(rf".*\.({'|'.join(endings)})", text)
        wasValid, self._isValid = self._isValid, bool(text and fits)
        if self._isValid:
            self.currentPathChanged.emit(text)
        if self._isValid != wasValid:
            self.validInputChanged.emit(self._isValid)

    def browse(self) -> None:
        files = QtWidgets.QFileDialog
        ask = files.getOpenFileName if self._filters & self.Files else files.getExistingDirectory
        path = ask(self, "Select a file or folder", self._edit.text)
        if path:
            self._setPath(path)

    def addCurrentPathToHistory(self) -> None:
        """The harness keeps no history."""

    def _setPath(self, path: str) -> None:
        self._edit.setText(path)

    currentPath = Property(str, lambda self: self._edit.text, _setPath)
    setCurrentPath = _setPath
    filters = Property(int, lambda self: self._filters,
                       lambda self, value: setattr(self, "_filters", int(value)))
    nameFilters = Property(list, lambda self: self._nameFilters,
                           lambda self, value: setattr(self, "_nameFilters", list(value)))
    settingKey = Property(str, lambda self: self._key,
                          lambda self, value: setattr(self, "_key", value))
    label = Property(str, lambda self: self._label,
                     lambda self, value: setattr(self, "_label", value))
    showHistoryButton = Property(bool, lambda self: False, lambda self, value: None)
    showBrowseButton = Property(bool, lambda self: not self._button.isHidden(),
                                lambda self, value: self._button.setVisible(value))


class ctkDoubleSpinBox(QtWidgets.QDoubleSpinBox):
    """A QDoubleSpinBox under its ctk name."""


class ctkComboBox(QtWidgets.QComboBox):
    """A QComboBox under its ctk name."""


class ctkFittedTextBrowser(QtWidgets.QTextBrowser):
    """A text browser under its ctk name."""


class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box that may remember not to be shown again (the harness always shows it)."""

    dontShowAgainSettingsKey = Property(str, lambda self: "", lambda self, value: None)


class ctkSliderWidget(QtWidgets.QWidget):
    """A slider beside a spin box; the value is the spin box's."""

    valueChanged = CppSignal("valueChanged(double)")
    valueIsChanging = CppSignal("valueIsChanging(double)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Horizontal)
        self._slider.setRange(0, 1000)
        self._spin = QtWidgets.QDoubleSpinBox()
        self._spin.setRange(0, 99)
        layout.addWidget(self._slider)
        layout.addWidget(self._spin)
        self._spin.valueChanged.connect(self._spun)
        self._slider.sliderMoved.connect(self._slid)

    def _slid(self, step: int) -> None:
        spin = self._spin
        spin.setValue(spin.minimum + (spin.maximum - spin.minimum) * step / 1000)

    def _spun(self, value: float) -> None:
        spin = self._spin
        width = (spin.maximum - spin.minimum) or 1
        self._slider.setValue(round(1000 * (value - spin.minimum) / width))
        self.valueChanged.emit(value)

    def spinBox(self) -> Any:
        return self._spin

    def slider(self) -> Any:
        return self._slider

    def setRange(self, least: float, most: float) -> None:
        self._spin.setRange(least, most)


def _forward(name: str, kind: type) -> Any:
    """A property that is the spin box's."""
    return Property(kind, lambda self: getattr(self._spin, name),
                    lambda self, value: setattr(self._spin, name, value))


for _name, _kind in (("value", float), ("minimum", float), ("maximum", float), ("decimals", int),
                     ("singleStep", float), ("suffix", str), ("prefix", str)):
    setattr(ctkSliderWidget, _name, _forward(_name, _kind))
    setattr(ctkSliderWidget, "set" + _name[0].upper() + _name[1:],
            lambda self, value, _name=_name: setattr(self._spin, _name, value))

ALL = [
    ctkCollapsibleButton, ctkCollapsibleGroupBox, ctkPathLineEdit, ctkDoubleSpinBox, ctkComboBox,
    ctkFittedTextBrowser, ctkMessageBox, ctkSliderWidget,
]
