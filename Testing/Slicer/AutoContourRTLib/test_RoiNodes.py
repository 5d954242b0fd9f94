"""ROI boxes as voxel boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.RoiNodes import voxelBox
from AutoContourRTLib.VolumeNodes import toVtk

TURN = np.array([[0.8, -0.6, 0, 5], [0.6, 0.8, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1.0]])


@pytest.fixture()
def addRoi(scene: Any) -> Any:
    """Adds a box from its LPS centre and its size along the volume's axes i, j, k."""

    def add(center: Any, size: Any) -> Any:
        node = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
        node.SetCenter(*(np.asarray(center, float) * (-1, -1, 1)))
        node.SetSize(*(float(n) for n in size))
        return node

    return add


def box(geometry: Geometry, start: Any, stop: Any) -> Any:
    """LPS centre and size (x, y, z; mm) of the voxels k, j, i in start..stop of a straight grid."""
    low, high = geometry.to_lps(np.array(start) - 0.5), geometry.to_lps(np.array(stop) - 0.5)
    return (low + high) / 2, np.abs(high - low)


def test_a_box_around_voxels_gives_these_voxels(addVolume: Any, addRoi: Any) -> None:
    grid = Geometry((7, 8, 9), (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0))
    found = voxelBox(addRoi(*box(grid, (1, 2, 3), (4, 6, 9))), addVolume(grid))
    assert found.bounds == (3, 9, 2, 6, 1, 4) and found.note == ""


@pytest.mark.parametrize("name", ["left-handed", "sagittal"])
def test_flipped_and_swapped_axes_give_the_right_voxels(
    addVolume: Any, addRoi: Any, name: str
) -> None:
    axes = {"left-handed": ((0, 0, -1), (0, 1, 0), (1, 0, 0)),
            "sagittal": ((1, 0, 0), (0, 0, -1), (0, 1, 0))}[name]
    grid = Geometry((7, 8, 9), (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0), axes)
    roi = addRoi(*box(grid, (1, 2, 3), (4, 6, 9)))
    found = voxelBox(roi, addVolume(grid))
    assert found.bounds == (3, 9, 2, 6, 1, 4) and found.note == ""


def test_voxels_whose_centres_lie_on_the_faces_count(addVolume: Any, addRoi: Any) -> None:
    grid = Geometry((7, 8, 9))
    found = voxelBox(addRoi((4, 3, 2), (4, 2, 2)), addVolume(grid))
    assert found.bounds == (2, 7, 2, 5, 1, 4)


def test_the_same_transform_above_both_changes_nothing(
    addVolume: Any, addRoi: Any, addTransform: Any
) -> None:
    grid = Geometry((7, 8, 9))
    roi, volume = addRoi((4, 3, 2), (4, 2, 2)), addVolume(grid)
    for node in (roi, volume):
        node.SetAndObserveTransformNodeID(addTransform(TURN).GetID())
    assert voxelBox(roi, volume).bounds == (2, 7, 2, 5, 1, 4)
    assert voxelBox(roi, volume).note == ""


def test_a_shifted_box_moves_with_its_transform(
    addVolume: Any, addRoi: Any, addTransform: Any
) -> None:
    roi, volume = addRoi((4, 3, 2), (4, 2, 2)), addVolume(Geometry((7, 8, 9)))
    shift = np.eye(4)
    shift[:3, 3] = (-1, -2, 3)  # RAS: one voxel along i, two along j, three along k
    roi.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    assert voxelBox(roi, volume).bounds == (3, 8, 4, 7, 4, 7)


def test_a_turned_box_gives_the_box_around_it_and_says_so(addVolume: Any, addRoi: Any) -> None:
    roi = addRoi((0, 0, 0), (10, 10, 4))
    angle = np.eye(4)
    angle[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    roi.GetObjectToNodeMatrix().DeepCopy(toVtk(angle))
    found = voxelBox(roi, addVolume(Geometry((21, 21, 21), origin=(-10.0, -10.0, -10.0))))
    half = 5 * (0.8 + 0.6)  # 7 mm
    assert found.bounds == (10 - int(half), 10 + int(half) + 1) * 2 + (8, 13)
    assert "turned" in found.note


def test_a_box_that_reaches_out_is_cut_and_says_so(addVolume: Any, addRoi: Any) -> None:
    found = voxelBox(addRoi((4, 3, 2), (100, 2, 2)), addVolume(Geometry((7, 8, 9))))
    assert found.bounds == (0, 9, 2, 5, 1, 4)
    assert "outside the volume" in found.note


def test_a_box_outside_or_between_voxels_or_not_placed_is_refused(
    scene: Any, addVolume: Any, addRoi: Any
) -> None:
    volume = addVolume(Geometry((7, 8, 9)))
    with pytest.raises(InputError, match="'Box' holds no voxel of 'CT'"):
        voxelBox(addRoi((400, 3, 2), (10, 10, 10)), volume)
    with pytest.raises(InputError, match="'Box' holds no voxel of 'CT'"):
        voxelBox(addRoi((4.5, 3, 2), (0.5, 4, 4)), volume)
    empty = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    with pytest.raises(InputError, match="'Box' is not placed"):
        voxelBox(empty, volume)
