"""Slice and 3D views that draw, off the screen, with Slicer's own displayable managers."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from .offscreen import arrayOfWindow, imageOfArray

SLICE_MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager", "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager", "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager", "vtkMRMLScalarBarDisplayableManager",
)
THREED_MANAGERS = (
    "vtkMRMLCameraDisplayableManager", "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager", "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager", "vtkMRMLColorLegendDisplayableManager",
)
ORIENTATIONS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


class View(QtWidgets.QWidget):
    """A render window of its own, drawn when asked, shown as a picture."""

    managers: Tuple[str, ...] = ()
    factoryClass = ""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._renderer = vtk.vtkRenderer()
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._group: Any = None
        self.setMinimumSize(100, 100)

    def _attach(self, viewNode: Any) -> None:
        """Lets the displayable managers follow a view node."""
        factory = getattr(slicer, self.factoryClass).GetInstance()
        factory.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        for name in self.managers:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._group = factory.InstantiateDisplayableManagers(self._renderer)
        self._group.SetMRMLDisplayableNode(viewNode)

    def renderWindow(self) -> Any:
        return self._window

    def renderer(self) -> Any:
        return self._renderer

    def prepare(self, width: int, height: int) -> None:
        """Called before each drawing with its size in pixels."""

    def array(self, size: Optional[Tuple[int, int]] = None) -> np.ndarray:
        """The picture as [row, column, RGB], uint8; size: width, height, else the widget's."""
        width, height = size or (self.width, self.height)
        self._window.SetSize(width, height)
        self.prepare(width, height)
        self._window.Render()
        return arrayOfWindow(self._window)

    def paintEvent(self, event: Any) -> None:
        QtGui.QPainter(self).drawImage(QtCore.QPoint(0, 0), imageOfArray(self.array()))

    def scheduleRender(self) -> None:
        self.update()

    forceRender = scheduleRender


class qMRMLSliceView(View):
    """The volumes of a slice logic, and segmentations and markups over them."""

    managers = SLICE_MANAGERS
    factoryClass = "vtkMRMLSliceViewDisplayableManagerFactory"

    def __init__(self, logic: Any, parent: Any = None) -> None:
        super().__init__(parent)
        self._logic = logic
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        mapper.SetInputConnection(logic.GetImageDataConnection())
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(mapper)
        self._renderer.AddViewProp(self._actor)
        self._attach(logic.GetSliceNode())

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def prepare(self, width: int, height: int) -> None:
        if self._logic.GetSliceNode().GetDimensions()[:2] != (width, height):
            self._logic.ResizeSliceNode(width, height)
        shown = self._logic.GetImageDataConnection() is not None
        layers = (self._logic.GetNthLayerVolumeNode(i) for i in range(3)) if hasattr(
            self._logic, "GetNthLayerVolumeNode") else ()
        self._actor.SetVisibility(bool(shown and (any(layers) or not layers)))
        self._actor.GetMapper().SetInputConnection(self._logic.GetImageDataConnection())


class qMRMLSliceWidget(QtWidgets.QWidget):
    """A slice view under its layout name: Red, Yellow or Green."""

    def __init__(self, name: str) -> None:
        super().__init__()
        application = slicer.app.applicationLogic()
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(application)
        self._logic.SetMRMLScene(slicer.mrmlScene)
        node = self._logic.AddSliceNode(name)
        node.SetOrientation(ORIENTATIONS.get(name, "Axial"))
        if application.GetSliceLogics() is None:
            application.SetSliceLogics(vtk.vtkCollection())
        application.GetSliceLogics().AddItem(self._logic)
        self._view = qMRMLSliceView(self._logic, self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)

    def sliceLogic(self) -> Any:
        return self._logic

    def sliceView(self) -> qMRMLSliceView:
        return self._view

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def fitSliceToBackground(self) -> None:
        size = self._view.size
        self._logic.ResizeSliceNode(size.width(), size.height())
        self._logic.FitSliceToBackground(size.width(), size.height())


class qMRMLThreeDView(View):
    """Surfaces of segmentations and models, colour legends."""

    managers = THREED_MANAGERS
    factoryClass = "vtkMRMLThreeDViewDisplayableManagerFactory"

    def __init__(self, viewNode: Any, parent: Any = None) -> None:
        super().__init__(parent)
        self._node = viewNode
        self._attach(viewNode)

    def mrmlViewNode(self) -> Any:
        return self._node

    def resetFocalPoint(self) -> None:
        self._renderer.ResetCamera()

    def resetCamera(self) -> None:
        self._renderer.ResetCamera()

    def lookFromViewAxis(self, axis: int) -> None:
        raise NotImplementedError("Move the camera of renderer() instead")


class qMRMLThreeDWidget(QtWidgets.QWidget):
    """A 3D view with its frame."""

    def __init__(self) -> None:
        super().__init__()
        node = slicer.mrmlScene.GetSingletonNode("1", "vtkMRMLViewNode")
        if node is None:
            node = slicer.vtkMRMLViewNode()
            node.SetLayoutName("1")
            node.SetSingletonTag("1")
            node = slicer.mrmlScene.AddNode(node)
            node.SetBoxVisible(False)
            node.SetAxisLabelsVisible(False)
        self._view = qMRMLThreeDView(node, self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)

    def threeDView(self) -> qMRMLThreeDView:
        return self._view

    def mrmlViewNode(self) -> Any:
        return self._view.mrmlViewNode()


class LayoutManager(QtCore.QObject):
    """slicer.app.layoutManager() with three slice views, a 3D view and a plot view."""

    def __init__(self) -> None:
        super().__init__()
        self._slices: Dict[str, qMRMLSliceWidget] = {n: qMRMLSliceWidget(n) for n in ORIENTATIONS}
        self._threeD: Optional[qMRMLThreeDWidget] = None
        self._plot: Any = None
        self._layout = 0

    layout = property(lambda self: self._layout)

    def setLayout(self, layout: int) -> None:
        self._layout = layout

    def sliceViewNames(self) -> List[str]:
        return list(self._slices)

    def sliceWidget(self, name: str) -> Optional[qMRMLSliceWidget]:
        return self._slices.get(name)

    def mrmlSliceLogics(self) -> Any:
        return slicer.app.applicationLogic().GetSliceLogics()

    threeDViewCount = property(lambda self: 1)
    plotViewCount = property(lambda self: 1)
    tableViewCount = property(lambda self: 0)

    def threeDWidget(self, index: int) -> qMRMLThreeDWidget:
        if self._threeD is None:
            self._threeD = qMRMLThreeDWidget()
        return self._threeD

    def plotWidget(self, index: int) -> Any:
        if self._plot is None:
            from .qmrml.plotview import qMRMLPlotWidget

            self._plot = qMRMLPlotWidget()
        return self._plot

    def resetSliceViews(self) -> None:
        for widget in self._slices.values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        self.threeDWidget(0).threeDView().resetFocalPoint()


def useLayoutManager() -> LayoutManager:
    """Gives the application views from now on; scripts that take pictures want them."""
    if slicer.app.layoutManager() is None:
        slicer.app._layoutManager = LayoutManager()
    return slicer.app.layoutManager()


def sliceView(volume: Any, name: str = "Red", offset: Optional[float] = None,
              size: Tuple[int, int] = (400, 400)) -> qMRMLSliceWidget:
    """A slice view fitted to a volume; offset: mm along the slice normal (RAS), else the middle.

    Every visible segmentation of the scene is drawn over it. `.sliceView().array()` is the
    picture; `photograph(widget, path)` writes it.
    """
    widget = useLayoutManager().sliceWidget(name)
    assert widget is not None
    widget.resize(*size)
    widget.sliceView().resize(*size)
    logic = widget.sliceLogic()
    logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    widget.fitSliceToBackground()
    if offset is not None:
        logic.SetSliceOffset(offset)
    return widget
