"""Projects and cases: walking through them, leaving them in every way, faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import SlicerHarness
from AutoContourRTCore.correction.interaction import active_seconds
from AutoContourRTCore.correction.project import WINDOW_LOCK, Project
from AutoContourRTCore.correction.setup import correction_recipe
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume


def stroke(user: Any, k: int = 5) -> np.ndarray:
    mask = np.zeros(user.case.correction.corrected.shape, dtype=bool)
    mask[k, 8:12, 8:12] = True
    return mask


def kept(user: Any, case: str) -> np.ndarray:
    """What the project holds of the left structure, read by somebody else."""
    with Project.open(user.folder) as project:
        return project.correct(case)[user.LEFT].corrected


def test_the_list_shows_the_cases_and_what_became_of_them(user: Any) -> None:
    table = user.ui.casesTable
    assert table.rowCount == 4 and table.item(1, 0).text() == "case-1"
    user.edit(user.LEFT, stroke(user))
    user.ui.nextButton.click()
    assert [table.item(0, n).text() for n in range(1, 4)] == ["corrected", "training", "0.000"]
    assert user.case.name == "case-1" and table.item(1, 1).text() == "new"
    user.ui.previousButton.click()
    assert user.case.name == "case-0"
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), stroke(user))


def test_a_double_click_opens_a_case(user: Any) -> None:
    user.widget.cases.onDoubleClicked(2, 0)
    assert user.case.name == "case-2"
    assert not user.ui.correctCollapsibleButton.collapsed


def test_the_last_case_is_saved_and_stays(user: Any) -> None:
    user.widget.cases.onDoubleClicked(3, 0)
    user.edit(user.LEFT, stroke(user))
    user.ui.nextButton.click()
    assert user.case.name == "case-3"
    assert user.session.project.state(user.case.id) == "corrected"


def test_the_nodes_of_a_case_go_with_it(user: Any, slicer_app: Any) -> None:
    before = sorted(names(slicer_app))
    for _ in range(3):
        user.ui.nextButton.click()
        user.ui.previousButton.click()
    assert sorted(names(slicer_app)) == before


@pytest.mark.parametrize("way", ["scene", "exit", "another", "removed", "closed", "quit"])
def test_a_stroke_that_nobody_saw_yet_is_kept_however_the_case_is_left(
    user: Any, slicer_app: Any, way: str
) -> None:
    user.edit(user.LEFT, stroke(user, 3))
    case, session = user.case.id, user.session
    user.editor.paint(stroke(user))  # and no turn of the event loop after it
    wanted = stroke(user) | stroke(user, 3)
    if way == "scene":
        slicer_app.mrmlScene.Clear(0)
        assert user.case is None and session.project is not None
    elif way == "exit":
        slicer_app.util.selectModule("Welcome")
        assert user.case is not None
    elif way == "another":
        user.ui.nextButton.click()
    elif way == "removed":
        slicer_app.mrmlScene.RemoveNode(user.case.contours)
        assert user.case is None
    elif way == "closed":
        user.ui.closeButton.click()
    else:
        slicer_app.app.aboutToQuit.emit()
        assert not (user.folder / WINDOW_LOCK).exists()
    session.close()
    assert np.array_equal(kept(user, case), wanted)


def test_after_the_scene_was_closed_the_project_goes_on(user: Any, slicer_app: Any) -> None:
    user.edit(user.LEFT, stroke(user))
    slicer_app.mrmlScene.Clear(0)
    assert "No case is open" in user.ui.caseLabel.text
    user.widget.cases.onDoubleClicked(0, 0)
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), stroke(user))
    user.edit(user.LEFT, stroke(user) | stroke(user, 8))
    assert np.array_equal(user.case.correction.corrected, stroke(user) | stroke(user, 8))


def test_while_the_scene_is_closed_the_panel_has_let_go_of_the_parameter_node(
    user: Any, slicer_app: Any
) -> None:
    parameters, scene = user.widget.logic.getParameterNode(), slicer_app.mrmlScene
    box = user.ui.byItselfCheckBox
    assert parameters.trainsByItself and box.checked
    scene.StartState(scene.CloseState)
    box.checked = False
    assert parameters.trainsByItself
    scene.EndState(scene.CloseState)
    assert box.checked and user.widget.logic.getParameterNode() is parameters


def test_a_project_opens_where_it_was_left(user: Any, monkeypatch: Any) -> None:
    user.ui.nextButton.click()
    user.edit(user.LEFT, stroke(user))
    user.ui.closeButton.click()
    assert user.case is None and "No project" in user.ui.projectLabel.text
    SlicerHarness.answer(str(user.folder))
    user.ui.openButton.click()
    assert user.case.name == "case-1"
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), stroke(user))
    assert "not yet given to training: case-1" in user.ui.projectLabel.text


def test_a_change_that_a_crash_cut_is_told_when_the_case_opens(user: Any) -> None:
    user.edit(user.LEFT, stroke(user))
    user.edit(user.LEFT, stroke(user) | stroke(user, 8))
    journal = user.case.correction.journal.path
    user.ui.closeButton.click()
    journal.write_bytes(journal.read_bytes()[:-5])
    SlicerHarness.answer(str(user.folder))
    user.ui.openButton.click()
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), stroke(user))
    told = SlicerHarness.messages()[-1]
    assert user.LEFT in told.text and "was not written whole" in told.text


def test_the_form_makes_a_project(loaded: Any, tmp_path: Path) -> None:
    ui = loaded.widget.ui
    ui.folderPathLineEdit.currentPath = str(tmp_path / "new")
    ui.structuresLineEdit.text = "left parotid, Parotid_R"
    ui.recipeComboBox.currentIndex = ui.recipeComboBox.findData("rootpainter3d")
    ui.createButton.click()
    record = loaded.logic.session.project.record
    assert record.structures == ("Parotid_L", "Parotid_R")
    assert record.settings.recipe["name"] == "rootpainter3d"
    assert not SlicerHarness.messages()


def test_a_form_without_a_folder_says_so(loaded: Any) -> None:
    loaded.widget.ui.createButton.click()
    assert "folder" in SlicerHarness.messages()[-1].text
    assert loaded.logic.session.project is None


def test_images_that_are_all_called_ct_get_the_names_of_their_folders(
    loaded: Any, images: Any, tmp_path: Path
) -> None:
    from CorrectiveTrainingLib.CaseNames import caseName

    paths = [tmp_path / folder / "CT.nrrd" for folder in ("patient_1", "patient_2")]
    for path, image in zip(paths, images):
        path.parent.mkdir()
        image.rename(path)
    session, ui = loaded.logic.session, loaded.widget.ui
    session.createProject(tmp_path / "project", ["Parotid_L"], correction_recipe("default"))
    assert "0 cases" in ui.projectLabel.text
    SlicerHarness.answer([str(path) for path in paths])
    ui.addFilesButton.click()
    cases = session.project.record.cases
    assert [case.name for case in cases] == ["patient_1", "patient_2"]
    assert [case.id for case in cases] == ["0001_patient_1", "0002_patient_2"]
    assert ": 2 cases of" in ui.projectLabel.text
    taken = ["day_1", "head"]
    named = {"day_2/head.nii.gz": "day_2 head", "day_1/ct.nrrd": "day_1 ct", "a/neck.mha": "neck"}
    assert {file: caseName(tmp_path / file, taken) for file in named} == named
    (tmp_path / "1.2.840").mkdir()
    assert caseName(tmp_path / "1.2.840", []) == "1.2.840"  # a DICOM folder


def test_images_before_one_that_cannot_be_read_are_in_and_counted(
    user: Any, images: Any, tmp_path: Path
) -> None:
    (tmp_path / "bad.nrrd").write_bytes(b"no image")
    SlicerHarness.answer([str(images[0]), str(tmp_path / "bad.nrrd")])
    user.ui.addFilesButton.click()
    assert "Not all images were added" in SlicerHarness.messages()[-1].text
    assert user.ui.casesTable.rowCount == 5 and ": 5 cases of" in user.ui.projectLabel.text


def test_the_list_of_cases_stays_as_wide_as_the_panel(user: Any) -> None:
    table = user.ui.casesTable
    user.loaded.panel.resize(700, 900)
    user.loaded.panel.show()
    user.events()
    for _ in range(2):
        user.ui.nextButton.click()
        user.events()
        width = sum(table.columnWidth(n) for n in range(table.columnCount))
        assert width == table.viewport().width > 300


def test_a_volume_of_the_scene_becomes_a_case(user: Any, slicer_app: Any) -> None:
    user.ui.volumeSelector.setCurrentNode(user.case.volume)
    user.ui.addVolumeButton.click()
    assert len(user.session.project.record.cases) == 5
    added = user.session.project.record.cases[-1]
    assert added.image.copied and ": 5 cases of" in user.ui.projectLabel.text
    assert np.array_equal(
        user.session.project.volume(added.id).array,
        user.session.project.volume(user.case.id).array,
    )


def test_a_project_that_somebody_has_open_names_them_and_can_be_taken_over(
    user: Any, loaded: Any, tmp_path: Path
) -> None:
    import qt

    user.session.close()
    with Project.open(user.folder):
        user.widget.project.open(str(user.folder))
        (message,) = SlicerHarness.messages()
        assert "in use by" in message.text and user.session.project is None
        SlicerHarness.answer(qt.QMessageBox.Yes)
        user.widget.project.open(str(user.folder))
        assert user.session.project is not None


def test_a_dead_owner_is_replaced_and_named(user: Any) -> None:
    user.session.close()
    lock = user.folder / WINDOW_LOCK
    import json
    import socket

    owner = {"host": socket.gethostname(), "pid": 2**22 + 17, "user": "eve", "since": "yesterday",
             "token": "x"}  # fmt: skip
    lock.write_text(json.dumps(owner), encoding="utf-8")
    user.widget.project.open(str(user.folder))
    assert not SlicerHarness.messages()
    assert "eve" in user.ui.projectLabel.text and "taken over" in user.ui.projectLabel.text


def test_an_image_of_another_geometry_is_refused_and_the_annotation_kept(
    user: Any, images: Any
) -> None:
    user.edit(user.LEFT, stroke(user))
    user.ui.nextButton.click()
    other = Geometry((9, 24, 28), (2.5, 2.0, 2.0), (0.0, 0.0, 0.0))
    write_volume(Volume(np.zeros(other.shape, np.int16), other), images[0])
    user.ui.previousButton.click()
    assert "not the image that was annotated" in SlicerHarness.messages()[-1].text
    assert user.case.name == "case-1" and user.case.isInScene()
    case = user.session.project.record.cases[0].id
    user.session.close()
    assert kept(user, case).sum() == stroke_sum()


def stroke_sum() -> int:
    return 16


def test_an_image_that_was_moved_is_found_again(user: Any, images: Any, tmp_path: Path) -> None:
    user.ui.nextButton.click()
    (tmp_path / "elsewhere").mkdir()
    images[0].rename(tmp_path / "elsewhere" / images[0].name)
    user.ui.previousButton.click()
    assert "no longer at" in SlicerHarness.messages()[-1].text
    SlicerHarness.answer(str(tmp_path / "elsewhere"))
    user.ui.relocateButton.click()
    user.ui.previousButton.click()
    assert user.case.name == "case-0"


def test_a_full_disk_is_told_once_and_the_edit_is_taken_when_there_is_room(
    user: Any, monkeypatch: Any
) -> None:
    from AutoContourRTCore.correction.journal import Journal
    from AutoContourRTCore.errors import InputError

    def full(self: Any, *arguments: Any) -> None:
        raise InputError("The last change could not be saved: No space left on device.")

    user.edit(user.LEFT, stroke(user))
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        user.edit(user.LEFT, stroke(user) | stroke(user, 6))
        user.edit(user.LEFT, stroke(user) | stroke(user, 6) | stroke(user, 7))
        (message,) = SlicerHarness.messages()
        assert "No space left" in message.text
        assert not user.case.corrections[user.LEFT].corrected[6].any()
    wanted = stroke(user) | stroke(user, 6) | stroke(user, 7) | stroke(user, 8)
    user.edit(user.LEFT, wanted)
    assert np.array_equal(user.case.correction.corrected, wanted)


def test_the_box_is_drawn_turned_into_voxels_and_predicted(user: Any, worker: Any) -> None:
    from CorrectiveTrainingLib.Boxes import boxOf, showBox

    for box in ((2, 20, 3, 17, 1, 9), (0, 28, 0, 24, 0, 12), (5, 6, 7, 8, 9, 10)):
        roi = showBox(user.case.volume, box)
        assert boxOf(roi, user.case.volume) == box
    user.ui.boxButton.click()
    user.ui.predictButton.click()
    assert user.session.project.case(user.case.id).box == (7, 21, 6, 18, 3, 9)
    request, handler = worker.of("PredictRequest")[-1]
    assert (request.project, request.case) == (str(user.folder), user.case.id)
    handler.onDone({"predicted": False})  # that of the opening, which nobody asked for
    assert not SlicerHarness.messages()
    worker.of("PredictRequest")[-1][1].onDone({"predicted": False})
    (message,) = SlicerHarness.messages()
    assert "there is no network yet" in message.text
    user.ui.boxButton.click()
    assert boxOf(user.widget.correct._roi, user.case.volume) is None


def test_what_the_user_does_is_logged_with_its_time(views: Any, user: Any) -> None:
    from CorrectiveTrainingLib import Views

    Views.jump(user.case.volume, (2, 5, 5))
    node = views.sliceWidget("Yellow").mrmlSliceNode()
    width, height, depth = node.GetFieldOfView()
    node.SetFieldOfView(width / 2, height / 2, depth)
    interactor = views.sliceWidget("Red").sliceView().renderWindow().GetInteractor()
    interactor.SetInteractorStyle(None)  # VTK's own keeps the release for itself, Slicer's does not
    interactor.InvokeEvent("LeftButtonPressEvent")
    interactor.InvokeEvent("LeftButtonReleaseEvent")
    user.ui.nextButton.click()
    events = user.session.project.log.read().events
    names = [event.name for event in events if event.case == "0001_case-0"]
    assert names[0] == "open" and names[-1] in ("save", "close")
    assert {"slice", "zoom", "press", "release", "save"} <= set(names)
    press = next(event for event in events if event.name == "press")
    assert press.values == {"view": "Red", "button": "left"}
    zooms = [e.values["mm"] for e in events if e.name == "zoom" and e.values["view"] == "Yellow"]
    assert any(mm == pytest.approx(height / 2, rel=1e-3) for mm in zooms)
    assert "0001_case-0" in active_seconds(events)


def test_a_log_that_cannot_be_written_stops_nobody(user: Any, monkeypatch: Any) -> None:
    log = user.session.project.log
    log.close()
    monkeypatch.setattr(log, "path", user.folder)  # a folder: nothing can be appended to it
    for _ in range(3):
        user.session.log("slice", view="Red", mm=1.0)
    (message,) = SlicerHarness.messages()
    assert "contours are not affected" in message.text
    user.edit(user.LEFT, stroke(user))
    assert user.case.correction.corrected.sum() == 16


def names(slicer: Any) -> list:
    """The classes of all nodes."""
    scene = slicer.mrmlScene
    return [scene.GetNthNode(n).GetClassName() for n in range(scene.GetNumberOfNodes())]


@pytest.mark.parametrize("way", ["open", "create"])
def test_a_wrong_folder_leaves_the_open_project_as_it_is(
    user: Any, tmp_path: Path, tinyRecipe: Any, way: str
) -> None:
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "letter.txt").write_text("x")
    project, case, training = user.session.project, user.case, user.session.training
    with pytest.raises(InputError):
        if way == "open":
            user.session.openProject(wrong)
        else:
            user.session.createProject(wrong, ["Kidney_L"], tinyRecipe)
    assert user.session.project is project and user.case is case
    assert user.session.training is training
    user.session.openProject(user.folder)  # the same one once more
    assert user.session.project.folder == project.folder and user.session.project is not project


def test_a_box_that_was_deleted_elsewhere_is_no_box(user: Any, scene: Any) -> None:
    correct = user.widget.correct
    user.ui.boxButton.click()
    scene.RemoveNode(correct._roi)
    correct.refresh()
    assert not user.ui.boxButton.checked
    correct.onPredict()
    assert user.session.project.case(user.case.id).box is None
