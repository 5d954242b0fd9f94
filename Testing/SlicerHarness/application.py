"""slicer.app: the application object, as far as module code speaks to it."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtWidgets

from .cppsignal import CppSignal
from .iomanager import CoreIOManager


class CommandOptions:
    """slicer.app.commandOptions()."""

    noMainWindow = False
    isTestingEnabled = False


class qSlicerApplication(QtWidgets.QApplication):
    """One for the process. Its settings and temporary files live in a folder of their own."""

    startupCompleted = CppSignal("startupCompleted()")
    mrmlSceneChanged = CppSignal("mrmlSceneChanged(vtkMRMLScene*)")

    home = Path()
    testing = False
    mainWindow: Any = None

    def __init__(self) -> None:
        super().__init__(["Slicer"])
        self.home = Path(tempfile.mkdtemp(prefix="SlicerHarness"))
        atexit.register(shutil.rmtree, self.home, ignore_errors=True)
        self._applicationLogic: Any = None
        self._layoutManager: Any = None
        self._moduleManager: Any = None
        self._ioManager = CoreIOManager()
        self.setOrganizationName("SlicerHarness")
        self.setApplicationName("Slicer")
        self.setQuitOnLastWindowClosed(False)
        self.useOwnSettings()
        self.makeLauncher()

    def useOwnSettings(self) -> None:
        settings = QtCore.QSettings
        settings.setDefaultFormat(settings.IniFormat)
        settings.setPath(settings.IniFormat, settings.UserScope, str(self.home))

    def makeLauncher(self) -> None:
        """bin/PythonSlicer, a process in front of the interpreter as in Slicer; not on Windows.

        A signal that ends the interpreter is exit code 1 of Slicer's launcher, which says so.
        """
        if sys.platform == "win32":
            return
        launcher = self.home / "bin" / "PythonSlicer"
        launcher.parent.mkdir()
        launcher.write_text(
            f'#!/bin/sh\n"{sys.executable}" "$@"\ncode=$?\n[ $code -le 128 ] && exit $code\n'
            'echo "error: [python] exit abnormally - Report the problem." >&2\nexit 1\n',
            encoding="utf-8",
        )
        launcher.chmod(0o755)

    # What PythonQt shows as properties
    @property
    def temporaryPath(self) -> str:
        folder = self.home / "temp"
        folder.mkdir(exist_ok=True)
        return str(folder)

    @property
    def slicerHome(self) -> str:
        return str(self.home)

    @property
    def launcherExecutableFilePath(self) -> str:
        return ""

    majorVersion = property(lambda self: 5)
    minorVersion = property(lambda self: 13)
    revision = property(lambda self: "31053")
    platform = property(lambda self: f"{sys.platform}-harness")
    os = property(lambda self: sys.platform)
    mainApplicationName = property(lambda self: "Slicer")
    documentationBaseUrl = property(lambda self: "https://slicer.readthedocs.io/en/latest/")
    extensionsInstallPath = property(lambda self: str(self.home / "Extensions"))
    cachePath = property(lambda self: str(self.home / "cache"))

    def moduleDocumentationUrl(self, name: str) -> str:
        return f"{self.documentationBaseUrl}user_guide/modules/{name.lower()}.html"

    # Parts
    def applicationLogic(self) -> Any:
        return self._applicationLogic

    def mrmlScene(self) -> Any:
        return self._applicationLogic.GetMRMLScene()

    def layoutManager(self) -> Any:
        """None, as without a main window, unless `views.useLayoutManager` was called."""
        return self._layoutManager

    def moduleManager(self) -> Any:
        return self._moduleManager

    def coreIOManager(self) -> CoreIOManager:
        return self._ioManager

    ioManager = coreIOManager

    def commandOptions(self) -> CommandOptions:
        return CommandOptions()

    def testingEnabled(self) -> bool:
        """False, so that message boxes are shown (and recorded)."""
        return self.testing

    def settings(self) -> QtCore.QSettings:
        return QtCore.QSettings()

    userSettings = revisionUserSettings = settings

    def startupEnvironment(self) -> QtCore.QProcessEnvironment:
        return QtCore.QProcessEnvironment.systemEnvironment()

    def pythonConsole(self) -> None:
        return None

    def pauseRender(self) -> None:
        """Views of the harness draw only when asked."""

    def resumeRender(self) -> None:
        """See pauseRender."""

    def restart(self) -> None:
        raise RuntimeError("The harness does not restart")

    def toSlicerHomeAbsolutePath(self, path: str) -> str:
        return path if os.path.isabs(path) else str(self.home / path)
