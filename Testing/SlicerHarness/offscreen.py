"""From a VTK render window to an array or a Qt image."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from PySide6 import QtGui
from vtk.util.numpy_support import vtk_to_numpy


def arrayOfWindow(window: Any) -> np.ndarray:
    """The pixels [row, column, RGB] of a rendered window, uint8, first row on top."""
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return np.ascontiguousarray(pixels[::-1, :, :3])


def imageOfArray(pixels: np.ndarray) -> Any:
    """A QImage of [row, column, RGB], uint8."""
    height, width, _ = pixels.shape
    return QtGui.QImage(pixels.tobytes(), width, height, 3 * width,
                        QtGui.QImage.Format_RGB888).copy()


def imageOfWindow(window: Any) -> Any:
    return imageOfArray(arrayOfWindow(window))
