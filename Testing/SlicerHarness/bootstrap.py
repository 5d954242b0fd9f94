"""Starts the stand-in for the application, once a process."""

from __future__ import annotations

import os
import sys
from typing import Any

_started: Any = None


def start() -> Any:
    """The module `slicer`, with application, scene and modules behind it. A second call: same."""
    global _started
    if _started is None:
        _started = _start()
    return _started


def _start() -> Any:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _keepNone()
    import slicer

    from . import dialogs, enums, failures, manners

    manners.install()
    enums.install()
    dialogs.install()
    failures.install()

    from . import qtmodules
    from .application import qSlicerApplication

    slicer.app = qSlicerApplication()
    _addScene(slicer)
    qtmodules.install()
    _addShell(slicer)
    return slicer


def _keepNone() -> None:
    """PySide6 6.12.0 takes a reference from None with every call that returns nothing; before
    Python 3.12 the process dies of that after some ten thousand calls. Gives None enough of them.
    """
    if sys.version_info < (3, 12):
        import ctypes

        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40


def _addScene(slicer: Any) -> None:
    from . import modules, scene

    applicationLogic = slicer.vtkSlicerApplicationLogic()
    applicationLogic.SetHomeDirectory(slicer.app.slicerHome)
    applicationLogic.SetTemporaryPath(slicer.app.temporaryPath)
    slicer.app._applicationLogic = applicationLogic
    slicer.mrmlScene = scene.makeScene(applicationLogic)
    slicer.app._moduleManager = modules.makeCoreModules(slicer.mrmlScene, applicationLogic)
    scene.addGenericColors(slicer.mrmlScene)
    scene.attachHierarchy(slicer.mrmlScene)
    slicer.qSlicerScriptedLoadableModule = modules.qSlicerScriptedLoadableModule
    slicer.qSlicerScriptedLoadableModuleWidget = modules.qSlicerScriptedLoadableModuleWidget
    slicer.app.mainWindow = modules.MainWindow()


def _addShell(slicer: Any) -> None:
    """Classes and submodules that `slicer` has in the application."""
    from . import i18n, parameternode, qmrml, sampledata, scripted

    for item in qmrml.widgetClasses():
        setattr(slicer, item.__name__, item)
    for name, module in (("ScriptedLoadableModule", scripted), ("i18n", i18n),
                         ("parameterNodeWrapper", parameternode)):
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
    sys.modules["SampleData"] = sampledata
