"""Segments into a node: exact, dressed, in its place, and saved with the scene."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTLib.Appearance import segmentStatus
from AutoContourRTLib.Provenance import Provenance, provenance
from AutoContourRTLib.SegmentationNodes import (
    removeSegmentation,
    segmentationFromFile,
    segmentationFromLabelMap,
    volumesMl,
)
from AutoContourRTLib.SegmentLabels import labelMapFromSegmentation


def segmentsByName(node: Any) -> Any:
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetSegment(each) for each in segmentation.GetSegmentIDs()]
    return {segment.GetName(): segment for segment in segments}


def classes(scene: Any) -> Any:
    """Classes and names of all nodes, in order."""
    nodes = [scene.GetNthNode(number) for number in range(scene.GetNumberOfNodes())]
    return [(node.GetClassName(), node.GetName()) for node in nodes]


def test_every_voxel_comes_back_from_the_node(
    addVolume: Any, grid: Geometry, overlapping: Any, same: Any
) -> None:
    volume, labels = addVolume(grid), overlapping(grid)
    node = segmentationFromLabelMap(labels, volume, "Contours")
    back = labelMapFromSegmentation(node, volume)
    assert same(back.labelMap, labels)
    assert back.outsideVoxels == {} and back.notes == ()
    assert back.labelMap.geometry.same_grid(grid, 1e-9)


def test_slicers_own_export_agrees(addVolume: Any, grid: Geometry, overlapping: Any) -> None:
    """Voxel for voxel, by vtkSlicerSegmentationsModuleLogic."""
    import slicer
    import vtk

    volume, labels = addVolume(grid), overlapping(grid)
    node = segmentationFromLabelMap(labels, volume, "Contours")
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    for name, segmentId in zip(labels.names, node.GetSegmentation().GetSegmentIDs()):
        target = node.GetScene().AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
        ids = vtk.vtkStringArray()
        ids.InsertNextValue(segmentId)
        assert logic.ExportSegmentsToLabelmapNode(node, ids, target, volume)
        assert np.array_equal(slicer.util.arrayFromVolume(target) > 0, labels.masks[name]), name


def test_a_file_gives_the_same_node_and_shares_layers(
    addVolume: Any, grid: Geometry, overlapping: Any, same: Any, tmp_path: Path
) -> None:
    volume, labels = addVolume(grid), overlapping(grid)
    write_labelmap(labels, tmp_path / "a.seg.nrrd")
    node = segmentationFromFile(tmp_path / "a.seg.nrrd", volume, "Contours")
    assert same(labelMapFromSegmentation(node, volume).labelMap, labels)
    assert node.GetSegmentation().GetNumberOfLayers() == 3
    assert node.GetStorageNode() is None


def test_segments_are_dressed_from_the_catalogue_and_ask_for_review(
    addVolume: Any, overlapping: Any
) -> None:
    grid = Geometry((7, 8, 9))
    node = segmentationFromLabelMap(overlapping(grid), addVolume(grid), "Contours")
    segments = segmentsByName(node)
    for name in ("Parotid_L", "Brain", "Larynx", "SpinalCord"):
        known = find(name)
        assert np.allclose(segments[name].GetColor(), np.divide(known.color, 255))
        assert segments[name].GetTerminology() == known.terminology != ""
    assert np.allclose(segments["Ein Organ ß"].GetColor(), 128 / 255)
    ids = node.GetSegmentation().GetSegmentIDs()
    assert {segmentStatus(node, each) for each in ids} == {"flagged"}


def test_other_spellings_become_tg_263(addVolume: Any) -> None:
    grid = Geometry((2, 3, 4))
    labels = LabelMap({"left parotid": np.ones(grid.shape, bool)}, grid)
    node = segmentationFromLabelMap(labels, addVolume(grid), "Contours")
    assert list(segmentsByName(node)) == ["Parotid_L"]


def test_the_reference_geometry_is_the_whole_grid_of_the_volume(
    addVolume: Any, grid: Geometry, overlapping: Any
) -> None:
    volume = addVolume(grid)
    node = segmentationFromLabelMap(overlapping(grid), volume, "Contours")
    assert labelMapFromSegmentation(node).labelMap.geometry.same_grid(grid, 1e-6)
    assert node.GetNodeReference("referenceImageGeometryRef") is volume


def test_the_node_lies_under_the_volumes_transform_patient_and_study(
    scene: Any, addVolume: Any, addTransform: Any, overlapping: Any, same: Any
) -> None:
    import slicer

    grid = Geometry((7, 8, 9), (3.0, 1.1, 0.9))
    volume, labels = addVolume(grid), overlapping(grid)
    turned = np.array([[0, -1, 0, 5], [1, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])
    transform = addTransform(turned)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Same name")
    hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Same name")
    study = hierarchy.CreateStudyItem(patient, "Study")
    hierarchy.CreateItem(study, volume)
    node = segmentationFromLabelMap(labels, volume, "Contours")
    item = hierarchy.GetItemByDataNode(node)
    assert hierarchy.GetItemParent(item) == study
    assert hierarchy.GetItemAncestorAtLevel(item, "Patient") == patient
    assert node.GetParentTransformNode() is transform
    assert same(labelMapFromSegmentation(node, volume).labelMap, labels)


def test_a_volume_without_a_study_has_its_contours_beside_it(addVolume: Any) -> None:
    import slicer

    grid = Geometry((2, 3, 4))
    volume = addVolume(grid)
    node = segmentationFromLabelMap(LabelMap({}, grid), volume, "Contours")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    items = [hierarchy.GetItemByDataNode(each) for each in (node, volume)]
    assert 0 not in items
    assert len({hierarchy.GetItemParent(item) for item in items}) == 1


def test_a_name_that_is_taken_is_made_unique(addVolume: Any) -> None:
    grid = Geometry((2, 3, 4))
    volume = addVolume(grid)
    nodes = [segmentationFromLabelMap(LabelMap({}, grid), volume, "Contours") for _ in "ab"]
    assert nodes[0].GetName() != nodes[1].GetName()


def test_another_grid_or_a_bent_transform_is_refused_and_the_scene_is_as_it_was(
    scene: Any, addVolume: Any, addTransform: Any, overlapping: Any
) -> None:
    grid = Geometry((7, 8, 9))
    volume = addVolume(grid)
    bent = addTransform()
    before = classes(scene)
    moved = Geometry(grid.shape, origin=(0, 0, 0.5))
    with pytest.raises(InputError, match="another grid"):
        segmentationFromLabelMap(overlapping(moved), volume, "Contours")
    volume.SetAndObserveTransformNodeID(bent.GetID())
    with pytest.raises(InputError, match="not linear"):
        segmentationFromLabelMap(overlapping(grid), volume, "Contours")
    assert classes(scene) == before


def test_what_fails_at_the_last_moment_leaves_the_scene_as_it_was(
    scene: Any, addVolume: Any, overlapping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from AutoContourRTLib import SegmentationNodes

    def fail(*nodes: Any) -> None:
        raise RuntimeError("no hierarchy")

    grid = Geometry((7, 8, 9))
    volume = addVolume(grid)
    before = classes(scene)
    monkeypatch.setattr(SegmentationNodes, "putBeside", fail)
    with pytest.raises(RuntimeError):
        segmentationFromLabelMap(overlapping(grid), volume, "Contours")
    assert classes(scene) == before


def test_removing_takes_the_display_along(scene: Any, addVolume: Any, overlapping: Any) -> None:
    grid = Geometry((7, 8, 9))
    volume = addVolume(grid)
    before = classes(scene)
    removeSegmentation(segmentationFromLabelMap(overlapping(grid), volume, "Contours"))
    assert classes(scene) == before


def test_volumes_are_those_of_the_masks(addVolume: Any, grid: Geometry, overlapping: Any) -> None:
    labels = overlapping(grid)
    node = segmentationFromLabelMap(labels, addVolume(grid), "Contours")
    expected = [labels.volume_ml(name) for name in labels.names]
    assert list(volumesMl(node).values()) == pytest.approx(expected)


def test_provenance_is_kept_with_the_node(addVolume: Any) -> None:
    grid = Geometry((2, 3, 4))
    volume = addVolume(grid, "CT 患者")
    origin = Provenance("m", "1.2", volume.GetID(), volume.GetName(), date="2026-11-21")
    node = segmentationFromLabelMap(LabelMap({}, grid), volume, "Contours", origin)
    kept = provenance(node)
    assert kept["model"] == "m" and kept["modelVersion"] == "1.2"
    assert kept["volumeName"] == "CT 患者" and kept["date"] == "2026-11-21"
    assert provenance(volume) == {}


def test_a_saved_scene_has_the_segments_when_the_temporary_files_are_gone(
    slicer_app: Any, scene: Any, addVolume: Any, overlapping: Any, same: Any, tmp_path: Path
) -> None:
    grid = Geometry((7, 8, 9), (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0))
    labels, temporary = overlapping(grid), tmp_path / "temporary"
    temporary.mkdir()
    write_labelmap(labels, temporary / "a.seg.nrrd")
    origin = Provenance("m", "1.0", "x", "CT")
    segmentationFromFile(temporary / "a.seg.nrrd", addVolume(grid), "Contours", origin)
    shutil.rmtree(temporary)
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    node, volume = slicer_app.util.getNode("Contours"), slicer_app.util.getNode("CT")
    assert same(labelMapFromSegmentation(node, volume).labelMap, labels)
    segments = segmentsByName(node)
    assert segments["Brain"].GetTerminology() == find("Brain").terminology
    ids = node.GetSegmentation().GetSegmentIDs()
    assert {segmentStatus(node, each) for each in ids} == {"flagged"}
    assert provenance(node)["model"] == "m"


def test_segments_can_be_edited_and_shown_in_3d(addVolume: Any, overlapping: Any) -> None:
    """The empty one too: paint into it as the Segment Editor does."""
    import slicer

    grid = Geometry((7, 8, 9))
    volume = addVolume(grid)
    node = segmentationFromLabelMap(overlapping(grid), volume, "Contours")
    assert node.CreateClosedSurfaceRepresentation()
    segmentId = node.GetSegmentation().GetSegmentIdBySegmentName("SpinalCord")
    drawn = np.zeros(grid.shape, np.uint8)
    drawn[2:4, 3:5, 4:6] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(drawn, node, segmentId, volume)
    back = labelMapFromSegmentation(node, volume).labelMap
    assert np.array_equal(back.masks["SpinalCord"], drawn > 0)
    assert np.array_equal(back.masks["Brain"], overlapping(grid).masks["Brain"])
