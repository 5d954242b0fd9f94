"""Transforms above nodes, and hardened copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.Transforms import between, hardenedCopy, hasNonlinearTransform, toWorld
from AutoContourRTLib.VolumeNodes import checkVolume, geometryOfVolumeNode, volumeFromNode

GRID = Geometry((7, 8, 9), (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0))
SHIFT = np.array([[1, 0, 0, 5], [0, 1, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1.0]])
TURN = np.array([[0.8, -0.6, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])


def test_chains_of_transforms_are_multiplied(addVolume: Any, addTransform: Any) -> None:
    volume, other = addVolume(GRID), addVolume(GRID)
    shift, turn = addTransform(SHIFT), addTransform(TURN)
    assert np.array_equal(toWorld(volume), np.eye(4))
    volume.SetAndObserveTransformNodeID(shift.GetID())
    shift.SetAndObserveTransformNodeID(turn.GetID())
    assert np.allclose(toWorld(volume), TURN @ SHIFT)
    assert np.allclose(between(volume, other), TURN @ SHIFT)
    assert np.allclose(between(other, volume), np.linalg.inv(TURN @ SHIFT))
    assert np.allclose(between(volume, None), TURN @ SHIFT)


def test_bent_transforms_are_seen_from_below_and_refused(
    addVolume: Any, addTransform: Any
) -> None:
    volume, shift, bent = addVolume(GRID), addTransform(SHIFT), addTransform()
    volume.SetAndObserveTransformNodeID(shift.GetID())
    assert not hasNonlinearTransform(volume)
    shift.SetAndObserveTransformNodeID(bent.GetID())
    assert hasNonlinearTransform(volume)
    with pytest.raises(InputError, match="hardened copy"):
        toWorld(volume)


def test_a_transform_that_flattens_space_is_refused(addVolume: Any, addTransform: Any) -> None:
    volume, other = addVolume(GRID), addVolume(GRID, "Flat")
    other.SetAndObserveTransformNodeID(addTransform(np.diag([1, 1, 0, 1])).GetID())
    with pytest.raises(InputError, match="'Flat' flattens space"):
        between(volume, other)


def test_a_hardened_copy_has_no_transform_and_shows_the_same_thing(
    addVolume: Any, addTransform: Any
) -> None:
    volume = addVolume(GRID)
    volume.SetAndObserveTransformNodeID(addTransform(SHIFT).GetID())
    copy = hardenedCopy(volume)
    assert copy.GetParentTransformNode() is None and volume.GetParentTransformNode() is not None
    assert np.array_equal(volumeFromNode(copy).array, volumeFromNode(volume).array)
    moved = np.asarray(GRID.origin) + (-5, -6, 7)
    assert np.allclose(geometryOfVolumeNode(copy).origin, moved)


def test_a_bent_volume_is_resampled_where_it_is_shown(addVolume: Any, addTransform: Any) -> None:
    """The displacement of `addTransform()` is known: z moves by what the grid says."""
    from AutoContourRTCore.volumes.volume import Volume

    grid = Geometry((40, 30, 30), (2.0, 2.0, 2.0), (-30.0, -30.0, -40.0))
    array = np.zeros(grid.shape, np.int16)
    array[20, 15, 15] = 1000
    volume, bent = addVolume(Volume(array, grid)), addTransform()
    volume.SetAndObserveTransformNodeID(bent.GetID())
    before = volumeFromNodeVoxels(volume)
    shown = [0.0] * 3
    ras = grid.to_lps(np.array([20, 15, 15])) * (-1, -1, 1)
    bent.GetTransformToParent().TransformPoint(list(ras), shown)
    assert np.linalg.norm(np.array(shown) - ras) > 3
    copy = hardenedCopy(volume)
    checkVolume(copy)
    found = volumeFromNode(copy)
    brightest = np.argwhere(found.array == found.array.max()).mean(axis=0)
    lps = found.geometry.to_lps(brightest)
    assert np.allclose(lps * (-1, -1, 1), shown, atol=2.0)
    assert volume.GetParentTransformNode() is bent
    assert np.array_equal(volumeFromNodeVoxels(volume), before)


def volumeFromNodeVoxels(volume: Any) -> np.ndarray:
    import slicer

    return np.array(slicer.util.arrayFromVolume(volume))
