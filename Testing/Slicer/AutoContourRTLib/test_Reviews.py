"""What a person said to be right: what makes it void, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import numpy as np
import pytest

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Appearance import segmentStatus, setSegmentStatus
from AutoContourRTLib.Fingerprints import isEdited, keepFingerprints
from AutoContourRTLib.MrmlBridge import segmentationFromLabelMap
from AutoContourRTLib.Reviews import isReviewed, isWithdrawn, setReviewed, withdrawOutdated

GRID = Geometry((8, 9, 10), (3.0, 2.0, 1.0), (-5.0, 4.0, 100.0))


@pytest.fixture()
def volume(scene: Any, addVolume: Any) -> Any:
    return addVolume(GRID)


@pytest.fixture()
def node(volume: Any) -> Any:
    """Two contours, just as a run leaves them."""
    masks = {name: np.zeros(GRID.shape, bool) for name in ("Brainstem", "Larynx")}
    masks["Brainstem"][2:5, 2:6, 2:6] = True
    masks["Larynx"][1:3, 6:8, 6:9] = True
    found = segmentationFromLabelMap(LabelMap(masks, GRID), volume, "Result")
    keepFingerprints(found)
    return found


def ids(node: Any) -> List[str]:
    return list(node.GetSegmentation().GetSegmentIDs())


def paint(node: Any, number: int, volume: Any) -> None:
    import slicer

    segmentId = ids(node)[number]
    array = slicer.util.arrayFromSegmentBinaryLabelmap(node, segmentId, volume)
    array[6, 1, 1] = 1 - array[6, 1, 1]
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, segmentId, volume)


def reviewed(node: Any) -> List[bool]:
    withdrawOutdated(node)
    return [isReviewed(node, segmentId) for segmentId in ids(node)]


def test_a_tick_holds_until_the_contour_is_another(node: Any, volume: Any) -> None:
    assert reviewed(node) == [False, False]
    setReviewed(node, ids(node)[0], True)
    assert reviewed(node) == [True, False]
    paint(node, 1, volume)
    assert reviewed(node) == [True, False]
    paint(node, 0, volume)
    assert reviewed(node) == [False, False] and isWithdrawn(node, ids(node)[0])


@pytest.mark.parametrize("which", ["the segmentation", "the volume"])
def test_contours_that_were_moved_against_their_volume_are_to_be_reviewed_again(
    node: Any, volume: Any, addTransform: Any, which: str
) -> None:
    setReviewed(node, ids(node)[0], True)
    shift = np.eye(4)
    shift[:3, 3] = (0.0, 0.0, 6.0)
    moved = addTransform(shift).GetID()
    (node if which == "the segmentation" else volume).SetAndObserveTransformNodeID(moved)
    assert reviewed(node) == [False, False] and isEdited(node, ids(node)[0])
    setReviewed(node, ids(node)[0], True)  # seen as it is now
    assert reviewed(node) == [True, False]


def test_moved_together_they_are_what_was_reviewed(
    node: Any, volume: Any, addTransform: Any
) -> None:
    setReviewed(node, ids(node)[0], True)
    shift = np.eye(4)
    shift[:3, 3] = (1.0, 2.0, 3.0)
    for each in (node, volume):
        each.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    assert reviewed(node) == [True, False] and not isEdited(node, ids(node)[0])
    volume.SetAndObserveTransformNodeID(addTransform().GetID())  # bent, above the volume alone
    assert reviewed(node) == [False, False]


def test_an_undo_in_the_segment_editor_brings_no_tick_back_and_takes_none_away(
    node: Any, volume: Any, slicer_app: Any
) -> None:
    """Its history restores the tags of all segments, whatever was undone."""
    first, second = ids(node)
    history = slicer_app.vtkSegmentationHistory()
    history.SetSegmentation(node.GetSegmentation())
    setReviewed(node, first, True)
    history.SaveState()
    paint(node, 1, volume)
    setReviewed(node, first, False)  # wrong after all
    history.RestorePreviousState()
    assert segmentStatus(node, first) == "completed", "as the editor leaves it"
    assert reviewed(node) == [False, False]
    history.RemoveAllStates()
    history.SaveState()
    paint(node, 1, volume)
    setReviewed(node, first, True)
    history.RestorePreviousState()
    assert segmentStatus(node, first) != "completed"
    assert reviewed(node) == [True, False]


def test_an_edit_that_is_undone_gives_its_review_back(
    node: Any, volume: Any, slicer_app: Any
) -> None:
    first = ids(node)[0]
    setReviewed(node, first, True)
    history = slicer_app.vtkSegmentationHistory()
    history.SetSegmentation(node.GetSegmentation())
    history.SaveState()
    paint(node, 0, volume)
    assert reviewed(node) == [False, False]
    history.RestorePreviousState()
    assert reviewed(node) == [True, False] and not isWithdrawn(node, first)


def test_completed_in_the_segment_editor_counts_also_after_a_withdrawal(
    node: Any, volume: Any
) -> None:
    first = ids(node)[0]
    setReviewed(node, first, True)
    paint(node, 0, volume)
    assert reviewed(node) == [False, False]
    setSegmentStatus(node, first, "completed")
    assert reviewed(node) == [True, False] and not isWithdrawn(node, first)
    setSegmentStatus(node, first, "inprogress")
    assert reviewed(node) == [False, False] and segmentStatus(node, first) == "inprogress"
    setSegmentStatus(node, first, "completed")
    assert reviewed(node) == [True, False]


def test_reviews_of_a_scene_that_knows_them_by_tags_alone_are_kept_if_they_still_hold(
    node: Any, volume: Any
) -> None:
    for segmentId in ids(node):
        setReviewed(node, segmentId, True)
    node.RemoveAttribute("AutoContourRT.reviews")  # as an older version wrote it
    paint(node, 1, volume)
    assert reviewed(node) == [True, False] and isWithdrawn(node, ids(node)[1])


def test_reviews_are_saved_with_the_scene(
    node: Any, volume: Any, tmp_path: Path, slicer_app: Any
) -> None:
    from SlicerHarness import clearScene

    setReviewed(node, ids(node)[0], True)
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    clearScene()
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    (again,) = slicer_app.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert reviewed(again) == [True, False]


def test_a_surface_without_voxels_is_told_from_another(
    node: Any, volume: Any, slicer_app: Any
) -> None:
    import vtk

    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName("Closed surface")
    segmentation.RemoveAllSegments()
    sphere = vtk.vtkSphereSource()
    sphere.SetRadius(20.0)
    sphere.Update()
    segment = slicer_app.vtkSegment()
    segment.SetName("Brain")
    segment.AddRepresentation("Closed surface", sphere.GetOutput())
    segmentation.AddSegment(segment, "brain")
    setReviewed(node, "brain", True)
    assert reviewed(node) == [True]
    smaller = vtk.vtkSphereSource()
    smaller.SetRadius(10.0)
    smaller.Update()
    segment.AddRepresentation("Closed surface", smaller.GetOutput())
    assert reviewed(node) == [False]
