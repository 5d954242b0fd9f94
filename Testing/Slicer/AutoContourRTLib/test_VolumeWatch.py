"""What counts as a change of a volume, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.VolumeWatch import VolumeWatch

GRID = Geometry((3, 4, 5))


@pytest.fixture()
def watched(addVolume: Any) -> Any:
    """A watch and its volume."""
    volume = addVolume(GRID)
    return VolumeWatch(volume, pytest.fail), volume


def test_voxels_that_were_touched_are_noticed_in_every_way(watched: Any) -> None:
    import slicer
    import vtk

    watch, volume = watched
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
    watch, volume = watched
    volume.SetAndObserveImageData(None)
    assert "grid" in watch.difference()
