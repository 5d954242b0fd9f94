"""Segments out into a structure set, on the slices that the volume was loaded from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pydicom
import pytest

import dicom_nodes
import dicom_series as made
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTLib.Layers import Layer
from AutoContourRTLib.SegmentationNodes import orientedImage

GRID = dicom_nodes.GRID


class InlineWorker:
    """Does the work of a request at once, in this process; replies as the worker's process does."""

    def __init__(self) -> None:
        self.requests: List[Any] = []
        self.cancelFrom = 2.0  # the share at which the user cancels

    def submit(self, request: Any, handler: Any) -> str:
        from dataclasses import asdict

        from AutoContourRTCore import messages
        from AutoContourRTCore.segmentation.export_service import ExportService

        self.requests.append(request)
        sent = messages.parse_request(messages.encode(request))

        def progress(share: float, sentence: str) -> None:
            handler.onProgress(share, sentence)
            if share >= self.cancelFrom:
                raise Cancelled()

        try:
            result = ExportService()(sent, progress)
        except InputError as error:
            handler.onFailed(str(error), "input")
        except Cancelled:
            handler.onCancelled()
        else:
            handler.onDone(asdict(result))
        return "r1"


@pytest.fixture()
def database() -> dicom_nodes.Database:
    return dicom_nodes.Database()


@pytest.fixture()
def ct(scene: Any, tmp_path: Path, database: Any) -> Any:
    """A CT, loaded from DICOM files."""
    return dicom_nodes.load(tmp_path / "ct", database)


def masks() -> Dict[str, np.ndarray]:
    """A ring with a hole, two pieces, a single voxel, and overlap."""
    found = {name: np.zeros(GRID.shape, bool)
             for name in ("Brainstem", "SpinalCord", "Lens_L", "Parotid_L")}  # fmt: skip
    found["Brainstem"][2:7, 8:30, 10:30] = True
    found["Brainstem"][3:6, 15:20, 15:20] = False
    found["SpinalCord"][1:9, 20:24, 33:37] = True
    found["SpinalCord"][1:3, 2:5, 2:5] = True
    found["Lens_L"][4, 30, 40] = True
    found["Parotid_L"][3:8, 12:18, 20:40] = True
    return found


@pytest.fixture()
def contours(ct: Any) -> Any:
    """What a run left of these masks."""
    from AutoContourRTLib.Fingerprints import keepFingerprints
    from AutoContourRTLib.MrmlBridge import Provenance, segmentationFromLabelMap

    origin = Provenance("head_neck_7", "0.2.0", ct.GetID(), "CT")
    node = segmentationFromLabelMap(LabelMap(masks(), GRID), ct, "Result", origin)
    keepFingerprints(node)
    return node


@pytest.fixture()
def export(database: Any, tmp_path: Path) -> Callable[..., Tuple[str, Any]]:
    """Exports to RS.dcm; returns what it came to, and with what."""
    from AutoContourRTLib.RtStructExport import ExportOptions, RtStructExport

    def run(node: Any, worker: Any = None, **options: Any) -> Tuple[str, Any]:
        said: List[Tuple[str, Any]] = []
        RtStructExport(
            node, ExportOptions(tmp_path / "RS.dcm", **options), worker or InlineWorker(),
            onDone=lambda result: said.append(("done", result)),
            onFailed=lambda message: said.append(("failed", message)),
            onCancelled=lambda isWritten: said.append(("cancelled", isWritten)),
            database=database,
        ).start()  # fmt: skip
        (last,) = said
        return last

    return run


def back(tmp_path: Path) -> Dict[str, np.ndarray]:
    return dict(read_structures(tmp_path / "RS.dcm", tmp_path / "ct").labelmap.masks)


def by_name(tmp_path: Path) -> Dict[str, Any]:
    found = pydicom.dcmread(tmp_path / "RS.dcm")
    return {roi.ROIName: roi for roi in found.StructureSetROISequence}


def test_what_is_written_reads_back_voxel_by_voxel(
    contours: Any, export: Any, tmp_path: Path
) -> None:
    how, result = export(contours)
    assert how == "done" and result.structures == tuple(masks())
    found = back(tmp_path)
    assert list(found) == list(masks())
    assert all(np.array_equal(found[name], mask) for name, mask in masks().items())
    dataset = pydicom.dcmread(tmp_path / "RS.dcm")
    assert (dataset.FrameOfReferenceUID, dataset.StudyInstanceUID) == (made.FRAME, made.STUDY)
    assert dataset.ApprovalStatus == "UNAPPROVED"


def test_the_masks_are_kept_beside_it(contours: Any, export: Any, tmp_path: Path) -> None:
    from AutoContourRTCore.volumes.segfile import read_labelmap

    export(contours)
    kept = read_labelmap(tmp_path / "RS.seg.nrrd")
    assert kept.geometry.same_grid(GRID)
    assert all(np.array_equal(kept.masks[name], mask) for name, mask in masks().items())


def test_edited_structures_are_semiautomatic_and_those_of_others_say_nothing(
    contours: Any, ct: Any, export: Any, tmp_path: Path
) -> None:
    import slicer

    segmentId = contours.GetSegmentation().GetNthSegmentID(1)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(contours, segmentId, ct)
    array[5, 21, 30] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, contours, segmentId, ct)
    contours.GetSegmentation().AddEmptySegment("own", "Mine")
    array = np.zeros(GRID.shape, np.uint8)
    array[2:5, 30:34, 3:9] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, contours, "own", ct)
    export(contours)
    rois = by_name(tmp_path)
    assert {name: roi.ROIGenerationAlgorithm for name, roi in rois.items()} == {
        "Brainstem": "AUTOMATIC", "SpinalCord": "SEMIAUTOMATIC", "Lens_L": "AUTOMATIC",
        "Parotid_L": "AUTOMATIC", "Mine": "",
    }  # fmt: skip
    assert "head_neck_7 0.2.0" in rois["SpinalCord"].ROIGenerationDescription
    assert "ROIGenerationDescription" not in rois["Mine"]
    assert back(tmp_path)["SpinalCord"][5, 21, 30]


def test_under_a_transform_the_contours_stay_on_the_slices_they_lie_on(
    contours: Any, ct: Any, export: Any, tmp_path: Path, addTransform: Any
) -> None:
    turned = np.array([[0.8, -0.6, 0, 30], [0.6, 0.8, 0, -20], [0, 0, 1, 7], [0, 0, 0, 1.0]])
    for node in (ct, contours):
        node.SetAndObserveTransformNodeID(addTransform(turned).GetID())
    how, _result = export(contours)
    assert how == "done"
    assert all(np.array_equal(back(tmp_path)[name], mask) for name, mask in masks().items())


def test_contours_that_were_moved_against_the_volume_are_written_where_they_are_seen(
    contours: Any, export: Any, tmp_path: Path, addTransform: Any
) -> None:
    shift = np.eye(4)
    shift[2, 3] = 3.0  # one slice up
    contours.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    assert export(contours)[0] == "done"
    expected = np.roll(masks()["SpinalCord"], 1, axis=0)
    assert np.array_equal(back(tmp_path)["SpinalCord"], expected)


def test_contours_on_a_part_of_the_volume_come_out_on_the_slices_of_the_whole(
    ct: Any, export: Any, tmp_path: Path, addVolume: Any
) -> None:
    from AutoContourRTCore.volumes.volume import Volume
    from AutoContourRTLib.MrmlBridge import segmentationFromLabelMap

    part, grid = (slice(1, 9), slice(4, 36), slice(2, 44)), GRID.cropped((1, 4, 2), (9, 36, 44))
    crop = addVolume(Volume(dicom_nodes.hounsfield()[part], grid), "CT cropped")
    crop.SetAttribute("DICOM.instanceUIDs", ct.GetAttribute("DICOM.instanceUIDs"))
    inside = {"Brainstem": masks()["Brainstem"][part]}
    assert export(segmentationFromLabelMap(LabelMap(inside, grid), crop, "Cropped"))[0] == "done"
    assert np.array_equal(back(tmp_path)["Brainstem"], masks()["Brainstem"])


def test_it_says_that_it_was_not_reviewed_until_all_of_it_was(
    contours: Any, export: Any, tmp_path: Path
) -> None:
    from AutoContourRTLib.Reviews import setReviewed

    def description() -> str:
        assert export(contours)[0] == "done"
        return str(pydicom.dcmread(tmp_path / "RS.dcm").SeriesDescription)

    *others, last = contours.GetSegmentation().GetSegmentIDs()
    for segmentId in others:
        setReviewed(contours, segmentId, True)
    assert description() == "AutoContourRT contours, not reviewed"
    setReviewed(contours, last, True)
    assert description() == "AutoContourRT contours"


def test_a_review_before_the_last_edit_is_none(
    contours: Any, ct: Any, export: Any, tmp_path: Path
) -> None:
    import slicer

    from AutoContourRTLib.MrmlBridge import segmentStatus
    from AutoContourRTLib.Reviews import setReviewed

    ids = contours.GetSegmentation().GetSegmentIDs()
    for segmentId in ids:
        setReviewed(contours, segmentId, True)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(contours, ids[1], ct)
    array[5, 21, 30] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, contours, ids[1], ct)
    assert export(contours)[0] == "done"
    description = str(pydicom.dcmread(tmp_path / "RS.dcm").SeriesDescription)
    assert description == "AutoContourRT contours, not reviewed"
    assert [segmentStatus(contours, n) for n in ids] == [
        "completed", "flagged", "completed", "completed"
    ]  # fmt: skip


def test_a_hardened_copy_leads_to_the_slices_of_the_volume(
    ct: Any, export: Any, tmp_path: Path, addTransform: Any
) -> None:
    """Of a volume that DICOM import put under a transform; here one that changes nothing."""
    from AutoContourRTLib.MrmlBridge import hardenedCopy, segmentationFromLabelMap

    ct.SetAndObserveTransformNodeID(addTransform(np.eye(4)).GetID())
    node = segmentationFromLabelMap(LabelMap(masks(), GRID), hardenedCopy(ct), "On the copy")
    assert export(node)[0] == "done"
    assert np.array_equal(back(tmp_path)["Brainstem"], masks()["Brainstem"])


# Refused


def refused(node: Any, export: Any, tmp_path: Path, message: str, **options: Any) -> None:
    """Whether it is refused at the start or by the worker: an earlier file stays."""
    (tmp_path / "RS.dcm").write_bytes(b"an earlier one")
    with pytest.raises(InputError, match=message):
        how, said = export(node, **options)
        if how == "failed":
            raise InputError(said)
    assert (tmp_path / "RS.dcm").read_bytes() == b"an earlier one"
    assert not (tmp_path / "RS.seg.nrrd").exists()


def test_a_volume_that_names_no_slices_is_refused(
    contours: Any, ct: Any, export: Any, tmp_path: Path
) -> None:
    ct.RemoveAttribute("DICOM.instanceUIDs")
    refused(contours, export, tmp_path, "'CT' was not loaded with the module DICOM")


def test_with_the_folder_of_its_slices_it_is_exported(
    contours: Any, ct: Any, export: Any, tmp_path: Path
) -> None:
    ct.RemoveAttribute("DICOM.instanceUIDs")
    assert export(contours, folder=str(tmp_path / "ct"))[0] == "done"
    assert np.array_equal(back(tmp_path)["Brainstem"], masks()["Brainstem"])


def test_slices_that_are_gone_are_counted(
    contours: Any, export: Any, tmp_path: Path, database: Any
) -> None:
    first, second = list(database.files)[:2]
    del database.files[first]
    Path(database.files[second]).unlink()
    refused(contours, export, tmp_path, "2 of the 10 DICOM files of 'CT' are not there")


def test_a_folder_of_another_ct_of_the_same_size_is_refused(
    contours: Any, ct: Any, export: Any, tmp_path: Path
) -> None:
    ct.RemoveAttribute("DICOM.instanceUIDs")
    made.write_ct(tmp_path / "other", dicom_nodes.hounsfield(seed=2), GRID)
    refused(contours, export, tmp_path, "does not show what the CT of .*other",
            folder=str(tmp_path / "other"))  # fmt: skip


@pytest.mark.parametrize("mm", [(0, 0, 3), (1.5, 0, 0), (0, -5, 2)])
def test_a_volume_that_was_moved_and_hardened_is_refused(
    contours: Any, ct: Any, export: Any, tmp_path: Path, addTransform: Any, mm: Any
) -> None:
    shift = np.eye(4)
    shift[:3, 3] = mm
    for node in (ct, contours):
        node.SetAndObserveTransformNodeID(addTransform(shift).GetID())
        node.HardenTransform()
    refused(contours, export, tmp_path, "'CT' does not show what .* was hardened")


def test_a_volume_under_a_bent_transform_is_refused(
    contours: Any, ct: Any, export: Any, tmp_path: Path, addTransform: Any
) -> None:
    bent = addTransform().GetID()
    ct.SetAndObserveTransformNodeID(bent)
    contours.SetAndObserveTransformNodeID(bent)
    refused(contours, export, tmp_path, "which is not linear")


def test_what_was_moved_or_resampled_is_told(
    contours: Any, ct: Any, export: Any, tmp_path: Path, addTransform: Any
) -> None:
    import slicer

    shift = np.eye(4)
    shift[:3, 3] = (0.0, 0.0, GRID.spacing[0])
    contours.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    how, result = export(contours)
    assert how == "done" and len(result.warnings) == 1
    assert "'Result' and 'CT' lie under different transforms" in result.warnings[0]
    contours.SetAndObserveTransformNodeID(None)
    other = slicer.vtkSegment()
    other.SetName("Heart")
    half = GRID.to_lps([0.5, 0.5, 0.5])
    image = orientedImage(
        Layer(np.ones((2, 4, 4), np.uint8), (3, 4, 4)),
        Geometry(GRID.shape, GRID.spacing, tuple(half), GRID.axes),
    )
    other.AddRepresentation("Binary labelmap", image)
    other.SetLabelValue(1)
    contours.GetSegmentation().AddSegment(other, "heart")
    how, result = export(contours)
    assert how == "done" and "nearest voxels were taken: Heart" in " ".join(result.warnings)


def test_contours_whose_volume_is_gone_are_refused(
    contours: Any, ct: Any, export: Any, tmp_path: Path, scene: Any
) -> None:
    scene.RemoveNode(ct)
    refused(contours, export, tmp_path, "'Result' is tied to no volume of the scene")


def test_names_that_will_not_do_are_told_with_others_that_would(contours: Any) -> None:
    from AutoContourRTLib.RtStructExport import unfitNames

    segmentation = contours.GetSegmentation()
    segmentation.GetNthSegment(0).SetName("Musc_Constrict_Superior")
    segmentation.GetNthSegment(1).SetName("lens_l")
    assert unfitNames(contours, "", False) == [
        ("'Musc_Constrict_Superior' has 23 characters, 16 are allowed", "Musc_Constrict_S"),
        ("'Lens_L' and 'lens_l' would both be 'Lens_L'", "Lens_L_2"),
    ]


# Ends


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8])
def test_cancelling_leaves_an_earlier_file(
    contours: Any, export: Any, tmp_path: Path, share: float
) -> None:
    (tmp_path / "RS.dcm").write_bytes(b"an earlier one")
    worker = InlineWorker()
    worker.cancelFrom = share
    assert export(contours, worker) == ("cancelled", False)
    assert (tmp_path / "RS.dcm").read_bytes() == b"an earlier one"


def test_no_temporary_files_are_left(contours: Any, export: Any) -> None:
    worker = InlineWorker()
    export(contours, worker)
    assert not Path(worker.requests[0].input).parent.exists()
