"""slicer.modules and the module manager: core modules with their real logics, scripted modules."""

from __future__ import annotations

import types
from typing import Any, Dict, List, Optional

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .cppsignal import CppSignal

#: Core modules and their logics in slicer-core.
CORE = {
    "Volumes": "vtkSlicerVolumesLogic", "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "SegmentEditor": "", "Models": "vtkSlicerModelsLogic", "Tables": "vtkSlicerTablesLogic",
    "Plots": "vtkSlicerPlotsLogic", "Markups": "vtkSlicerMarkupsLogic",
    "Transforms": "vtkSlicerTransformLogic", "Colors": "vtkSlicerColorLogic",
    "Units": "vtkSlicerUnitsLogic", "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic", "Texts": "vtkSlicerTextsLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic", "Data": "", "Welcome": "",
}


class ModuleManager(QtCore.QObject):
    """slicer.app.moduleManager()."""

    moduleLoaded = CppSignal("moduleLoaded(QString)")
    moduleAboutToBeUnloaded = CppSignal("moduleAboutToBeUnloaded(QString)")
    byName: Dict[str, Any] = {}

    def __init__(self) -> None:
        super().__init__()
        self.byName: Dict[str, Any] = {}

    def module(self, name: str) -> Optional[Any]:
        return self.byName.get(name)

    def factoryManager(self) -> "ModuleManager":
        return self

    def loadedModuleNames(self) -> List[str]:
        return list(self.byName)

    def add(self, module: Any) -> None:
        self.byName[module.name] = module
        setattr(slicer.modules, module.name.lower(), module)
        self.moduleLoaded.emit(module.name)

    def remove(self, name: str) -> None:
        self.moduleAboutToBeUnloaded.emit(name)
        del self.byName[name]
        delattr(slicer.modules, name.lower())


class CoreModule:
    """A module of the application: its logic is the real one, its widget is not there."""

    def __init__(self, name: str, logic: Any) -> None:
        self.name = self.title = name
        self._logic = logic

    def logic(self) -> Any:
        return self._logic

    def widgetRepresentation(self) -> Any:
        return _coreWidget(self.name)


def _coreWidget(name: str) -> Any:
    if name != "SegmentEditor":
        return None
    if not hasattr(slicer.modules, "SegmentEditorWidget"):
        from .qmrml.editor import SegmentEditorModuleWidget

        slicer.modules.SegmentEditorWidget = SegmentEditorModuleWidget()
    return slicer.modules.SegmentEditorWidget.parent


class qSlicerScriptedLoadableModule:
    """What a scripted module gets as its `parent` and fills in."""

    def __init__(self, name: str, path: str) -> None:
        self.name, self.path = name, path
        self.title, self.hidden, self.icon, self.index = name, False, None, -1
        self.categories: List[str] = []
        self.dependencies: List[str] = []
        self.contributors: List[str] = []
        self.associatedNodeTypes: List[str] = []
        self.helpText = self.acknowledgementText = ""
        self.widget: Optional[Any] = None
        self.makeWidget: Any = None

    def widgetRepresentation(self) -> Any:
        if self.widget is None:
            self.widget = self.createNewWidgetRepresentation()
        return self.widget

    def createNewWidgetRepresentation(self) -> Any:
        widget = qSlicerScriptedLoadableModuleWidget(self)
        widget.setup()
        return widget

    def logic(self) -> Any:
        """The C++ logic of a scripted module; its Python logic is slicer.util.getModuleLogic's."""
        return None


class qSlicerScriptedLoadableModuleWidget(QtWidgets.QWidget):
    """The panel in which a scripted module's widget builds its interface."""

    module: Any = None
    python: Any = None
    isEntered = False

    def __init__(self, module: qSlicerScriptedLoadableModule) -> None:
        super().__init__()
        self.module = module
        self.setLayout(QtWidgets.QVBoxLayout())

    def setup(self) -> None:
        self.python = self.module.makeWidget(self)
        setattr(slicer.modules, self.module.name + "Widget", self.python)
        self.python.setup()

    def self(self) -> Any:
        return self.python

    def mrmlScene(self) -> Any:
        return slicer.mrmlScene

    def reload(self) -> None:
        self.setup()

    def enter(self) -> None:
        self.isEntered = True
        getattr(self.python, "enter", lambda: None)()

    def exit(self) -> None:
        self.isEntered = False
        getattr(self.python, "exit", lambda: None)()


class ModuleSelector(QtWidgets.QWidget):
    """The main window's choice of module: leaves one, enters the other."""

    moduleSelected = CppSignal("moduleSelected(QString)")
    selectedModule = ""

    def selectModule(self, name: str) -> None:
        module = slicer.util.getModule(name)
        if self.selectedModule == name:
            return
        self.leave()
        self.selectedModule = name
        _call(module, "enter")
        self.moduleSelected.emit(name)

    def leave(self) -> None:
        """Exits the selected module; none is selected then."""
        old = slicer.app.moduleManager().module(self.selectedModule)
        self.selectedModule = ""
        if old is not None:
            _call(old, "exit")


def _call(module: Any, step: str) -> None:
    getattr(module.widgetRepresentation(), step, lambda: None)()


class MainWindow(QtWidgets.QMainWindow):
    """Never shown; slicer.util finds it by its name and lets dialogs appear."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self._selector = ModuleSelector(self)

    def moduleSelector(self) -> ModuleSelector:
        return self._selector


def makeCoreModules(scene: Any, applicationLogic: Any) -> ModuleManager:
    """Fills slicer.modules; a logic's SetMRMLScene registers its node classes.

    Warnings are off meanwhile: slicer-core ships no terminology and no colour files.
    """
    vtk.vtkObject.GlobalWarningDisplayOff()
    try:
        return _makeCoreModules(scene, applicationLogic)
    finally:
        vtk.vtkObject.GlobalWarningDisplayOn()


def _makeCoreModules(scene: Any, applicationLogic: Any) -> ModuleManager:
    slicer.modules = types.SimpleNamespace()
    manager = ModuleManager()
    for name, logicName in CORE.items():
        logic = getattr(slicer, logicName)() if logicName else None
        if logic is not None:
            if hasattr(logic, "SetMRMLApplicationLogic"):
                logic.SetMRMLApplicationLogic(applicationLogic)
            applicationLogic.SetModuleLogic(name, logic)
            logic.SetMRMLScene(scene)
        manager.add(CoreModule(name, logic))
    applicationLogic.SetColorLogic(slicer.modules.colors.logic())
    return manager
