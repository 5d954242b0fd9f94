"""Contours that reach the worker as they are, wherever they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slicer.util import updateVolumeFromArray

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import contours_of
from AutoContourRTCore.metrics.inputs.contour_files import read_contours
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.EventLoop import runToEnd
from AutoContourRTLib.VolumeNodes import toVtk
from MetricsModuleLib import Handover

OBLIQUE = Geometry(
    (7, 8, 9), (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0),
    ((0, 0, -1), (-0.6, 0.8, 0), (0.8, 0.6, 0)),
)  # fmt: skip


def overlapping(grid: Geometry) -> LabelMap:
    masks = {n: np.zeros(grid.shape, bool) for n in ("Brain", "PTV", "Ein Organ ß\\n", "empty")}
    masks["Brain"][1:4, 2:5, 2:6] = True
    masks["PTV"][2:5, 3:6, 3:5] = True
    masks["Ein Organ ß\\n"][-1, -1, -1] = True
    return LabelMap(masks, grid)


def written(node: Any, tmp_path: Path) -> Any:
    path = tmp_path / "set.seg.nrrd"
    runToEnd(Handover.writeContours(node, path))
    return read_contours(path)


@pytest.mark.parametrize("grid", [Geometry((7, 8, 9), (3.0, 1.1, 0.9), (1, 2, 3)), OBLIQUE])
def test_overlapping_segments_arrive_voxel_for_voxel_at_their_place(
    addSet: Any, tmp_path: Path, grid: Geometry
) -> None:
    labels = overlapping(grid)
    found, wanted = written(addSet(labels, "set"), tmp_path), contours_of(labels)
    assert found.names == wanted.names
    for name, contour in wanted.contours.items():
        assert np.array_equal(found.contours[name].mask, contour.mask), name
        if not contour.empty:
            assert np.allclose(found.contours[name].center, contour.center)


def test_a_transform_above_the_node_is_followed(
    scene: Any, addSet: Any, tmp_path: Path
) -> None:
    node = addSet(overlapping(OBLIQUE), "set")
    before = written(node, tmp_path).contours["Brain"].center
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    turn = np.array([[0, -1, 0, 10], [1, 0, 0, -5], [0, 0, 1, 2], [0, 0, 0, 1.0]])
    transform.SetMatrixTransformToParent(toVtk(turn))
    node.SetAndObserveTransformNodeID(transform.GetID())
    ras = turn @ [-before[0], -before[1], before[2], 1]
    after = written(node, tmp_path).contours["Brain"].center
    assert np.allclose(after, [-ras[0], -ras[1], ras[2]])


def test_what_cannot_be_handed_over_stops_nothing_where_it_is_left_out(
    addSet: Any, tmp_path: Path
) -> None:
    """A couch, say, whose surface reaches beyond the grid."""
    node = addSet(overlapping(OBLIQUE), "set")
    assert node.CreateClosedSurfaceRepresentation()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    node.RemoveBinaryLabelmapRepresentation()
    brain = node.GetSegmentation().GetSegment(Handover.segmentIdOf(node, "Brain"))
    points = brain.GetRepresentation("Closed surface").GetPoints()
    for n in range(points.GetNumberOfPoints()):
        points.SetPoint(n, [x + 500.0 for x in points.GetPoint(n)])
    path = tmp_path / "set.seg.nrrd"
    with pytest.raises(InputError, match="Brain of 'set' reach beyond.*left out"):
        runToEnd(Handover.writeContours(node, path))
    assert not path.exists()
    notes = runToEnd(Handover.writeContours(node, path, {"Brain"}))
    found = read_contours(path)
    assert found.contours["Brain"].empty and "PTV" in found.names
    assert any(note.startswith("Brain: Brain of 'set' reach beyond") for note in notes)


def test_a_segment_that_was_renamed_is_told(addSet: Any) -> None:
    node = addSet(overlapping(OBLIQUE), "set")
    node.GetSegmentation().GetNthSegment(0).SetName("Cerebrum")
    with pytest.raises(InputError, match="'Brain' is no longer in 'set'. Compare again."):
        Handover.oneContour(node, "Brain")


def test_the_grid_of_many_segments_is_looked_for_once(
    addSet: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    known = Handover.ownGrid
    monkeypatch.setattr(Handover, "ownGrid", lambda node: found.append(node) or known(node))
    written(addSet(overlapping(OBLIQUE), "set"), tmp_path)
    assert len(found) == 1


def test_a_sheared_segmentation_is_refused_by_name(scene: Any, addSet: Any) -> None:
    node = addSet(overlapping(OBLIQUE), "slanted")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shear = np.eye(4)
    shear[0, 1] = 0.4
    transform.SetMatrixTransformToParent(toVtk(shear))
    node.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(InputError, match="'slanted'.*perpendicular"):
        Handover.checkContours(node)


@pytest.mark.parametrize("moved", [False, True])
def test_a_dose_under_a_transform_is_refused_by_name(scene: Any, moved: bool) -> None:
    dose = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Plan A")
    updateVolumeFromArray(dose, np.ones((3, 4, 5)))
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = np.eye(4)
    shift[2, 3] = 3.0 * moved
    transform.SetMatrixTransformToParent(toVtk(shift))
    dose.SetAndObserveTransformNodeID(transform.GetID())
    if not moved:
        Handover.checkDose(dose)  # where it was
        return
    with pytest.raises(InputError, match="'Plan A' lies under a transform; harden"):
        Handover.checkDose(dose)


def test_two_segments_of_one_name_are_refused(addSet: Any) -> None:
    node = addSet(overlapping(OBLIQUE), "set")
    segmentation = node.GetSegmentation()
    segmentation.GetNthSegment(1).SetName("Brain")
    with pytest.raises(InputError, match="two segments named 'Brain'"):
        Handover.checkContours(node)


def test_an_empty_segmentation_is_refused(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "hollow")
    with pytest.raises(InputError, match="'hollow' has no segments"):
        Handover.checkContours(node)


def test_a_hand_over_that_is_stopped_leaves_no_file(addSet: Any, tmp_path: Path) -> None:
    path = tmp_path / "set.seg.nrrd"
    steps = Handover.writeContours(addSet(overlapping(OBLIQUE), "set"), path)
    while not path.exists():
        next(steps)
    steps.close()
    assert not path.exists()


def test_a_full_disk_is_told_with_the_way_out(addSet: Any, tmp_path: Path) -> None:
    steps = Handover.writeContours(
        addSet(overlapping(OBLIQUE), "set"), tmp_path / "no folder" / "set.seg.nrrd"
    )
    with pytest.raises(InputError, match="'set' could not be given.*free some space"):
        runToEnd(steps)
