"""Segmentation files between this project and the real MRML library of 3D Slicer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import STATUSES, read_labelmap, write_labelmap

SHAPE = (7, 8, 9)
GEOMETRY = Geometry(
    SHAPE, (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0), ((0, 0, 1), (-0.6, 0.8, 0), (0.8, 0.6, 0))
)
FLIPPED = Geometry(SHAPE, (3.0, 1.1, 0.9), (-1, 2, 3), ((0, 0, -1), (0, 1, 0), (1, 0, 0)))
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def slicer() -> Any:
    return pytest.importorskip(
        "slicer", reason="slicer-core is not installed: nothing was checked against 3D Slicer"
    )


def _labelmap(geometry: Geometry) -> LabelMap:
    """Three layers: a pair that overlaps, one inside both, one apart, an empty one."""
    masks = {name: np.zeros(SHAPE, bool) for name in ("Parotid_L", "Brain", "Larynx")}
    masks["Parotid_L"][1:3, 1:3, 1:4] = True
    masks["Brain"][1:4, 2:5, 2:6] = True
    masks["Larynx"][2, 2, 3] = True
    masks["Ein Organ ß"] = np.zeros(SHAPE, bool)
    masks["Ein Organ ß"][6, 7, 8] = True
    masks["SpinalCord"] = np.zeros(SHAPE, bool)
    return LabelMap(masks, geometry)


def _matrix(geometry: Geometry) -> np.ndarray:
    """Voxel i, j, k, 1 to RAS mm."""
    matrix = np.eye(4)
    matrix[:3, :3] = geometry.step_vectors[::-1].T
    matrix[:3, 3] = geometry.origin
    return LPS_TO_RAS @ matrix


def _load(slicer: Any, path: Path) -> Any:
    """The segmentation node that the real storage node reads from a file."""
    scene = slicer.vtkMRMLScene()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    node.scene_kept_alive = scene
    return node


def _segments(slicer: Any, node: Any) -> Dict[str, Any]:
    segmentation = node.GetSegmentation()
    ids = [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]
    return {segmentation.GetSegment(each).GetName(): segmentation.GetSegment(each) for each in ids}


def _mask_and_matrix(slicer: Any, segment: Any) -> tuple:
    """The segment on the whole grid (bool [k, j, i]), and its matrix from i, j, k to RAS."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    image = segment.GetRepresentation("Binary labelmap")
    i0, i1, j0, j1, k0, k1 = image.GetExtent()
    mask = np.zeros(SHAPE, bool)
    if i1 >= i0:
        values = vtk_to_numpy(image.GetPointData().GetScalars())
        values = values.reshape(k1 - k0 + 1, j1 - j0 + 1, i1 - i0 + 1)
        mask[k0 : k1 + 1, j0 : j1 + 1, i0 : i1 + 1] = values == segment.GetLabelValue()
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return mask, np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])


@pytest.mark.parametrize("geometry", [GEOMETRY, FLIPPED], ids=["turned", "left-handed"])
def test_slicer_loads_every_voxel_name_colour_and_code_at_its_place(
    slicer: Any, tmp_path: Path, geometry: Geometry
) -> None:
    path = tmp_path / "größe 1.seg.nrrd"
    labelmap = _labelmap(geometry)
    write_labelmap(labelmap, path)
    segments = _segments(slicer, _load(slicer, path))
    assert tuple(segments) == labelmap.names
    for name, segment in segments.items():
        mask, matrix = _mask_and_matrix(slicer, segment)
        assert np.array_equal(mask, labelmap.masks[name]), name
        if mask.any():
            assert np.allclose(matrix, _matrix(geometry), atol=1e-9)
    for name in ("Parotid_L", "Brain", "Larynx", "SpinalCord"):
        known = find(name)
        assert np.allclose(segments[name].GetColor(), np.divide(known.color, 255), atol=1e-6)
        assert segments[name].GetTerminology() == known.terminology


def test_slicer_understands_each_status(slicer: Any, tmp_path: Path) -> None:
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    for number, status in enumerate(STATUSES):
        write_labelmap(_labelmap(GEOMETRY), tmp_path / "x.seg.nrrd", status)
        segments = _segments(slicer, _load(slicer, tmp_path / "x.seg.nrrd"))
        assert {logic.GetSegmentStatus(each) for each in segments.values()} == {number}


def test_slicer_keeps_the_whole_grid_when_it_saves_the_file_again(
    slicer: Any, tmp_path: Path
) -> None:
    labelmap = _labelmap(GEOMETRY)
    write_labelmap(labelmap, tmp_path / "x.seg.nrrd")
    _save(slicer, _load(slicer, tmp_path / "x.seg.nrrd"), tmp_path / "again ß.seg.nrrd")
    back = read_labelmap(tmp_path / "again ß.seg.nrrd")
    assert back.names == labelmap.names
    assert back.geometry.same_grid(GEOMETRY, 1e-6)
    assert all(np.array_equal(back.masks[name], labelmap.masks[name]) for name in labelmap.names)


def test_a_file_that_slicer_wrote_and_cropped_is_read_voxel_by_voxel(
    slicer: Any, tmp_path: Path
) -> None:
    labelmap = _labelmap(GEOMETRY)
    scene = slicer.vtkMRMLScene()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    for name, mask in labelmap.masks.items():
        node.AddSegmentFromBinaryLabelmapRepresentation(_image(slicer, mask), name)
    node.scene_kept_alive = scene
    _save(slicer, node, tmp_path / "x.seg.nrrd")
    back = read_labelmap(tmp_path / "x.seg.nrrd")
    assert back.names == labelmap.names
    assert back.geometry.shape < SHAPE  # cropped to what is used
    for name, mask in labelmap.masks.items():
        expected = GEOMETRY.to_lps(np.argwhere(mask))
        assert np.allclose(back.geometry.to_lps(np.argwhere(back.masks[name])), expected), name


def _image(slicer: Any, mask: np.ndarray) -> Any:
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*mask.shape[::-1])
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = mask.ravel()
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(_matrix(GEOMETRY).ravel())
    image.SetImageToWorldMatrix(matrix)
    return image


def _save(slicer: Any, node: Any, path: Path) -> None:
    storage = node.scene_kept_alive.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    assert storage.WriteData(node)
