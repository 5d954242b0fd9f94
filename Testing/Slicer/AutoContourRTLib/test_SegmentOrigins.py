"""What goes with a segment into another segmentation."""

from __future__ import annotations

from typing import Any

import numpy as np

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Fingerprints import keepFingerprints
from AutoContourRTLib.MrmlBridge import Provenance, segmentationFromLabelMap
from AutoContourRTLib.RtStructExport import howMade
from AutoContourRTLib.SegmentOrigins import colors, keepModel, models

GRID = Geometry((8, 9, 10), (3.0, 2.0, 1.0))


def made(volume: Any, name: str, model: str, version: str) -> Any:
    """What a run of a model left."""
    mask = np.zeros(GRID.shape, bool)
    mask[2:5, 2:6, 2:6] = True
    origin = Provenance(model, version, volume.GetID(), volume.GetName())
    node = segmentationFromLabelMap(LabelMap({name: mask}, GRID), volume, model, origin)
    keepFingerprints(node)
    keepModel(node)
    return node


def copy(fromNode: Any, toNode: Any) -> None:
    segmentId = fromNode.GetSegmentation().GetNthSegmentID(0)
    toNode.GetSegmentation().CopySegmentFromSegmentation(fromNode.GetSegmentation(), segmentId)


def test_the_model_goes_with_a_segment_that_is_copied(scene: Any, addVolume: Any) -> None:
    volume = addVolume(GRID)
    new, old = made(volume, "Larynx", "new_one", "1.0"), made(volume, "Heart", "old", "3.1")
    copy(old, new)
    assert models(new) == {"Larynx": "new_one 1.0", "Heart": "old 3.1"}
    assert set(howMade(new).values()) == {"AUTOMATIC"}
    clinic = segmentationFromLabelMap(LabelMap({}, GRID), volume, "clinic")
    copy(old, clinic)
    assert models(clinic) == {"Heart": "old 3.1"}


def test_segments_of_an_older_scene_are_of_the_model_of_their_node(
    scene: Any, addVolume: Any
) -> None:
    node = made(addVolume(GRID), "Larynx", "new_one", "1.0")
    node.GetSegmentation().GetNthSegment(0).RemoveTag("AutoContourRT.model")
    assert models(node) == {"Larynx": "new_one 1.0"}


def test_colours_are_those_that_are_seen(scene: Any, addVolume: Any) -> None:
    node = made(addVolume(GRID), "Larynx", "new_one", "1.0")
    node.GetSegmentation().GetNthSegment(0).SetColor(1.0, 0.0, 0.2)
    assert colors(node) == {"Larynx": "255 0 51"}
