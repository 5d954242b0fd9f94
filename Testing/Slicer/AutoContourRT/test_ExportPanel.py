"""The export of the panel: what it asks, what it refuses, what it hands to the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np
import pytest

import dicom_nodes
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import read_labelmap


@pytest.fixture()
def database(loaded: Any) -> dicom_nodes.Database:
    """The panel's stand-in for slicer.dicomDatabase."""
    loaded.logic.dicomDatabase = dicom_nodes.Database()
    return loaded.logic.dicomDatabase


@pytest.fixture()
def from_dicom(ui: Any, tmp_path: Path, database: Any) -> Any:
    """A CT loaded from DICOM files."""
    return dicom_nodes.load(tmp_path / "ct", database)


def masks() -> Dict[str, np.ndarray]:
    found = {name: np.zeros(dicom_nodes.GRID.shape, bool) for name in ("Brainstem", "Lens_L")}
    found["Brainstem"][2:7, 8:30, 10:30] = True
    found["Lens_L"][4, 33:35, 38:40] = True
    return found


@pytest.fixture()
def contours(from_dicom: Any, loaded: Any) -> Any:
    """The result of a run, shown in the panel, its export section open."""
    from AutoContourRTLib.Fingerprints import keepFingerprints
    from AutoContourRTLib.MrmlBridge import Provenance, segmentationFromLabelMap

    origin = Provenance("head_neck_7", "0.2.0", from_dicom.GetID(), "CT")
    labels = LabelMap(masks(), dicom_nodes.GRID)
    node = segmentationFromLabelMap(labels, from_dicom, "Result", origin)
    keepFingerprints(node)
    loaded.logic.getParameterNode().result = node
    loaded.widget.ui.exportCollapsibleButton.collapsed = False
    return node


def review_all(ui: Any) -> None:
    import qt

    for row in range(ui.resultTable.rowCount):
        ui.resultTable.item(row, 0).setCheckState(qt.Qt.Checked)


def press(ui: Any, *answers: Any) -> None:
    from SlicerHarness import answer, unusedAnswers

    answer(*answers)
    ui.rtstructButton.click()
    assert not unusedAnswers()


def test_without_contours_there_is_nothing_to_export(ui: Any) -> None:
    assert not ui.rtstructButton.enabled
    assert "Choose contours" in ui.exportNoticeLabel.text


def test_reviewed_contours_go_to_the_worker_with_all_that_the_panel_says(
    contours: Any, ui: Any, worker: Any, tmp_path: Path, database: Any
) -> None:
    review_all(ui)
    ui.bodyCheckBox.checked = True
    ui.structureSetLineEdit.text = "H&N auto"
    assert ui.rtstructButton.enabled and ui.exportNoticeLabel.text == ""
    press(ui, str(tmp_path / "RS.dcm"))
    (request,) = worker.requests
    assert request.output == str(tmp_path / "RS.dcm")
    assert request.archive == str(tmp_path / "RS.seg.nrrd")
    assert (request.label, request.body, request.names) == ("H&N auto", True, "")
    assert sorted(request.files) == sorted(database.files.values())
    assert request.generated == {"Brainstem": "AUTOMATIC", "Lens_L": "AUTOMATIC"}
    assert request.models == dict.fromkeys(("Brainstem", "Lens_L"), "head_neck_7 0.2.0")


def test_what_the_user_agreed_to_is_exported_whatever_comes_meanwhile(
    contours: Any, from_dicom: Any, ui: Any, loaded: Any, worker: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from AutoContourRTLib.MrmlBridge import segmentationFromLabelMap

    review_all(ui)
    labels = LabelMap({"Larynx": masks()["Lens_L"]}, dicom_nodes.GRID)
    other = segmentationFromLabelMap(labels, from_dicom, "Other")

    def ask(*arguments: Any) -> str:  # a run ends while the dialog is open
        loaded.logic.getParameterNode().result = other
        return str(tmp_path / "RS.dcm")

    monkeypatch.setattr(loaded.widget.export, "_ask", ask)
    press(ui)
    (request,) = worker.requests
    assert read_labelmap(request.input).names == ("Brainstem", "Lens_L") and request.reviewed


def test_contours_from_a_file_are_tied_to_the_volume_of_their_grid(
    contours: Any, from_dicom: Any, ui: Any, loaded: Any
) -> None:
    role = type(contours).GetReferenceImageGeometryReferenceRole()
    contours.RemoveNodeReferenceIDs(role)  # as a .seg.nrrd leaves it
    loaded.widget.export.refresh()
    assert not ui.rtstructButton.enabled and "is tied to no volume" in ui.exportNoticeLabel.text
    assert ui.tieButton.text == "Result belongs to CT"
    ui.tieButton.click()
    assert contours.GetNodeReference(role) is from_dicom and ui.rtstructButton.enabled


def test_what_nobody_reviewed_is_listed_and_not_exported_without_a_yes(
    contours: Any, ui: Any, worker: Any, tmp_path: Path
) -> None:
    import qt

    from SlicerHarness import messages

    ui.resultTable.item(0, 0).setCheckState(qt.Qt.Checked)
    press(ui, qt.QMessageBox.Cancel)
    (question,) = messages()
    assert "Lens_L" in question.text and "Brainstem" not in question.text
    assert not worker.requests
    press(ui, qt.QMessageBox.Ok, str(tmp_path / "RS.dcm"))
    assert len(worker.requests) == 1


def test_what_was_edited_after_its_review_is_not_reviewed_at_export(
    contours: Any, from_dicom: Any, ui: Any, worker: Any, tmp_path: Path
) -> None:
    import qt
    import slicer

    from AutoContourRTLib.Tables import isChecked
    from SlicerHarness import messages

    review_all(ui)
    segmentId = contours.GetSegmentation().GetNthSegmentID(1)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(contours, segmentId, from_dicom)
    array[8, 3, 3] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, contours, segmentId, from_dicom)
    press(ui, qt.QMessageBox.Cancel)
    (question,) = messages()
    assert "Lens_L" in question.text and "Brainstem" not in question.text
    assert not worker.requests
    assert not isChecked(ui.resultTable.item(1, 0)) and isChecked(ui.resultTable.item(0, 0))
    assert "review again" in ui.resultTable.item(1, 4).text()
    press(ui, qt.QMessageBox.Ok, str(tmp_path / "RS.dcm"))
    assert not worker.requests[0].reviewed


def test_without_provenance_the_reason_is_shown_and_a_folder_is_asked_for(
    contours: Any, ui: Any, from_dicom: Any, worker: Any, tmp_path: Path, loaded: Any
) -> None:
    assert not ui.ctFolderPathLineEdit.isVisibleTo(loaded.panel)
    from_dicom.RemoveAttribute("DICOM.instanceUIDs")
    loaded.widget.export.refresh()
    assert not ui.rtstructButton.enabled
    assert "not loaded with the module DICOM" in ui.exportNoticeLabel.text
    assert ui.ctFolderPathLineEdit.isVisibleTo(loaded.panel)
    ui.ctFolderPathLineEdit.currentPath = str(tmp_path / "ct")
    assert ui.rtstructButton.enabled
    review_all(ui)
    press(ui, str(tmp_path / "RS.dcm"))
    assert worker.requests[0].files == () and worker.requests[0].folder == str(tmp_path / "ct")


def test_names_that_will_not_do_are_shown_before_and_a_map_mends_them(
    contours: Any, ui: Any, worker: Any, tmp_path: Path, loaded: Any
) -> None:
    from SlicerHarness import answer

    contours.GetSegmentation().GetNthSegment(0).SetName("Musc_Constrict_Superior")
    loaded.widget.export.refresh()
    assert not ui.rtstructButton.enabled
    assert "23 characters, 16 are allowed" in ui.exportNoticeLabel.text
    answer(str(tmp_path / "names.csv"))
    ui.newNameMapButton.click()
    assert ui.nameMapPathLineEdit.currentPath == str(tmp_path / "names.csv")
    assert "Musc_Constrict_Superior,Musc_Constrict_S" in (tmp_path / "names.csv").read_text()
    assert ui.rtstructButton.enabled
    (tmp_path / "names.csv").write_text("name,roi_name\nLens_L,Musc_Constrict_Superior\n")
    loaded.widget.export.refresh()
    assert not ui.rtstructButton.enabled


def test_an_outline_that_is_there_is_not_added_again(
    contours: Any, ui: Any, worker: Any, tmp_path: Path, loaded: Any
) -> None:
    contours.GetSegmentation().GetNthSegment(0).SetName("Body")
    ui.bodyCheckBox.checked = True
    loaded.widget.export.refresh()
    assert not ui.bodyCheckBox.enabled
    review_all(ui)
    press(ui, str(tmp_path / "RS.dcm"))
    assert worker.requests[0].body is False


def test_masks_of_an_earlier_export_are_not_replaced_without_a_yes(
    contours: Any, ui: Any, worker: Any, tmp_path: Path
) -> None:
    import qt

    from SlicerHarness import messages

    review_all(ui)
    (tmp_path / "RS.seg.nrrd").write_text("somebody's")
    press(ui, str(tmp_path / "RS.dcm"), qt.QMessageBox.Cancel)
    assert "RS.seg.nrrd" in messages()[-1].text and not worker.requests
    (tmp_path / "RS.dcm").write_text("an earlier one")  # the dialog asked for RS only
    press(ui, str(tmp_path / "RS"), qt.QMessageBox.Cancel)
    assert str(tmp_path / "RS.dcm") in messages()[-1].text and not worker.requests


def test_no_file_chosen_is_no_export(contours: Any, ui: Any, worker: Any) -> None:
    review_all(ui)
    press(ui, "")
    assert not worker.requests and ui.rtstructButton.enabled


def test_a_failure_is_told_and_the_panel_is_ready_again(
    contours: Any, ui: Any, worker: Any, tmp_path: Path
) -> None:
    from SlicerHarness import messages

    review_all(ui)
    press(ui, str(tmp_path / "RS.dcm"))
    assert not ui.rtstructButton.enabled and ui.exportCancelButton.enabled
    worker.progress(0.4, "comparing")
    assert ui.exportResultLabel.text == "Comparing..."
    worker.fail("The disk is full.")
    assert "The disk is full." in messages()[-1].text
    assert ui.rtstructButton.enabled and not ui.exportCancelButton.enabled
    assert ui.exportResultLabel.text == "Nothing was exported."


def test_cancel_says_whether_it_was_in_time(
    contours: Any, ui: Any, worker: Any, tmp_path: Path
) -> None:
    review_all(ui)
    press(ui, str(tmp_path / "RS.dcm"))
    ui.exportCancelButton.click()
    assert worker.cancelled == ["r0"]
    assert ui.exportResultLabel.text == "Cancelled; nothing was exported."
    press(ui, str(tmp_path / "RS.dcm"))
    (tmp_path / "RS.dcm").write_text("written meanwhile")
    ui.exportCancelButton.click()
    assert "too late" in ui.exportResultLabel.text


def test_closing_the_panel_cancels_and_nothing_speaks_to_it_any_more(
    contours: Any, ui: Any, worker: Any, tmp_path: Path, loaded: Any
) -> None:
    review_all(ui)
    press(ui, str(tmp_path / "RS.dcm"))
    loaded.widget.cleanup()
    assert worker.cancelled == ["r0"]


# DICOM segmentations


def choose_seg(ui: Any) -> None:
    ui.exportKindComboBox.currentIndex = ui.exportKindComboBox.findData("seg")


def test_a_segmentation_goes_to_the_worker_as_one(
    contours: Any, ui: Any, worker: Any, tmp_path: Path, database: Any
) -> None:
    review_all(ui)
    assert ui.rtstructButton.text == "Export RTSTRUCT..."
    choose_seg(ui)
    assert ui.rtstructButton.text == "Export SEG..." and not ui.structureSetLineEdit.enabled
    press(ui, str(tmp_path / "S.dcm"))
    (request,) = worker.requests
    assert (request.file_kind, request.output) == ("seg", str(tmp_path / "S.dcm"))
    assert request.archive == str(tmp_path / "S.seg.nrrd") and request.reviewed
    assert request.generated == {"Brainstem": "AUTOMATIC", "Lens_L": "AUTOMATIC"}
    assert sorted(request.files) == sorted(
        database.fileForInstance(uid) for uid in _uids(contours)
    )


def _uids(contours: Any) -> Any:
    from AutoContourRTLib.SegmentationNodes import referenceVolume

    return referenceVolume(contours).GetAttribute("DICOM.instanceUIDs").split()


def test_a_segmentation_takes_names_that_a_planning_system_does_not(
    contours: Any, ui: Any, loaded: Any
) -> None:
    contours.GetSegmentation().GetNthSegment(0).SetName("Musc_Constrict_Superior")
    loaded.widget.export.refresh()
    assert not ui.rtstructButton.enabled
    choose_seg(ui)
    assert ui.rtstructButton.enabled


def test_a_segmentation_without_provenance_is_refused_alike(
    contours: Any, ui: Any, from_dicom: Any
) -> None:
    from_dicom.RemoveAttribute("DICOM.instanceUIDs")
    choose_seg(ui)
    assert not ui.rtstructButton.enabled
    assert "not loaded with the module DICOM" in ui.exportNoticeLabel.text


def test_who_drew_what_is_asked_where_a_segmentation_must_say_it(
    contours: Any, ui: Any, worker: Any, tmp_path: Path, from_dicom: Any
) -> None:
    import qt
    import slicer

    from SlicerHarness import messages

    contours.GetSegmentation().AddEmptySegment("own", "Mine")
    array = np.zeros(dicom_nodes.GRID.shape, np.uint8)
    array[2:5, 30:34, 3:9] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, contours, "own", from_dicom)
    choose_seg(ui)
    press(ui, qt.QMessageBox.Ok, qt.QMessageBox.No)
    question = messages()[-1].text
    assert "Mine" in question and "Lens_L" not in question and not worker.requests
    press(ui, qt.QMessageBox.Ok, qt.QMessageBox.Yes, str(tmp_path / "S.dcm"))
    assert worker.requests[0].generated == {
        "Brainstem": "AUTOMATIC", "Lens_L": "AUTOMATIC", "Mine": "MANUAL"
    }  # fmt: skip


def test_without_highdicom_the_way_out_is_told(
    contours: Any, ui: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from AutoContourRTLib import ExportPanel

    monkeypatch.setattr(ExportPanel, "isInstalled", lambda name: name != "highdicom")
    choose_seg(ui)
    assert not ui.rtstructButton.enabled
    assert "pip_install(&#x27;highdicom" in ui.exportNoticeLabel.text


def test_the_real_worker_writes_a_segmentation_that_reads_back(
    contours: Any, ui: Any, loaded: Any, tmp_path: Path, wait: Callable[..., None]
) -> None:
    hd = pytest.importorskip("highdicom")
    from AutoContourRTCore.volumes.dicom.highdicom_files import read_seg
    from AutoContourRTLib.WorkerProcess import WorkerProcess

    loaded.logic.worker = WorkerProcess()
    review_all(ui)
    choose_seg(ui)
    press(ui, str(tmp_path / "S.dcm"))
    try:
        wait(lambda: ui.rtstructButton.enabled, 120)
    finally:
        loaded.logic.worker.shutdown()
    assert "with 2 structures, not approved" in ui.exportResultLabel.text
    found = hd.seg.segread(str(tmp_path / "S.dcm"))
    (algorithm,) = found.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("head_neck_7", "0.2.0")
    assert [each.SegmentAlgorithmType for each in found.SegmentSequence] == ["AUTOMATIC"] * 2
    labelmap = read_seg(tmp_path / "S.dcm")[0]
    for name, mask in masks().items():
        mine = dicom_nodes.GRID.to_lps(np.argwhere(mask))
        theirs = labelmap.geometry.to_lps(np.argwhere(labelmap.masks[name]))
        assert np.allclose(mine, theirs, atol=1e-4)


def test_the_real_worker_writes_what_reads_back_and_adds_the_outline(
    contours: Any, ui: Any, loaded: Any, tmp_path: Path, wait: Callable[..., None]
) -> None:
    import pydicom

    from AutoContourRTCore.volumes.dicom.structures import read_structures
    from AutoContourRTLib.WorkerProcess import WorkerProcess

    loaded.logic.worker = WorkerProcess()
    review_all(ui)
    ui.bodyCheckBox.checked = True
    press(ui, str(tmp_path / "RS.dcm"))
    try:
        wait(lambda: ui.rtstructButton.enabled, 120)
    finally:
        loaded.logic.worker.shutdown()
    assert "with 3 structures, not approved" in ui.exportResultLabel.text
    found = read_structures(tmp_path / "RS.dcm", tmp_path / "ct").labelmap.masks
    assert all(np.array_equal(found[name], mask) for name, mask in masks().items())
    dataset = pydicom.dcmread(tmp_path / "RS.dcm")
    kinds = [item.RTROIInterpretedType for item in dataset.RTROIObservationsSequence]
    assert kinds == ["ORGAN", "ORGAN", "EXTERNAL"] and found["Body"].mean() > 0.9
