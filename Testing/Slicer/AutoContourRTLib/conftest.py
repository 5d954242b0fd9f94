"""Volume nodes on grids that are easily got wrong, and segment nodes to put on them."""

from __future__ import annotations

from typing import Any, Callable, Dict

import numpy as np
import pytest

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

SHAPE = (7, 8, 9)
SPACING, ORIGIN = (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0)
GRIDS: Dict[str, Geometry] = {
    "straight": Geometry(SHAPE, SPACING, ORIGIN),
    "oblique": Geometry(SHAPE, SPACING, ORIGIN, ((0, 0, 1), (-0.6, 0.8, 0), (0.8, 0.6, 0))),
    "left-handed": Geometry(SHAPE, SPACING, ORIGIN, ((0, 0, -1), (0, 1, 0), (1, 0, 0))),
    "sagittal": Geometry(SHAPE, SPACING, ORIGIN, ((1, 0, 0), (0, 0, -1), (0, 1, 0))),
}


@pytest.fixture(params=GRIDS)
def grid(request: pytest.FixtureRequest) -> Geometry:
    """Each kind of grid in turn."""
    return GRIDS[request.param]


@pytest.fixture()
def overlapping() -> Callable[[Geometry], LabelMap]:
    """Makes structures on a grid that are hard to bridge."""
    return _overlapping


@pytest.fixture()
def same() -> Callable[[LabelMap, LabelMap], bool]:
    """Whether two label maps have the same names, in order, and the same voxels."""
    return _same


def _overlapping(geometry: Geometry) -> LabelMap:
    """A pair that overlaps, one inside both, one in the last corner, an empty one."""
    shape = geometry.shape
    names = ("Parotid_L", "Brain", "Larynx", "Ein Organ ß", "SpinalCord")
    masks = {name: np.zeros(shape, bool) for name in names}
    masks["Parotid_L"][1:3, 1:3, 1:4] = True
    masks["Brain"][1:4, 2:5, 2:6] = True
    masks["Larynx"][2, 2, 3] = True
    masks["Ein Organ ß"][-1, -1, -1] = True
    return LabelMap(masks, geometry)


def _same(first: LabelMap, second: LabelMap) -> bool:
    return first.names == second.names and all(
        np.array_equal(first.masks[name], second.masks[name]) for name in first.names
    )


@pytest.fixture()
def addVolume(scene: Any) -> Callable[..., Any]:
    """Adds a volume node of a Core Volume, or of a grid with voxels 0, 1, 2, ..."""
    import slicer

    from AutoContourRTLib.VolumeNodes import ijkToRasOf, toVtk

    def add(what: Any, name: str = "CT", kind: str = "vtkMRMLScalarVolumeNode") -> Any:
        if isinstance(what, Geometry):
            voxels = np.arange(np.prod(what.shape), dtype=np.int16)
            what = Volume(voxels.reshape(what.shape), what)
        node = scene.AddNewNodeByClass(kind)
        node.SetName(name)  # as it is: AddNewNodeByClass would make it unique
        slicer.util.updateVolumeFromArray(node, what.array)
        node.SetIJKToRASMatrix(toVtk(ijkToRasOf(what.geometry)))
        return node

    return add


@pytest.fixture()
def addTransform(scene: Any) -> Callable[..., Any]:
    """Adds a transform node: linear of a (4, 4) matrix, or a grid that bends."""
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    from AutoContourRTLib.VolumeNodes import toVtk

    def add(matrix: Any = None) -> Any:
        if matrix is not None:
            node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Linear")
            node.SetMatrixTransformToParent(toVtk(np.asarray(matrix, float)))
            return node
        node = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "Bent")
        field = vtk.vtkImageData()
        field.SetDimensions(4, 4, 4)
        field.SetSpacing(200, 200, 200)
        field.SetOrigin(-300, -300, -500)
        field.AllocateScalars(vtk.VTK_DOUBLE, 3)
        values = vtk_to_numpy(field.GetPointData().GetScalars())
        values[:] = 0
        values[:, 2] = np.linspace(0, 20, len(values))
        transform = slicer.vtkOrientedGridTransform()
        transform.SetDisplacementGridData(field)
        node.SetAndObserveTransformFromParent(transform)
        return node

    return add
