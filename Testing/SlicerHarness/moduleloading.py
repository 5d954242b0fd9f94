"""Loads a scripted module from its file, as the application does at its start."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtCore

from .modules import qSlicerScriptedLoadableModule


class LoadedModule:
    """A loaded module: its description, panel (built on first use) and logic."""

    def __init__(self, module: qSlicerScriptedLoadableModule, instance: Any) -> None:
        self.module, self.instance = module, instance

    @property
    def name(self) -> str:
        return self.module.name

    @property
    def widget(self) -> Any:
        """The module's own ScriptedLoadableModuleWidget, set up."""
        return self.module.widgetRepresentation().self()

    @property
    def panel(self) -> Any:
        """The Qt widget that holds it."""
        return self.module.widgetRepresentation()

    @property
    def logic(self) -> Any:
        return self.widget.logic


def loadModule(path: Any) -> LoadedModule:
    """Imports MODULE.py, makes its class MODULE, and registers it in slicer.modules."""
    path = Path(path).resolve()
    name = path.stem
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    python = importlib.util.module_from_spec(spec)
    sys.modules[name] = python
    spec.loader.exec_module(python)
    module = qSlicerScriptedLoadableModule(name, str(path))
    module.makeWidget = lambda parent: getattr(sys.modules[name], name + "Widget")(parent)
    instance = getattr(python, name)(module)
    setattr(slicer.modules, name + "Instance", instance)
    slicer.app.moduleManager().add(module)
    return LoadedModule(module, instance)


def closeModule(loaded: LoadedModule) -> None:
    """What the application does at its end: exit, cleanup, delete the panel."""
    module, name = loaded.module, loaded.name
    selector = slicer.util.mainWindow().moduleSelector()
    if selector.selectedModule == name:
        selector.leave()
    slicer.app.moduleManager().remove(name)
    for attribute in (name + "Widget", name + "Instance"):
        if hasattr(slicer.modules, attribute):
            delattr(slicer.modules, attribute)
    if module.widget is not None:
        module.widget.deleteLater()
        module.widget = None
    slicer.app.processEvents()
    # processEvents leaves deletions to a running event loop, and there is none here.
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
