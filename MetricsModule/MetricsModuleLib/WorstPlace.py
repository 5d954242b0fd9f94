"""The place where two contours lie farthest apart: a labelled point, and slice views on it."""

from __future__ import annotations

from itertools import product
from typing import Any, Optional, Sequence, Tuple

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from AutoContourRTCore.metrics.compare.rows import Row
from AutoContourRTCore.metrics.grids import Pair

ROLE = "MetricsModule.worst"
Place = Tuple[float, float, float]


def placeOf(row: Row) -> Optional[Place]:
    """The worst place of a row in RAS (mm); None where there is none."""
    place = row.worst_place
    return (-place[0], -place[1], place[2]) if place else None


def textOf(place: Place) -> str:
    """A place in RAS as the slice views name it, each direction by its letter: "L 11.0, A 3.5"."""
    directions = zip(("RL", "AP", "SI"), (round(mm, 1) for mm in place))
    return ", ".join(f"{pair[mm < 0]} {abs(mm):.1f}" for pair, mm in directions)


def sliceThrough(pair: Pair, row: Row) -> Place:
    """The middle (RAS) of a voxel beside the worst place that only one of both contours holds.

    The worst place lies between voxels; a slice through that voxel shows the difference. Where no
    such voxel is beside it: the worst place itself.
    """
    place = np.asarray(row.worst_place)
    index = pair.grid.to_kji(place) - np.asarray(pair.start)
    corners = np.array(list(product((-0.5, 0.5), repeat=3)))
    voxels = np.rint(index + corners).astype(int)
    inside = np.all((voxels >= 0) & (voxels < pair.a.shape), axis=1)
    differing = [v for v in voxels[inside] if pair.a[tuple(v)] != pair.b[tuple(v)]]
    x, y, z = pair.to_lps(differing[0]) if differing else place
    return (-float(x), -float(y), float(z))


def show(scene: Any, place: Place, distance: float, structure: str) -> Any:
    """Mark the place, move all slice views to it, and return the markups node."""
    node = marker(scene) or _newMarker(scene)
    node.SetLocked(False)
    node.RemoveAllControlPoints()
    text = _("{structure}: {mm:.1f} mm").format(structure=structure, mm=distance)
    node.AddControlPoint(vtk.vtkVector3d(*place), text)
    node.SetLocked(True)
    node.SetDisplayVisibility(True)
    jumpTo(scene, place)
    return node


def hide(scene: Any) -> None:
    """Take the mark away."""
    node = marker(scene)
    if node is not None:
        node.SetLocked(False)
        node.RemoveAllControlPoints()


def jumpTo(scene: Any, place: Sequence[float]) -> None:
    """Move all slice views to a place in RAS."""
    mode = slicer.vtkMRMLSliceNode.CenteredJumpSlice
    slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *place, mode)


def marker(scene: Any) -> Optional[Any]:
    """The node of the mark; None where there is none yet."""
    return next(
        (n for n in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode", scene)
         if n.GetAttribute(ROLE) is not None), None,
    )  # fmt: skip


def _newMarker(scene: Any) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Largest distance"))
    node.SetAttribute(ROLE, "1")
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    for setColor in (display.SetColor, display.SetSelectedColor):
        setColor(1.0, 0.9, 0.1)
    display.SetGlyphTypeFromString("Cross2D")
    display.SetTextScale(2.5)
    display.SetPointLabelsVisibility(True)
    return node
