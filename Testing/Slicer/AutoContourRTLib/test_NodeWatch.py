"""Watching one node among others of the same name."""

from __future__ import annotations

from typing import Any, List

import pytest

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.NodeWatch import NodeWatch

GRID = Geometry((3, 4, 5))


@pytest.fixture()
def watched(addVolume: Any) -> Any:
    """A watch, its node, one of the same name, and the reasons told."""
    node, other = addVolume(GRID), addVolume(GRID)
    reasons: List[str] = []
    return NodeWatch(node, reasons.append), node, other, reasons


def test_it_tells_once_and_at_once(scene: Any, watched: Any) -> None:
    watch, volume, other, reasons = watched
    scene.RemoveNode(other)
    assert reasons == [] and watch.difference() == ""
    scene.RemoveNode(volume)
    scene.Clear(0)
    assert reasons == ["'CT' was removed."]


def test_another_node_under_the_same_id_is_not_taken_for_it(
    scene: Any, watched: Any, addVolume: Any
) -> None:
    watch, volume, other, reasons = watched
    watch.stop()
    number = volume.GetID()
    scene.Clear(0)
    assert addVolume(GRID).GetID() == number
    assert "no longer in the scene" in watch.difference() and reasons == []


def test_a_closed_scene_is_told_unless_nobody_listens(scene: Any, watched: Any) -> None:
    watch, node, _, reasons = watched
    silent = NodeWatch(node, lambda reason: pytest.fail("was to be silent"))
    silent.stop()
    scene.Clear(0)
    assert reasons == ["The scene was closed."]
