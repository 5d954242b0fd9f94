"""Was a segment edited since the run?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from AutoContourRTCore.volumes.geometry import Geometry


@pytest.fixture()
def made(scene: Any, addVolume: Any, grid: Geometry, overlapping: Callable[..., Any]) -> Any:
    """A segmentation just as a run leaves it, on each kind of grid."""
    from AutoContourRTLib.Fingerprints import keepFingerprints
    from AutoContourRTLib.MrmlBridge import segmentationFromLabelMap

    node = segmentationFromLabelMap(overlapping(grid), addVolume(grid), "Result")
    keepFingerprints(node)
    return node


def edited(node: Any) -> list:
    from AutoContourRTLib.Fingerprints import isEdited

    return [isEdited(node, n) for n in node.GetSegmentation().GetSegmentIDs()]


def flip(node: Any, number: int, k: int, j: int, i: int) -> None:
    """Turn one voxel of a segment over, as a stroke of the Segment Editor does."""
    import slicer

    from AutoContourRTLib.SegmentationNodes import referenceVolume

    volume = referenceVolume(node)
    segmentId = node.GetSegmentation().GetNthSegmentID(number)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(node, segmentId, volume)
    array[k, j, i] = 1 - array[k, j, i]
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, segmentId, volume)


def test_what_a_run_left_is_not_edited(made: Any) -> None:
    assert edited(made) == [False] * 5


@pytest.mark.parametrize("voxel", [(1, 1, 1), (5, 6, 7), (1, 3, 3)])
def test_one_voxel_more_or_less_is_an_edit_of_that_segment_alone(made: Any, voxel: Any) -> None:
    flip(made, 0, *voxel)
    assert edited(made) == [True, False, False, False, False]


def test_an_edit_that_was_taken_back_is_none(made: Any) -> None:
    flip(made, 1, 6, 6, 6)
    assert edited(made)[1]
    flip(made, 1, 6, 6, 6)
    assert edited(made) == [False] * 5


def test_an_emptied_segment_is_edited(made: Any) -> None:
    flip(made, 2, 2, 2, 3)
    assert edited(made)[2]


def test_the_same_shape_elsewhere_is_an_edit(made: Any) -> None:
    flip(made, 2, 2, 2, 3)
    flip(made, 2, 2, 2, 4)
    assert edited(made)[2]


def test_of_a_segment_that_no_run_made_nothing_is_said(made: Any) -> None:
    made.GetSegmentation().AddEmptySegment("own", "Drawn by hand")
    assert edited(made)[-1] is None


def test_it_holds_in_a_saved_and_loaded_scene(
    made: Any, tmp_path: Path, slicer_app: Any
) -> None:
    from SlicerHarness import clearScene

    flip(made, 1, 6, 6, 6)
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    clearScene()
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    (node,) = slicer_app.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert edited(node) == [False, True, False, False, False]
    assert np.any(slicer_app.util.arrayFromSegmentBinaryLabelmap(
        node, node.GetSegmentation().GetNthSegmentID(1)))  # fmt: skip


def test_voxels_made_from_a_surface_are_no_edit_of_it(made: Any) -> None:
    from AutoContourRTLib.Fingerprints import keepFingerprints

    segmentation = made.GetSegmentation()
    assert made.CreateClosedSurfaceRepresentation()
    segmentation.SetSourceRepresentationName("Closed surface")
    made.RemoveBinaryLabelmapRepresentation()
    keepFingerprints(made)
    assert made.CreateBinaryLabelmapRepresentation()
    assert not any(edited(made))
