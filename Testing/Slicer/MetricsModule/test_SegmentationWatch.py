"""What counts as a change of a segmentation, and what does not."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest
from vtk.util.numpy_support import vtk_to_numpy

from AutoContourRTLib.VolumeNodes import toVtk
from MetricsModuleLib.SegmentationWatch import SegmentationWatch


@pytest.fixture()
def reasons() -> List[str]:
    return []


@pytest.fixture()
def watch(test: Any, reasons: List[str]) -> SegmentationWatch:
    return SegmentationWatch(test, reasons.append)


def test_looks_are_no_change(test: Any, watch: Any) -> None:
    segment = test.GetSegmentation().GetNthSegment(0)
    segment.SetColor(1, 0, 0)
    segment.SetTag("Segmentation.Status", "completed")
    test.GetDisplayNode().SetVisibility(False)
    test.CreateClosedSurfaceRepresentation()
    test.SetName("renamed")
    assert watch.difference() == ""


def test_an_edited_contour_is_a_change(test: Any, watch: Any, removeVoxel: Any) -> None:
    removeVoxel(test)
    assert watch.difference() == "The contours of 'Observer 2' were changed meanwhile."


def test_a_voxel_changed_in_place_is_a_change(test: Any, watch: Any) -> None:
    """As the Segment Editor's effects do it: the image stays the same object."""
    segment = test.GetSegmentation().GetNthSegment(0)
    image = segment.GetRepresentation("Binary labelmap")
    vtk_to_numpy(image.GetPointData().GetScalars())[0] = 0
    image.Modified()
    assert "were changed" in watch.difference()


def test_a_renamed_or_removed_segment_is_a_change(test: Any, watch: Any, reference: Any) -> None:
    test.GetSegmentation().GetNthSegment(0).SetName("other")
    assert "were changed" in watch.difference()
    other = SegmentationWatch(reference, print)
    reference.GetSegmentation().RemoveSegment(reference.GetSegmentation().GetNthSegmentID(0))
    assert "were changed" in other.difference()


def test_a_moved_segmentation_is_a_change(scene: Any, test: Any, watch: Any) -> None:
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    test.SetAndObserveTransformNodeID(transform.GetID())
    assert watch.difference() == ""
    matrix = np.eye(4)
    matrix[0, 3] = 1
    transform.SetMatrixTransformToParent(toVtk(matrix))
    assert "was moved" in watch.difference()


def test_a_removed_node_is_told_at_once(
    scene: Any, test: Any, watch: Any, reasons: List[str]
) -> None:
    scene.RemoveNode(test)
    assert reasons == ["'Observer 2' was removed."]
    assert "no longer in the scene" in watch.difference()


def test_a_closed_scene_is_told_unless_nobody_listens(
    scene: Any, watch: Any, reasons: List[str]
) -> None:
    watch.stop()
    scene.Clear()
    assert reasons == []
