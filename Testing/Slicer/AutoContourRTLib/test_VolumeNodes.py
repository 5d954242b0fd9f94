"""Volume nodes and Core volumes: the same voxels at the same places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib.VolumeNodes import (
    checkVolume,
    geometryOfVolumeNode,
    toVtk,
    volumeFromNode,
)


def test_a_volume_node_gives_its_voxels_and_its_grid(addVolume: Any, grid: Geometry) -> None:
    node = addVolume(grid)
    volume = volumeFromNode(node)
    assert np.array_equal(volume.array.ravel(), np.arange(volume.array.size))
    assert volume.geometry.same_grid(grid, 1e-9)
    assert np.allclose(volume.geometry.axes, grid.axes, atol=1e-12)


def test_a_voxel_lies_where_slicer_says(addVolume: Any, grid: Geometry) -> None:
    node = addVolume(grid)
    ras = [0.0] * 4
    matrix = toVtk(np.eye(4))
    node.GetIJKToRASMatrix(matrix)
    matrix.MultiplyPoint((4.0, 3.0, 2.0, 1.0), ras)
    lps = geometryOfVolumeNode(node).to_lps(np.array([2.0, 3.0, 4.0]))
    assert np.allclose(lps * (-1, -1, 1), ras[:3], atol=1e-9)


def test_an_image_whose_indices_do_not_begin_at_0_lies_where_slicer_shows_it(
    addVolume: Any, grid: Geometry
) -> None:
    node = addVolume(grid)
    image = node.GetImageData()
    image.SetExtent(*(end + 5 for end in image.GetExtent()))
    shifted = geometryOfVolumeNode(node)
    assert shifted.shape == grid.shape
    assert np.allclose(shifted.origin, grid.to_lps(np.array([5, 5, 5])))


def test_the_copy_is_a_copy(addVolume: Any, grid: Geometry) -> None:
    node = addVolume(grid)
    volume = volumeFromNode(node)
    before = volume.array.copy()
    import slicer

    slicer.util.arrayFromVolume(node)[:] = 0
    assert np.array_equal(volume.array, before)


def test_voxels_that_are_not_finite_are_refused(addVolume: Any, grid: Geometry) -> None:
    array = np.zeros(grid.shape, np.float32)
    array[2, 3, 4] = np.nan
    with pytest.raises(InputError, match=r"'CT' has 1 voxels.*\(2, 3, 4\)"):
        volumeFromNode(addVolume(Volume(array, grid)))


def test_what_is_no_volume_is_refused_by_name(scene: Any, addVolume: Any, grid: Geometry) -> None:
    with pytest.raises(InputError, match="No volume is chosen"):
        checkVolume(None)
    with pytest.raises(InputError, match="'Empty' holds no voxels"):
        checkVolume(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"))
    with pytest.raises(InputError, match="'Labels' is a label map"):
        checkVolume(addVolume(grid, "Labels", "vtkMRMLLabelMapVolumeNode"))
    with pytest.raises(InputError, match="'Model' is a label map or no volume"):
        checkVolume(scene.AddNewNodeByClass("vtkMRMLModelNode", "Model"))
    removed = addVolume(grid, "Removed")
    scene.RemoveNode(removed)
    with pytest.raises(InputError, match="'Removed' is in no scene"):
        checkVolume(removed)


def test_colour_is_refused(scene: Any) -> None:
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Photo")
    slicer.util.updateVolumeFromArray(node, np.zeros((2, 3, 4, 3), np.uint8))
    with pytest.raises(InputError, match="'Photo' has 3 values per voxel"):
        checkVolume(node)


def test_sheared_axes_are_refused(addVolume: Any, grid: Geometry) -> None:
    node = addVolume(grid, "Tilted")
    matrix = np.eye(4)
    matrix[1, 2] = 0.3
    node.SetIJKToRASMatrix(toVtk(matrix))
    with pytest.raises(InputError, match="'Tilted'.*not perpendicular"):
        checkVolume(node)


def test_a_bent_transform_is_refused_and_a_linear_one_is_not(
    addVolume: Any, addTransform: Any, grid: Geometry
) -> None:
    node = addVolume(grid)
    linear = addTransform(np.diag([1, 1, 1, 1]))
    node.SetAndObserveTransformNodeID(linear.GetID())
    checkVolume(node)
    bent = addTransform()
    linear.SetAndObserveTransformNodeID(bent.GetID())  # further up counts too
    with pytest.raises(InputError, match="not linear"):
        checkVolume(node)
