"""The modules `qt` and `ctk` that module code imports."""

from __future__ import annotations

import sys
import types

from PySide6 import QtCore, QtGui, QtWidgets

from . import ctkwidgets, uiloader


def install() -> None:
    qt = types.ModuleType("qt")
    for source in (QtCore, QtGui, QtWidgets):
        for name in dir(source):
            if name[0] == "Q":
                setattr(qt, name, getattr(source, name))
    qt.QUiLoader = uiloader.QUiLoader
    ctk = types.ModuleType("ctk")
    for item in ctkwidgets.ALL:
        setattr(ctk, item.__name__, item)
    sys.modules["qt"], sys.modules["ctk"] = qt, ctk
