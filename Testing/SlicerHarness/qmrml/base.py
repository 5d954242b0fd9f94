"""What all qMRML widgets share: they know the scene."""

from __future__ import annotations

from typing import Any

from PySide6 import QtWidgets

from ..cppsignal import CppSignal


class qMRMLWidget(QtWidgets.QWidget):
    """A widget that is told the scene, and tells those that its .ui file connects."""

    mrmlSceneChanged = CppSignal("mrmlSceneChanged(vtkMRMLScene*)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._scene = scene
        self.onSceneSet(scene)
        self.mrmlSceneChanged.emit(scene)

    def onSceneSet(self, scene: Any) -> None:
        """For subclasses that show something of the scene."""


class qSlicerWidget(qMRMLWidget):
    """The other root that .ui files of modules have."""
