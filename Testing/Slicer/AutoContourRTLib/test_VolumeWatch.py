"""Watching one volume among others of the same name."""

from __future__ import annotations

from typing import Any, List

import pytest

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.VolumeWatch import VolumeWatch

GRID = Geometry((3, 4, 5))


@pytest.fixture()
def watched(addVolume: Any) -> Any:
    """A watch, its volume, one of the same name, and the reasons told."""
    volume, other = addVolume(GRID), addVolume(GRID)
    reasons: List[str] = []
    return VolumeWatch(volume, reasons.append), volume, other, reasons


def test_it_tells_once_and_at_once(scene: Any, watched: Any) -> None:
    watch, volume, other, reasons = watched
    scene.RemoveNode(other)
    assert reasons == [] and watch.difference() == ""
    scene.RemoveNode(volume)
    scene.Clear(0)
    assert reasons == ["The volume 'CT' was removed."]


def test_another_node_under_the_same_id_is_not_taken_for_it(
    scene: Any, watched: Any, addVolume: Any
) -> None:
    watch, volume, other, reasons = watched
    watch.stop()
    number = volume.GetID()
    scene.Clear(0)
    assert addVolume(GRID).GetID() == number
    assert "no longer in the scene" in watch.difference() and reasons == []


def test_voxels_that_were_touched_are_noticed_in_every_way(watched: Any) -> None:
    import slicer
    import vtk

    watch, volume, _, _ = watched
    assert not watch.voxelsMayDiffer()
    volume.SetName("renamed")
    volume.GetImageData().GetScalarRange()
    assert not watch.voxelsMayDiffer()
    slicer.util.arrayFromVolume(volume)[0, 0, 0] = 7
    slicer.util.arrayFromVolumeModified(volume)
    assert watch.voxelsMayDiffer()
    fresh = VolumeWatch(volume, lambda reason: None)
    copy = vtk.vtkImageData()
    copy.DeepCopy(volume.GetImageData())
    volume.SetAndObserveImageData(copy)
    assert fresh.voxelsMayDiffer() and fresh.difference() == ""
    fresh.stop()


def test_a_volume_that_lost_its_voxels_is_another(watched: Any) -> None:
    watch, volume, _, _ = watched
    volume.SetAndObserveImageData(None)
    assert "grid" in watch.difference()
