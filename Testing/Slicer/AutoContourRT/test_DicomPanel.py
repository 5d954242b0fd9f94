"""Loading structure sets and doses in the panel: what it lists, what it hands to the worker."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, List

import numpy as np
import pytest

import dicom_nodes
import dicom_series as made

GRID = dicom_nodes.GRID


@pytest.fixture()
def database(loaded: Any) -> dicom_nodes.Database:
    """The panel's stand-in for slicer.dicomDatabase."""
    loaded.logic.dicomDatabase = dicom_nodes.Database()
    return loaded.logic.dicomDatabase


@pytest.fixture()
def ct(ui: Any, tmp_path: Path, database: Any, loaded: Any) -> Any:
    """A CT loaded from DICOM files; the database has a structure set and a dose of its patient."""
    node = dicom_nodes.load(tmp_path / "ct", database)
    square = [made.box((-10, -10), (10, 10), GRID.to_lps([k, 0, 0])[2]) for k in range(2, 6)]
    content = made.structure_set([made.roi("Cord", square)])
    content.SeriesDescription, content.SeriesDate = "<clinical>", "20200103"
    database.insert(made.save(content, tmp_path / "RS.dcm"))
    dose = made.dose(np.full((3, 4, 5), 200, np.uint16), GRID.cropped((0, 0, 0), (3, 4, 5)))
    database.insert(made.save(dose, tmp_path / "RD.dcm"))
    loaded.logic.getParameterNode().inputVolume = node
    ui.dicomCollapsibleButton.collapsed = False
    return node


def texts(ui: Any) -> List[List[str]]:
    table = ui.dicomTable
    return [[table.item(row, column).text() for column in range(table.columnCount)]
            for row in range(table.rowCount)]  # fmt: skip


def choose(ui: Any, row: int) -> None:
    ui.dicomTable.selectRow(row)


def test_without_a_volume_it_asks_for_one(ui: Any, loaded: Any) -> None:
    ui.dicomCollapsibleButton.collapsed = False
    assert "No volume is chosen" in ui.dicomNoticeLabel.text
    assert not ui.dicomLoadButton.enabled and not ui.dicomFileButton.enabled


def test_what_the_database_has_of_the_patient_is_listed(ui: Any, ct: Any, loaded: Any) -> None:
    assert texts(ui) == [["RTSTRUCT", "2020-01-03", "<clinical>"], ["RTDOSE", "", ""]]
    assert not ui.dicomNoticeLabel.isVisibleTo(loaded.panel)
    assert ui.dicomFileButton.enabled and not ui.dicomLoadButton.enabled
    choose(ui, 1)
    assert ui.dicomLoadButton.enabled


def test_nothing_is_asked_of_the_database_while_the_section_is_closed(
    ui: Any, ct: Any, database: Any, loaded: Any
) -> None:
    ui.dicomCollapsibleButton.collapsed = True
    database.fieldForSeries = None  # calling it would raise
    loaded.widget.dicom.refresh()


def test_a_volume_that_is_not_from_dicom_can_still_take_a_file(
    ui: Any, ct: Any, worker: Any, wait: Callable[..., None], tmp_path: Path, loaded: Any
) -> None:
    from SlicerHarness import answer

    ct.RemoveAttribute("DICOM.instanceUIDs")
    loaded.widget.dicom.refresh()
    assert "not loaded with the module DICOM" in ui.dicomNoticeLabel.text
    assert texts(ui) == []
    answer(str(tmp_path / "RS.dcm"))
    ui.dicomFileButton.click()
    wait(lambda: worker.requests)
    (request,) = worker.requests
    assert (request.input, request.files) == (str(tmp_path / "RS.dcm"), ())
    assert "not loaded with the module DICOM" in request.no_files


def test_no_file_chosen_is_no_loading(ui: Any, ct: Any, worker: Any) -> None:
    from SlicerHarness import answer

    answer("")
    ui.dicomFileButton.click()
    assert not worker.requests and ui.dicomFileButton.enabled


def test_a_failure_is_told_and_the_panel_is_ready_again(
    ui: Any, ct: Any, worker: Any, wait: Callable[..., None], things: Callable[[], List[str]]
) -> None:
    from SlicerHarness import messages

    choose(ui, 0)
    before = things()
    ui.dicomLoadButton.click()
    wait(lambda: worker.requests)
    assert not ui.dicomLoadButton.enabled and ui.dicomCancelButton.enabled
    worker.progress(0.5, "drawing Cord")
    assert ui.dicomResultLabel.text == "Drawing Cord..."
    worker.fail("It belongs to another image.")
    assert "It belongs to another image." in messages()[-1].text
    assert ui.dicomResultLabel.text == "Nothing was loaded."
    assert ui.dicomLoadButton.enabled and not ui.dicomCancelButton.enabled
    assert things() == before


def test_cancel_leaves_the_scene_as_it_was(
    ui: Any, ct: Any, worker: Any, wait: Callable[..., None], things: Callable[[], List[str]]
) -> None:
    choose(ui, 0)
    before = things()
    ui.dicomLoadButton.click()
    wait(lambda: worker.requests)
    ui.dicomCancelButton.click()
    assert worker.cancelled == ["r0"] and things() == before
    assert ui.dicomResultLabel.text == "Cancelled; nothing was loaded."


def test_a_volume_that_is_deleted_meanwhile_stops_it(
    ui: Any, ct: Any, worker: Any, wait: Callable[..., None], scene: Any
) -> None:
    choose(ui, 0)
    ui.dicomLoadButton.click()
    wait(lambda: worker.requests)
    scene.RemoveNode(ct)
    assert worker.cancelled == ["r0"]
    assert "CT&#x27; was removed" in ui.dicomResultLabel.text
    assert "No volume is chosen" in ui.dicomNoticeLabel.text


def test_closing_the_panel_cancels_and_nothing_speaks_to_it_any_more(
    ui: Any, ct: Any, worker: Any, wait: Callable[..., None], loaded: Any
) -> None:
    choose(ui, 0)
    ui.dicomLoadButton.click()
    wait(lambda: worker.requests)
    loaded.widget.cleanup()
    assert worker.cancelled == ["r0"]


def test_it_says_what_slicer_rt_is_for(ui: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import slicer

    from AutoContourRTLib.DicomPanel import slicerRtText

    assert "This works without SlicerRT" in ui.slicerRtLabel.text
    monkeypatch.setattr(slicer.modules, "dicomrtimportexport", object(), raising=False)
    assert slicerRtText().startswith("SlicerRT is installed")


def test_a_dose_is_shown_over_the_ct_that_it_was_loaded_for(
    ui: Any, ct: Any, loaded: Any, add_ct: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from AutoContourRTLib import DicomPanel
    from AutoContourRTLib.RtImport import ImportResult

    monkeypatch.setattr(loaded.logic, "load", lambda node, path, **callbacks: FakeRun(node))
    choose(ui, 1)
    ui.dicomLoadButton.click()
    dose = add_ct("Dose")
    loaded.widget.dicom.node = None  # another volume is chosen meanwhile
    shown: List[Any] = []
    slices = SimpleNamespace(setSliceViewerLayers=lambda *layers, **named: shown.append(layers))
    views = SimpleNamespace(layoutManager=object)
    monkeypatch.setattr(DicomPanel, "slicer", SimpleNamespace(app=views, util=slices))
    loaded.widget.dicom.onDone(ImportResult(dose, True, (), ()))
    assert shown == [(ct, dose)]


def test_a_dose_that_cannot_be_shown_leaves_the_panel_ready(
    ui: Any, ct: Any, loaded: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from AutoContourRTLib.RtImport import ImportResult

    monkeypatch.setattr(loaded.logic, "load", lambda node, path, **callbacks: FakeRun(node))
    choose(ui, 1)
    ui.dicomLoadButton.click()
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Dose")
    with pytest.raises(AttributeError):
        loaded.widget.dicom.onDone(ImportResult(empty, True, (), ()))
    assert ui.dicomLoadButton.enabled and not ui.dicomCancelButton.enabled


class FakeRun:
    """One that goes on until the panel is told otherwise."""

    def __init__(self, volumeNode: Any) -> None:
        self.volumeNode = volumeNode

    def cancel(self) -> None:
        raise AssertionError("nobody cancels")


def test_the_real_worker_loads_structures_and_dose_and_the_event_loop_runs_on(
    ui: Any, ct: Any, loaded: Any, wait: Callable[..., None], scene: Any
) -> None:
    from AutoContourRTLib.MrmlBridge import volumeFromNode
    from AutoContourRTLib.WorkerProcess import WorkerProcess

    loaded.logic.worker = WorkerProcess()
    try:
        for row in (0, 1):
            choose(ui, row)
            ui.dicomLoadButton.click()
            assert ui.dicomCancelButton.enabled
            wait(lambda: not ui.dicomCancelButton.enabled, 120)
            text = ui.dicomResultLabel.text
            assert text.startswith("Loaded: "), text
            if row == 0:
                assert "RTSTRUCT TEST; structures: 1." in text and "Cord = SpinalCord" in text
    finally:
        loaded.logic.worker.shutdown()
    assert "RTDOSE PLAN, in Gy, at most 2.00 Gy" in ui.dicomResultLabel.text
    dose = scene.GetFirstNodeByName("RTDOSE PLAN")
    assert np.allclose(volumeFromNode(dose).array, 2.0)
    contours = scene.GetFirstNodeByName("RTSTRUCT TEST")
    assert contours.GetSegmentation().GetNthSegment(0).GetName() == "SpinalCord"
    assert loaded.logic.getParameterNode().result is contours  # and so Review shows it alone
