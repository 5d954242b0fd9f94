"""The base classes of scripted modules, `slicer.ScriptedLoadableModule`."""

from __future__ import annotations

import importlib
import logging
import os
import unittest
from typing import Any, List

import slicer
from PySide6 import QtGui, QtWidgets

__all__ = [
    "ScriptedLoadableModule", "ScriptedLoadableModuleWidget",
    "ScriptedLoadableModuleLogic", "ScriptedLoadableModuleTest",
]


def _withoutSuffix(name: str, suffix: str) -> str:
    return name[: -len(suffix)] if name.endswith(suffix) else name


class ScriptedLoadableModule:
    """Describes a module: its parent takes title, categories, help, icon."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title = ""
        for ending in (".svg", ".png"):
            path = self.resourcePath(f"Icons/{self.moduleName}{ending}")
            if os.path.isfile(path):
                parent.icon = QtGui.QIcon(path)
                break
        if not hasattr(slicer, "selfTests"):
            slicer.selfTests = {}
        slicer.selfTests[self.moduleName] = self.runTest

    def resourcePath(self, filename: str) -> str:
        return os.path.join(os.path.dirname(self.parent.path), "Resources", filename)

    def getDefaultModuleDocumentationLink(self, docPage: str = "") -> str:
        url = slicer.app.documentationBaseUrl + docPage if docPage else \
            slicer.app.moduleDocumentationUrl(self.moduleName)
        return f'<p>See the <a href="{url}">online documentation</a>.</p>'

    def runTest(self, msec: int = 100, **kwargs: Any) -> None:
        module = importlib.import_module(type(self).__module__)
        case = getattr(module, self.moduleName + "Test")()
        case.messageDelay = msec
        case.runTest(**kwargs)


class ScriptedLoadableModuleWidget:
    """A module's panel; setup() builds it into self.layout."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = _withoutSuffix(type(self).__name__, "Widget")
        self.developerMode = slicer.util.settingsValue(
            "Developer/DeveloperMode", False, converter=slicer.util.toBool)
        self.parent = parent
        if parent is None:
            self.parent = slicer.qMRMLWidget()
            self.parent.setLayout(QtWidgets.QVBoxLayout())
            self.parent.setMRMLScene(slicer.mrmlScene)
        self.layout = self.parent.layout()
        if parent is None:
            self.setup()
            self.parent.show()
        slicer.app.moduleManager().connect(
            "moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def resourcePath(self, filename: str) -> str:
        folder = os.path.dirname(slicer.util.modulePath(self.moduleName))
        return os.path.join(folder, "Resources", filename)

    def setup(self) -> None:
        """Slicer adds the section of developer mode here; the harness has none."""

    def cleanup(self) -> None:
        """For modules to override."""

    def _onModuleAboutToBeUnloaded(self, name: str) -> None:
        if name == self.moduleName:
            self.cleanup()
            slicer.app.moduleManager().disconnect(
                "moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def onReload(self) -> None:
        slicer.util.reloadScriptedModule(self.moduleName)

    def onReloadAndTest(self, **kwargs: Any) -> None:
        with slicer.util.tryWithErrorDisplay("Reload and Test failed."):
            self.onReload()
            slicer.selfTests[self.moduleName](**kwargs)


class ScriptedLoadableModuleLogic:
    """A module's work without its panel, and its parameter node."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = _withoutSuffix(type(self).__name__, "Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> Any:
        """The module's parameter node, made if the scene has none."""
        if self.isSingletonParameterNode:
            node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            if node:
                node.SetAttribute("ModuleName", self.moduleName)
                return node
        else:
            found = self.getAllParameterNodes()
            if found:
                return found[0]
        return slicer.mrmlScene.AddNode(self.createParameterNode())

    def getAllParameterNodes(self) -> List[Any]:
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self) -> Any:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """The self-test that Slicer's Reload and Test runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.messageDelay = 100

    def delayDisplay(self, message: str, requestedDelay: Any = None, msec: Any = None) -> None:
        logging.info(message)
        slicer.app.processEvents()

    def runTest(self) -> None:
        """For modules to override."""
