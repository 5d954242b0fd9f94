"""Structure sets and doses into nodes beside the volume that they belong to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, List, Tuple

import numpy as np
import pydicom
import pytest

import dicom_nodes
import dicom_series as made
from AutoContourRTCore import messages
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry

GRID = dicom_nodes.GRID
DOSE_GRID = Geometry((5, 6, 7), (3.0, 4.0, 5.0), (-20.0, -15.0, 106.0))


class InlineWorker:
    """Does the work of a request in this process, from the event loop, as answers come from the
    worker's. meanwhile: what the user does before.
    """

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.requests: List[Any] = []
        self.meanwhile, self._handler = meanwhile, None

    def submit(self, request: Any, handler: Any) -> str:
        from AutoContourRTLib.EventLoop import QtTimer

        self.requests.append(request)
        self._handler = handler
        self._timer = QtTimer(0, self._answer)
        return "r1"

    def cancel(self, number: str) -> None:
        self._handler, handler = None, self._handler
        handler.onCancelled()

    def _answer(self) -> None:
        from AutoContourRTCore.volumes.dicom.read_service import ReadRtService

        self.meanwhile()
        if self._handler is None:
            return
        try:
            result = ReadRtService()(messages.parse_request(messages.encode(self.requests[-1])))
        except InputError as error:
            self._handler.onFailed(str(error), "input")
        else:
            line = messages.encode(messages.Done("r1", asdict(result)))
            self._handler.onDone(messages.parse_reply(line).result)


@pytest.fixture()
def database() -> dicom_nodes.Database:
    return dicom_nodes.Database()


@pytest.fixture()
def ct(scene: Any, tmp_path: Path, database: Any) -> Any:
    """A CT, loaded from DICOM files."""
    return dicom_nodes.load(tmp_path / "ct", database)


def box(name: str, slices: range, rows: Tuple[int, int], columns: Tuple[int, int]) -> made.roi:
    """Voxels of GRID, half-open rows and columns."""
    low = GRID.to_lps([0, rows[0] - 0.5, columns[0] - 0.5])
    high = GRID.to_lps([0, rows[1] - 0.5, columns[1] - 0.5])
    planes = [made.box(low[:2], high[:2], GRID.to_lps([k, 0, 0])[2]) for k in slices]
    return made.roi(name, planes)


@pytest.fixture()
def rtstruct(tmp_path: Path) -> Path:
    content = made.structure_set(
        [box("Cord", range(2, 7), (20, 24), (10, 14)), box("PTV", range(1, 8), (15, 30), (8, 30)),
         box("Parotid_L", range(3, 5), (5, 9), (30, 36)),
         box("parotid left", range(3, 5), (5, 8), (30, 36))]
    )  # fmt: skip
    content.ROIContourSequence[1].ROIDisplayColor = [255, 0, 51]
    return made.save(content, tmp_path / "RS.dcm")


@pytest.fixture()
def rtdose(tmp_path: Path) -> Path:
    stored = np.arange(np.prod(DOSE_GRID.shape), dtype=np.uint16).reshape(DOSE_GRID.shape)
    content = made.dose(stored, DOSE_GRID, 0.25, SeriesDescription="Plan A")
    return made.save(content, tmp_path / "RD.dcm")


@pytest.fixture()
def load(database: Any, waitFor: Any) -> Callable[..., Tuple[str, Any]]:
    """Loads a file; returns what it came to, and with what."""
    from AutoContourRTLib.RtImport import RtImport

    def run(node: Any, path: Path, worker: Any = None) -> Tuple[str, Any]:
        said: List[Tuple[str, Any]] = []
        RtImport(
            node, path, worker or InlineWorker(), database,
            onDone=lambda result: said.append(("done", result)),
            onFailed=lambda message: said.append(("failed", message)),
            onCancelled=lambda reason: said.append(("cancelled", reason)),
        ).start()  # fmt: skip
        waitFor(lambda: said)
        (last,) = said
        return last

    return run


def mask(node: Any, ct: Any, name: str) -> np.ndarray:
    from AutoContourRTLib.SegmentLabels import labelMapFromSegmentation

    return labelMapFromSegmentation(node, ct).labelMap.masks[name]


def test_contours_become_segments_on_the_volumes_grid(ct: Any, rtstruct: Path, load: Any) -> None:
    how, result = load(ct, rtstruct)
    assert (how, result.isDose, result.warnings) == ("done", False, ())
    expected = np.zeros(GRID.shape, bool)
    expected[2:7, 20:24, 10:14] = True
    assert np.array_equal(mask(result.node, ct, "SpinalCord"), expected)
    assert mask(result.node, ct, "parotid left").sum() == 2 * 3 * 6
    assert result.node.GetName() == "RTSTRUCT TEST" and result.renamed == (("Cord", "SpinalCord"),)


def test_names_colours_and_origin_are_kept_and_nothing_is_reviewed(
    ct: Any, rtstruct: Path, load: Any
) -> None:
    import pydicom
    import vtk

    from AutoContourRTLib.MrmlBridge import provenance, segmentStatus
    from AutoContourRTLib.RtNodes import INSTANCE, ROI_NAME
    from AutoContourRTLib.SegmentationNodes import referenceVolume

    node = load(ct, rtstruct)[1].node
    segmentation = node.GetSegmentation()
    ids = segmentation.GetSegmentIDs()
    segments = [segmentation.GetSegment(n) for n in ids]
    assert [segment.GetName() for segment in segments] == [
        "SpinalCord", "PTV", "Parotid_L", "parotid left"
    ]  # fmt: skip
    tag = vtk.reference("")
    written = []
    for segment in segments:
        assert segment.GetTag(ROI_NAME, tag)
        written.append(str(tag))
    assert written == ["Cord", "PTV", "Parotid_L", "parotid left"]
    assert segments[1].GetColor() == pytest.approx((1, 0, 0.2))
    assert [segmentStatus(node, n) for n in ids] == ["notstarted"] * 4
    assert referenceVolume(node) is ct and provenance(node) == {}
    assert node.GetAttribute(INSTANCE) == pydicom.dcmread(rtstruct).SOPInstanceUID


def test_a_dose_becomes_a_volume_in_gray_at_its_place(ct: Any, rtdose: Path, load: Any) -> None:
    from AutoContourRTLib.MrmlBridge import volumeFromNode

    how, result = load(ct, rtdose)
    assert (how, result.isDose) == ("done", True)
    found = volumeFromNode(result.node)
    assert found.geometry.same_grid(DOSE_GRID) and found.array.dtype == np.float32
    assert np.array_equal(found.array.ravel(), 0.25 * np.arange(np.prod(DOSE_GRID.shape)))
    assert result.node.GetName() == "RTDOSE Plan A"
    assert result.node.GetVoxelValueUnits().GetCodeValue() == "Gy"
    assert result.node.GetAttribute("DicomRtImport.DoseVolume") == "1"  # what SlicerRT looks for


def test_a_dose_is_shown_from_nothing_to_its_highest_value_in_dose_colours(
    ct: Any, rtdose: Path, load: Any, scene: Any
) -> None:
    import slicer

    from AutoContourRTLib.RtNodes import COLORS

    display = load(ct, rtdose)[1].node.GetDisplayNode()
    highest = 0.25 * (np.prod(DOSE_GRID.shape) - 1)
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0.0, highest)
    assert display.GetColorNodeID() == "vtkMRMLColorTableNodeGrey"  # Slicer's colour files lack
    table = slicer.vtkMRMLColorTableNode()
    table.SetTypeToRainbow()
    table.SetSingletonTag(COLORS[len("vtkMRMLColorTableNode"):])
    scene.AddNode(table)
    assert table.GetID() == COLORS
    shown = load(ct, rtdose)[1].node.GetDisplayNode().GetColorNodeID()
    scene.RemoveNode(table)  # a singleton, which would outlive this scene and spoil its reading
    assert shown == COLORS


def test_under_a_transform_of_the_volume_both_move_with_it(
    ct: Any, rtstruct: Path, rtdose: Path, load: Any, addTransform: Any
) -> None:
    turned = np.array([[0.8, -0.6, 0, 30], [0.6, 0.8, 0, -20], [0, 0, 1, 7], [0, 0, 0, 1.0]])
    transform = addTransform(turned)
    ct.SetAndObserveTransformNodeID(transform.GetID())
    for path in (rtstruct, rtdose):
        assert load(ct, path)[1].node.GetParentTransformNode() is transform


def test_a_volume_that_names_no_slices_gets_the_contours_with_a_warning(
    ct: Any, rtstruct: Path, load: Any
) -> None:
    ct.RemoveAttribute("DICOM.instanceUIDs")
    how, result = load(ct, rtstruct)
    told = " ".join(result.warnings)
    assert how == "done" and mask(result.node, ct, "PTV").sum() == 7 * 15 * 22
    assert "was not loaded with the module DICOM" in told and "coordinates alone" in told


# Refused, discarded


def test_an_mr_is_refused_before_anything_begins(
    scene: Any, database: Any, rtstruct: Path, load: Any, tmp_path: Path
) -> None:
    worker = InlineWorker()
    node = dicom_nodes.load(tmp_path / "mr", database, Modality="MR")
    with pytest.raises(InputError, match="no CT but MR"):
        load(node, rtstruct, worker)
    assert worker.requests == []


def nodes(scene: Any) -> List[str]:
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]


def test_a_volume_that_was_moved_and_hardened_is_refused(
    ct: Any, rtstruct: Path, load: Any, addTransform: Any, scene: Any
) -> None:
    shift = np.eye(4)
    shift[1, 3] = 5.0
    ct.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    ct.HardenTransform()
    before = nodes(scene)
    how, message = load(ct, rtstruct)
    assert how == "failed" and "'CT' does not show what" in message
    assert nodes(scene) == before


def test_a_volume_under_a_bent_transform_is_refused_at_once(
    ct: Any, rtstruct: Path, load: Any, addTransform: Any
) -> None:
    ct.SetAndObserveTransformNodeID(addTransform().GetID())
    with pytest.raises(InputError, match="which is not linear"):
        load(ct, rtstruct)


def test_when_the_volume_goes_away_nothing_is_added(
    ct: Any, rtstruct: Path, load: Any, scene: Any
) -> None:
    worker = InlineWorker(lambda: scene.RemoveNode(ct))
    how, reason = load(ct, rtstruct, worker)
    assert how == "cancelled" and "'CT' was removed" in reason
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert not Path(worker.requests[0].output).parent.exists()


def test_when_the_grid_changes_meanwhile_nothing_is_added(
    ct: Any, rtdose: Path, load: Any, scene: Any
) -> None:
    worker = InlineWorker(lambda: ct.SetSpacing(1.0, 1.0, 1.0))
    how, reason = load(ct, rtdose, worker)
    assert how == "cancelled" and "The grid of 'CT' was changed" in reason
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1


def test_no_temporary_files_are_left(ct: Any, rtstruct: Path, load: Any) -> None:
    worker = InlineWorker()
    assert load(ct, rtstruct, worker)[0] == "done"
    assert not Path(worker.requests[0].output).parent.exists()


def test_on_a_computer_without_the_slices_another_patients_structure_set_is_refused(
    ct: Any, rtstruct: Path, load: Any, database: Any
) -> None:
    content = pydicom.dcmread(rtstruct)
    uids = ct.GetAttribute("DICOM.instanceUIDs").split()
    database.files.clear()
    named = [pydicom.Dataset(), pydicom.Dataset()]
    for image, uid in zip(named, (uids[0], "1.2.3.4")):
        image.ReferencedSOPClassUID = made.CT_IMAGE
        image.ReferencedSOPInstanceUID = uid
    for image, expected in zip(named, ("done", "failed")):
        for roi in content.ROIContourSequence:
            for contour in roi.ContourSequence:
                contour.ContourImageSequence = [image]
        content.save_as(rtstruct)
        how, what = load(ct, rtstruct)
        assert how == expected, what
    assert "contours name slices, and none of 'CT'" in what


def test_a_loaded_structure_set_goes_out_again_as_it_came(
    ct: Any, rtstruct: Path, load: Any, database: Any, tmp_path: Path
) -> None:
    from AutoContourRTCore.segmentation.export_service import ExportService
    from AutoContourRTCore.volumes.dicom.structures import read_structures
    from AutoContourRTLib.RtStructExport import ExportOptions, RtStructExport, hasOutline

    class Exporter:
        def submit(self, request: Any, handler: Any) -> str:
            handler.onDone(asdict(ExportService()(request)))
            return "r1"

    content = pydicom.dcmread(rtstruct)
    content.RTROIObservationsSequence = []
    for number, kind in enumerate(("BOLUS", "GTV", "EXTERNAL", "ORGAN"), 1):
        item = pydicom.Dataset()
        item.ObservationNumber = item.ReferencedROINumber = number
        item.RTROIInterpretedType = kind
        content.RTROIObservationsSequence.append(item)
    content.save_as(rtstruct)
    node = load(ct, rtstruct)[1].node
    assert hasOutline(node), "by its type: it is called Parotid_L"
    options = ExportOptions(tmp_path / "out.dcm")
    RtStructExport(node, options, Exporter(), database=database).start()
    before, after = (
        read_structures(path, tmp_path / "ct").labelmap.masks
        for path in (rtstruct, tmp_path / "out.dcm")
    )
    sets = [pydicom.dcmread(path) for path in (rtstruct, tmp_path / "out.dcm")]
    kinds = [[each.RTROIInterpretedType for each in one.RTROIObservationsSequence] for one in sets]
    assert kinds[0] == kinds[1] and kinds[1][0] == "BOLUS"
    assert list(sets[1].ROIContourSequence[1].ROIDisplayColor) == [255, 0, 51]
    renamed = {"SpinalCord" if name == "Cord" else name: each for name, each in before.items()}
    assert list(after) == list(renamed)
    assert all(np.array_equal(after[name], each) for name, each in renamed.items())
