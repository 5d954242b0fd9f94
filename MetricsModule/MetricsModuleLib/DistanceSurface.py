"""The reference's surface, coloured by how far the test lies outside (+) or inside (-) of it.

The figures are those of the measures: the distance from each element of the reference's surface to
the nearest element of the test's. A vertex of the drawn surface lies in the middle of four elements
and shows their mean. The drawn surface is smoothed, after the distances were taken.
"""

from __future__ import annotations

import math
from typing import Any, Optional, Tuple

import numpy as np
import slicer
import vtk
from scipy import ndimage
from scipy.spatial import cKDTree
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import MATCHED, Match
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.comparison import pair_of
from AutoContourRTCore.metrics.grids import Pair
from AutoContourRTCore.metrics.surfaces import surface_distances
from AutoContourRTLib.VolumeNodes import FLIP
from MetricsModuleLib.Handover import oneContour

SCALARS = "SignedDistance_mm"
ROLE = "MetricsModule.surface"
#: Blue, light grey, red (0..1): told apart by colour-blind people, too.
INSIDE, SAME, OUTSIDE = (0.10, 0.35, 0.80), (0.93, 0.93, 0.93), (0.80, 0.10, 0.15)
_SMOOTHING = 25
_NEIGHBOURS = 4


def pairFrom(
    reference: Any, test: Any, names: Tuple[str, str], grid: Any = "reference"
) -> Pair:
    """The contours of these names on the grid of the comparison."""
    a, b = (oneContour(node, name)[0] for node, name in zip((reference, test), names))
    return pair_of(a, b, Match("", *names, MATCHED), Settings(grid=grid))


def coloredSurface(pair: Pair) -> Any:
    """vtkPolyData in RAS (mm) with the point scalars SCALARS.

    Raises InputError where one contour is empty.
    """
    if not pair.a.any() or not pair.b.any():
        raise InputError(_("One of the contours is empty: there are no distances to show."))
    places, distances = _signed(pair)
    elements = pair.to_lps(places)
    surface = _surface(pair.a)
    kji = vtk_to_numpy(surface.GetPoints().GetData())[:, ::-1] - 1  # the padding
    points = pair.to_lps(kji)
    neighbours = cKDTree(elements).query(points, min(_NEIGHBOURS, len(elements)))[1]
    values = distances[neighbours].reshape(len(points), -1).mean(axis=1)
    return _polyData(surface, points, values)


def showSurface(scene: Any, polyData: Any, name: str) -> Any:
    """Put the surface into the one model node for it, with colours and a colour bar.

    The colour range is symmetric about 0 and holds all values.
    """
    node = modelNode(scene) or _newModel(scene)
    node.SetName(_("Signed distance: {name}").format(name=name))
    node.SetAndObservePolyData(polyData)
    display = node.GetDisplayNode()
    reach = rangeOf(polyData)
    display.SetActiveScalar(SCALARS, vtk.vtkAssignAttribute.POINT_DATA)
    display.SetScalarVisibility(True)
    display.SetScalarRangeFlag(display.UseManualScalarRange)
    display.SetScalarRange(-reach, reach)
    display.SetVisibility(True)
    display.SetAmbient(0.35)  # shadows would be taken for values
    display.SetDiffuse(0.65)
    legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(node)
    legend.SetTitleText(_("test, mm\n+ outside\n- inside"))
    legend.SetLabelFormat("%+.1f")
    legend.SetNumberOfLabels(5)
    legend.SetMaxNumberOfColors(256)
    legend.SetSize(0.12, 0.6)
    legend.SetVisibility(True)
    return node


def modelNode(scene: Any) -> Optional[Any]:
    """The model node of the surface; None where there is none yet."""
    return next(
        (n for n in slicer.util.getNodesByClass("vtkMRMLModelNode", scene)
         if n.GetAttribute(ROLE) is not None), None,
    )  # fmt: skip


def removeSurface(scene: Any) -> None:
    """Take the surface, its colours and its colour bar out of the scene."""
    node = modelNode(scene)
    if node is None:
        return
    for number in reversed(range(node.GetNumberOfDisplayNodes())):
        scene.RemoveNode(node.GetNthDisplayNode(number))
    scene.RemoveNode(node)


def rangeOf(polyData: Any) -> float:
    """Half the colour range (mm): all values lie in it, and it is a round number of at least 1."""
    values = vtk_to_numpy(polyData.GetPointData().GetArray(SCALARS))
    largest = float(np.abs(values).max()) if len(values) else 0.0
    step = 1.0 if largest <= 10 else 5.0
    return max(1.0, step * math.ceil(largest / step - 1e-9))


def _signed(pair: Pair) -> Tuple[np.ndarray, np.ndarray]:
    """The reference's surface elements (indices of the masks) and their signed distances (mm).

    An element apart from the test's surface has eight neighbours that the test holds all, or none.
    """
    found = surface_distances(pair.a, pair.b, pair.grid.spacing)
    share = ndimage.map_coordinates(
        pair.b.view(np.uint8), found.place_a.T, float, 1, mode="grid-constant", cval=0.0
    )
    sign = np.where(share >= 0.5, 1.0, -1.0)
    return found.place_a, np.where(found.a_to_b > 0, sign * found.a_to_b, 0.0)


def _surface(mask: np.ndarray) -> Any:
    """The surface half-way between voxels, points in i, j, k of the padded mask."""
    padded = np.pad(mask, 1).astype(np.uint8)
    image = vtk.vtkImageData()
    image.SetDimensions(*padded.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(padded.ravel(), deep=True))
    edges = vtk.vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, 0.5)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    return edges.GetOutput()


def _polyData(surface: Any, lps: np.ndarray, values: np.ndarray) -> Any:
    """The surface at its place, with its values, smoothed."""
    placed = vtk.vtkPolyData()
    placed.ShallowCopy(surface)
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(lps @ FLIP[:3, :3].T, deep=True))
    placed.SetPoints(points)
    array = numpy_to_vtk(values, deep=True)
    array.SetName(SCALARS)
    placed.GetPointData().SetScalars(array)
    smooth = vtk.vtkWindowedSincPolyDataFilter()
    smooth.SetInputData(placed)
    smooth.SetNumberOfIterations(_SMOOTHING)
    smooth.SetPassBand(0.05)
    smooth.NormalizeCoordinatesOn()
    smooth.BoundarySmoothingOff()
    smooth.FeatureEdgeSmoothingOff()
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(smooth.GetOutputPort())
    normals.SplittingOff()
    normals.AutoOrientNormalsOn()
    normals.Update()
    result = vtk.vtkPolyData()
    result.ShallowCopy(normals.GetOutput())
    return result


def _newModel(scene: Any) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLModelNode")
    node.SetAttribute(ROLE, "1")
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAndObserveColorNodeID(_colorNode(scene).GetID())
    return node


def _colorNode(scene: Any) -> Any:
    found = slicer.util.getNodesByClass("vtkMRMLColorTableNode", scene)
    node = next((n for n in found if n.GetAttribute(ROLE) is not None), None)
    if node is not None:
        return node
    node = slicer.vtkMRMLColorTableNode()
    node.SetName(_("Outside red, inside blue"))
    node.SetTypeToUser()
    node.SetAttribute(ROLE, "1")
    node.SetNumberOfColors(256)
    for number in range(256):
        share = number / 255
        low, high, part = (INSIDE, SAME, 2 * share) if share < 0.5 else (
            SAME, OUTSIDE, 2 * share - 1
        )
        color = [a + (b - a) * part for a, b in zip(low, high)]
        node.SetColor(number, f"{share:.3f}", *color, 1.0)
    return scene.AddNode(node)
