"""The phantom as sample data: computed here, nothing is fetched."""

from __future__ import annotations

from typing import Any, Callable, List

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import get_vtk_array_type, numpy_to_vtk

from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib.VolumeNodes import ijkToRasOf, toVtk

NAME = "AutoContourRTPhantom"


def register(thumbnail: str) -> None:
    """Offer the phantom in the module Sample Data."""
    registerSample(NAME, _("Head and neck phantom (CT)"), thumbnail, loadPhantom)


def registerSample(name: str, title: str, thumbnail: str, load: Callable[..., List[Any]]) -> None:
    """Offer something in our section of the module Sample Data; load: adds its nodes."""
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=_("Auto Contour RT"),
        sampleName=title,
        thumbnailFileName=thumbnail,
        uris="",  # Sample Data wants these three, although `load` does the work
        fileNames=f"{name}.nrrd",
        nodeNames=name,
        customDownloader=load,
    )


def loadPhantom(source: Any = None) -> List[Any]:
    """Add the phantom's CT to the scene and show it, as Sample Data's own downloads do."""
    node = addPhantom()
    if slicer.app.layoutManager() is not None:
        slicer.util.setSliceViewerLayers(background=node, fit=True)
    return [node]


def addPhantom(*arguments: Any, **named: Any) -> Any:
    """A new volume node with the phantom's CT; arguments as for make_phantom.

    There is no file behind it, so that saving the scene writes it.
    """
    return addVolume(make_phantom(*arguments, **named)[0], NAME)


def addVolume(volume: Volume, name: str) -> Any:
    """A new volume node with a copy of the voxels, shown as a CT of soft tissue."""
    image = vtk.vtkImageData()
    image.SetDimensions(*volume.array.shape[::-1])
    flat = np.ascontiguousarray(volume.array).ravel()
    kind = get_vtk_array_type(flat.dtype)
    image.GetPointData().SetScalars(numpy_to_vtk(flat, deep=True, array_type=kind))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    node.SetName(slicer.mrmlScene.GetUniqueNameByString(name))
    node.SetIJKToRASMatrix(toVtk(ijkToRasOf(volume.geometry)))
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetAutoWindowLevel(False)  # before there are voxels: else they are all looked at
    display.SetWindowLevel(400, 40)
    node.SetAndObserveImageData(image)
    return node
