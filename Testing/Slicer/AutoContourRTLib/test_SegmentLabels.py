"""Segmentation nodes as masks: other grids, transforms, surfaces, and what lies outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Inspection import SURFACE, is3DShown, show3D
from AutoContourRTLib.SegmentationNodes import segmentationFromLabelMap
from AutoContourRTLib.SegmentLabels import labelMapFromSegmentation, ownGrid
from AutoContourRTLib.VolumeNodes import FLIP

GRID = Geometry((7, 8, 9), (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0))
TURN = np.array([[0.8, -0.6, 0, 5], [0.6, 0.8, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1.0]])


def positions(labels: LabelMap, name: str) -> np.ndarray:
    """Sorted LPS positions of a structure's voxels."""
    points = labels.geometry.to_lps(np.argwhere(labels.masks[name])).round(6)
    return points[np.lexsort(points.T)]


def test_shared_layers_as_slicer_makes_them_are_told_apart(
    addVolume: Any, overlapping: Any, same: Any
) -> None:
    volume, labels = addVolume(GRID), overlapping(GRID)
    node = segmentationFromLabelMap(labels, volume, "Contours")
    segmentation = node.GetSegmentation()
    before = segmentation.GetNumberOfLayers()
    segmentation.CollapseBinaryLabelmaps(False)
    assert segmentation.GetNumberOfLayers() < before
    assert same(labelMapFromSegmentation(node, volume).labelMap, labels)


def test_a_larger_grid_holds_all_and_a_smaller_one_counts_what_is_outside(
    addVolume: Any, overlapping: Any
) -> None:
    labels = overlapping(GRID)
    node = segmentationFromLabelMap(labels, addVolume(GRID), "Contours")
    larger = Geometry((20, 21, 22), GRID.spacing, tuple(GRID.to_lps(np.array([-5, -6, -7]))))
    found = labelMapFromSegmentation(node, addVolume(larger))
    assert found.outsideVoxels == {} and found.notes == ()
    for name in labels.names:
        assert np.allclose(positions(found.labelMap, name), positions(labels, name))
    smaller = GRID.cropped((2, 2, 2), (7, 8, 5))
    found = labelMapFromSegmentation(node, addVolume(smaller))
    for name, mask in labels.masks.items():
        assert np.array_equal(found.labelMap.masks[name], mask[2:7, 2:8, 2:5])
        lost = np.count_nonzero(mask) - np.count_nonzero(mask[2:7, 2:8, 2:5])
        assert found.outsideVoxels.get(name, 0) == lost
    assert found.outsideVoxels["Brain"] > 0 and "SpinalCord" not in found.outsideVoxels


def test_segments_that_were_drawn_beyond_the_volume_are_counted(addVolume: Any) -> None:
    volume = addVolume(GRID)
    larger = Geometry((9, 8, 9), GRID.spacing, tuple(GRID.to_lps(np.array([-2, 0, 0]))))
    mask = np.zeros(larger.shape, bool)
    mask[:4, 3, 3] = True  # two slices below the volume, two in it
    node = segmentationFromLabelMap(LabelMap({"Brain": mask}, larger), addVolume(larger), "Drawn")
    found = labelMapFromSegmentation(node, volume)
    assert found.outsideVoxels == {"Brain": 2}
    assert np.argwhere(found.labelMap.masks["Brain"]).tolist() == [[0, 3, 3], [1, 3, 3]]
    assert ownGrid(node).same_grid(larger, 1e-6)


def test_a_segment_wholly_outside_is_empty_and_counted(addVolume: Any) -> None:
    away = Geometry(GRID.shape, GRID.spacing, (500.0, 500.0, 500.0))
    labels = LabelMap({"Brain": np.ones(GRID.shape, bool)}, away)
    node = segmentationFromLabelMap(labels, addVolume(away), "Away")
    found = labelMapFromSegmentation(node, addVolume(GRID))
    assert not found.labelMap.masks["Brain"].any()
    assert found.outsideVoxels == {"Brain": GRID.shape[0] * GRID.shape[1] * GRID.shape[2]}


def test_the_same_voxels_on_swapped_and_flipped_axes_are_taken_over_exactly(
    addVolume: Any, overlapping: Any
) -> None:
    labels = overlapping(GRID)
    node = segmentationFromLabelMap(labels, addVolume(GRID), "Contours")
    k, j, i = GRID.shape
    swapped = Geometry(  # i backwards along k, k along j, j backwards along i
        (i, k, j),
        (GRID.spacing[2], GRID.spacing[0], GRID.spacing[1]),
        tuple(GRID.to_lps(np.array([0, j - 1, i - 1]))),
        ((-1, 0, 0), (0, 0, 1), (0, -1, 0)),
    )
    found = labelMapFromSegmentation(node, addVolume(swapped))
    assert found.notes == () and found.outsideVoxels == {}
    for name, mask in labels.masks.items():
        expected = mask[:, ::-1, ::-1].transpose(2, 0, 1)
        assert np.array_equal(found.labelMap.masks[name], expected), name


def test_another_spacing_takes_the_nearest_voxel_and_says_so(addVolume: Any) -> None:
    coarse = Geometry((4, 5, 6), (3.0, 3.0, 3.0))
    mask = np.zeros(coarse.shape, bool)
    mask[1:3, 2:4, 1:5] = True
    node = segmentationFromLabelMap(LabelMap({"Brain": mask}, coarse), addVolume(coarse), "S")
    fine = Geometry((12, 15, 18), (1.0, 1.0, 1.0), (-1.0, -1.0, -1.0))  # each voxel in 27
    found = labelMapFromSegmentation(node, addVolume(fine))
    expected = mask.repeat(3, 0).repeat(3, 1).repeat(3, 2)
    assert np.array_equal(found.labelMap.masks["Brain"], expected)
    assert "nearest voxels were taken: Brain" in found.notes[0]
    assert found.outsideVoxels == {}


def test_slicers_own_resampling_agrees_on_an_oblique_grid(addVolume: Any) -> None:
    import slicer
    import vtk

    source = Geometry((20, 22, 24), (2.0, 1.5, 1.5))
    k, j, i = np.indices(source.shape)
    ball = (k - 9.7) ** 2 + (j - 10.2) ** 2 + (i - 12.1) ** 2 < 49
    node = segmentationFromLabelMap(LabelMap({"Brain": ball}, source), addVolume(source), "S")
    axes = ((0, 0, 1), (-0.6, 0.8, 0), (0.8, 0.6, 0))
    target = addVolume(Geometry((21, 23, 25), (1.9, 1.4, 1.3), (1.013, -3.017, 0.511), axes))
    found = labelMapFromSegmentation(node, target).labelMap.masks["Brain"]
    exported = node.GetScene().AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    ids = vtk.vtkStringArray()
    ids.InsertNextValue(node.GetSegmentation().GetNthSegmentID(0))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.ExportSegmentsToLabelmapNode(node, ids, exported, target)
    theirs = slicer.util.arrayFromVolume(exported) > 0
    assert found.sum() > 1000
    assert np.count_nonzero(found != theirs) <= 2e-3 * found.sum()  # ties of rounding


def test_transforms_above_both_nodes_are_followed(
    addVolume: Any, addTransform: Any, overlapping: Any, same: Any
) -> None:
    labels, first, second = overlapping(GRID), addTransform(TURN), addTransform(TURN)
    volume = addVolume(GRID)
    node = segmentationFromLabelMap(labels, volume, "Contours")
    node.SetAndObserveTransformNodeID(first.GetID())
    volume.SetAndObserveTransformNodeID(second.GetID())
    assert same(labelMapFromSegmentation(node, volume).labelMap, labels)


def test_a_moved_segmentation_is_taken_where_it_is_shown(
    addVolume: Any, addTransform: Any, overlapping: Any
) -> None:
    labels, volume = overlapping(GRID), addVolume(GRID)
    node = segmentationFromLabelMap(labels, volume, "Contours")
    shift = np.eye(4)
    shift[:3, 3] = (FLIP[:3, :3] @ GRID.step_vectors[0])  # one slice up
    node.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    found = labelMapFromSegmentation(node, volume)
    for name, mask in labels.masks.items():
        assert np.array_equal(found.labelMap.masks[name][1:], mask[:-1]), name
    assert found.outsideVoxels == {"Ein Organ ß": 1}


def test_bent_transforms_are_refused_unless_both_nodes_share_them(
    addVolume: Any, addTransform: Any, overlapping: Any, same: Any
) -> None:
    labels, volume, bent = overlapping(GRID), addVolume(GRID), addTransform()
    node = segmentationFromLabelMap(labels, volume, "Contours")
    node.SetAndObserveTransformNodeID(bent.GetID())
    with pytest.raises(InputError, match="'Contours' lies under the transform 'Bent'"):
        labelMapFromSegmentation(node, volume)
    volume.SetAndObserveTransformNodeID(bent.GetID())
    assert same(labelMapFromSegmentation(node, volume).labelMap, labels)


def test_some_segments_may_be_chosen_and_double_names_are_refused(
    addVolume: Any, overlapping: Any
) -> None:
    volume = addVolume(GRID)
    node = segmentationFromLabelMap(overlapping(GRID), volume, "Contours")
    ids = node.GetSegmentation().GetSegmentIDs()
    assert labelMapFromSegmentation(node, volume, [ids[1]]).labelMap.names == ("Brain",)
    node.GetSegmentation().GetSegment(ids[0]).SetName("Brain")
    with pytest.raises(InputError, match="two segments named 'Brain'"):
        labelMapFromSegmentation(node, volume)
    with pytest.raises(InputError, match="no segment 'x'"):
        labelMapFromSegmentation(node, volume, ["x"])
    node.GetSegmentation().GetSegment(ids[0]).SetName("")
    with pytest.raises(InputError, match="segment without a name; give it one"):
        labelMapFromSegmentation(node, volume)


def surfaceOnly(node: Any) -> None:
    """Makes the closed surface the only representation, as of an imported structure set."""
    assert node.CreateClosedSurfaceRepresentation()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    node.GetSegmentation().RemoveRepresentation("Binary labelmap")


def test_closed_surfaces_are_converted_on_the_grid_and_left_alone(addVolume: Any) -> None:
    grid = Geometry((30, 31, 32), (2.0, 1.5, 1.5))
    k, j, i = np.indices(grid.shape)
    ball = (k - 14.5) ** 2 * 4 + ((j - 15) ** 2 + (i - 16) ** 2) * 2.25 < 15**2  # r = 15 mm
    volume = addVolume(grid)
    node = segmentationFromLabelMap(LabelMap({"Brain": ball}, grid), volume, "S")
    surfaceOnly(node)
    found = labelMapFromSegmentation(node, volume)
    assert "converted from 'Closed surface'" in found.notes[0]
    mask = found.labelMap.masks["Brain"]
    dice = 2 * np.count_nonzero(mask & ball) / (mask.sum() + ball.sum())
    assert dice > 0.95  # the surface is smoothed
    assert not node.GetSegmentation().ContainsRepresentation("Binary labelmap")


def test_a_surface_that_reaches_beyond_its_own_grid_is_refused_not_cut(addVolume: Any) -> None:
    grid = Geometry((30, 31, 32), (2.0, 1.5, 1.5))
    k, j, i = np.indices(grid.shape)
    ball = (k - 14.5) ** 2 * 4 + ((j - 15) ** 2 + (i - 16) ** 2) * 2.25 < 15**2
    node = segmentationFromLabelMap(LabelMap({"Brain": ball}, grid), addVolume(grid), "S")
    surfaceOnly(node)
    assert labelMapFromSegmentation(node).whole("S").names == ("Brain",)
    half = addVolume(grid.cropped((0, 0, 0), (15, 31, 32)))
    node.SetReferenceImageGeometryParameterFromVolumeNode(half)
    with pytest.raises(InputError, match="Brain of 'S' reach beyond.*Create a binary labelmap"):
        labelMapFromSegmentation(node).whole("S")
    assert node.CreateBinaryLabelmapRepresentation(), "the way out that it names"
    found = labelMapFromSegmentation(node)
    assert found.whole("S").masks["Brain"].sum() > 0.95 * ball.sum()
    assert "converted from 'Closed surface' in this scene before" in found.notes[0]


def test_surfaces_that_are_all_there_is_are_hidden_and_stay(addVolume: Any) -> None:
    grid = Geometry((10, 10, 10), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[3:7, 3:7, 3:7] = True
    node = segmentationFromLabelMap(LabelMap({"Brain": mask}, grid), addVolume(grid), "S")
    show3D(node, True)
    show3D(node, False)
    assert not is3DShown(node) and not node.GetSegmentation().ContainsRepresentation(SURFACE)
    surfaceOnly(node)
    show3D(node, True)
    assert is3DShown(node)
    show3D(node, False)
    assert not is3DShown(node) and node.GetSegmentation().ContainsRepresentation(SURFACE)


def test_planar_contours_are_still_seen_in_the_slices_after_show_3d_is_off(
    scene: Any, addVolume: Any
) -> None:
    """Their slice views show the surfaces, which SlicerRT made and nothing here can make again."""
    grid = Geometry((10, 10, 10), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[3:7, 3:7, 3:7] = True
    node = segmentationFromLabelMap(LabelMap({"Brain": mask}, grid), addVolume(grid), "RTSTRUCT")
    surfaceOnly(node)
    segmentation, planar = node.GetSegmentation(), "Planar contour"
    segment = segmentation.GetNthSegment(0)
    surface = segment.GetRepresentation(SURFACE)
    segmentation.SetSourceRepresentationName(planar)
    for kind in (planar, SURFACE):
        segment.AddRepresentation(kind, surface)
    show3D(node, False)
    assert not is3DShown(node) and segmentation.ContainsRepresentation(SURFACE)
    show3D(node, True)
    assert is3DShown(node)


def test_planar_contours_that_slicer_cannot_convert_are_refused(
    scene: Any, addVolume: Any
) -> None:
    import slicer
    import vtk

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "RTSTRUCT")
    node.GetSegmentation().SetSourceRepresentationName("Planar contour")
    segment = slicer.vtkSegment()
    segment.SetName("Brain")
    segment.AddRepresentation("Planar contour", vtk.vtkPolyData())
    node.GetSegmentation().AddSegment(segment, "Brain")
    with pytest.raises(InputError, match="'RTSTRUCT'.*'Planar contour'.*Load structure set"):
        labelMapFromSegmentation(node, addVolume(GRID))


def test_a_segmentation_without_anything_has_no_grid(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "New")
    with pytest.raises(InputError, match="'New' has no grid"):
        labelMapFromSegmentation(node)
