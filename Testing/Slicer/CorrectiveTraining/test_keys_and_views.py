"""One set of keys at a time; layout and display come and go with the module."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest


def shortcuts(slicer: Any) -> List[str]:
    """The keys of the main window's shortcuts that are ours."""
    import qt

    found = slicer.util.mainWindow().findChildren(qt.QShortcut)
    return sorted(shortcut.key.toString() for shortcut in found)


def choose(user: Any, which: str) -> None:
    user.ui.keysComboBox.currentIndex = user.ui.keysComboBox.findData(which)


def press(slicer: Any, key: str) -> None:
    import qt

    for shortcut in slicer.util.mainWindow().findChildren(qt.QShortcut):
        if shortcut.key.toString() == key:
            shortcut.activated.emit()


def test_only_one_set_of_keys_is_ever_installed(user: Any, slicer_app: Any) -> None:
    assert shortcuts(slicer_app) == ["E", "Q", "W", "Z"] and not user.editor._shortcuts
    choose(user, "editor")
    assert shortcuts(slicer_app) == [] and user.editor._shortcuts
    choose(user, "rootpainter")
    assert shortcuts(slicer_app) == ["E", "Q", "W", "Z"] and not user.editor._shortcuts
    slicer_app.util.selectModule("Welcome")
    assert shortcuts(slicer_app) == [] and not user.editor._shortcuts
    choose(user, "editor")
    assert not user.editor._shortcuts  # not while another module is shown
    slicer_app.util.selectModule("CorrectiveTraining")
    assert user.editor._shortcuts and shortcuts(slicer_app) == []


def test_the_keys_do_what_they_say(user: Any, slicer_app: Any) -> None:
    import numpy as np

    for key, segment in (("Q", "Foreground"), ("W", "Background"), ("E", "Eraser")):
        press(slicer_app, key)
        assert user.editor.currentSegmentID() == segment
        assert user.editor.mrmlSegmentEditorNode().GetActiveEffectName() == "Paint"
        assert user.editor.segmentationNode() is user.case.marks
    mask = np.zeros(user.case.correction.corrected.shape, dtype=bool)
    mask[4, 4, 4] = True
    user.paint(user.ui.foregroundButton, mask)
    assert user.case.correction.corrected.any()
    press(slicer_app, "Z")
    assert not user.case.correction.corrected.any()


def test_leaving_the_module_ends_the_effect_and_restores_the_layout(
    user: Any, slicer_app: Any
) -> None:
    from CorrectiveTrainingLib.Views import LAYOUT

    layout = slicer_app.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    assert layout.GetViewArrangement() == LAYOUT
    assert "Sagittal" in layout.GetLayoutDescription(LAYOUT)
    press(slicer_app, "Q")
    slicer_app.util.selectModule("Welcome")
    assert layout.GetViewArrangement() != LAYOUT
    assert user.editor.mrmlSegmentEditorNode().GetActiveEffectName() == ""
    slicer_app.util.selectModule("CorrectiveTraining")
    assert layout.GetViewArrangement() == LAYOUT


def test_each_view_shows_the_line_of_the_other_only_while_we_are_here(
    views: Any, user: Any, slicer_app: Any
) -> None:
    logic = slicer_app.app.applicationLogic()
    visible = slicer_app.vtkMRMLApplicationLogic.IntersectingSlicesVisibility
    assert logic.GetIntersectingSlicesEnabled(visible)
    slicer_app.util.selectModule("Welcome")
    assert not logic.GetIntersectingSlicesEnabled(visible)


@pytest.mark.parametrize("preset, low, high", [("mediastinum", -125, 250), ("bone", -500, 1300)])
def test_a_window_preset_sets_its_hounsfield_units(
    user: Any, preset: str, low: float, high: float
) -> None:
    user.ui.presetComboBox.currentIndex = user.ui.presetComboBox.findData(preset)
    display = user.case.volume.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (low, high)
    user.ui.nextButton.click()
    assert user.case.volume.GetDisplayNode().GetWindowLevelMin() == low


def test_what_is_shown_follows_the_boxes(views: Any, user: Any) -> None:
    ui, case = user.ui, user.case
    for box, node in ((ui.predictionCheckBox, case.prediction),
                      (ui.contoursCheckBox, case.contours), (ui.marksCheckBox, case.marks)):
        assert node.GetDisplayNode().GetVisibility()
        box.click()
        assert not node.GetDisplayNode().GetVisibility()
    assert not case.contours.GetDisplayNode().GetVisibility2DFill()
    ui.fillCheckBox.click()
    assert case.contours.GetDisplayNode().GetVisibility2DFill()
    composite = views.sliceWidget("Red").sliceLogic().GetSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == case.volume.GetID()
    ui.imageCheckBox.click()
    assert not composite.GetBackgroundVolumeID()


def test_the_prediction_is_not_offered_for_editing(user: Any) -> None:
    assert user.case.prediction.GetHideFromEditors()
    assert not any(node.GetSaveWithScene() for node in user.case.nodes)


def test_choosing_a_structure_in_the_editor_chooses_it_in_the_panel(user: Any) -> None:
    user.ui.editRadioButton.checked = True
    user.editor.setCurrentSegmentID(user.RIGHT)
    assert user.case.structure == user.RIGHT
    assert user.ui.structureComboBox.currentData == user.RIGHT
    user.ui.structureComboBox.currentIndex = 0
    assert user.editor.currentSegmentID() == user.LEFT


def test_without_a_case_the_editor_has_no_keys_and_turns_no_view(
    user: Any, slicer_app: Any
) -> None:
    """Its hidden selector may have taken up a segmentation that is none of ours."""
    choose(user, "editor")
    assert user.editor._shortcuts and not user.editor.autoShowSourceVolumeNode
    user.session.forsake()
    assert not user.editor._shortcuts
    user.session.open(user.session.project.record.cases[0].id)
    assert user.editor._shortcuts


def test_the_brush_stays_in_the_hand_in_the_next_case(user: Any, slicer_app: Any) -> None:
    node = user.editor.mrmlSegmentEditorNode()
    press(slicer_app, "W")
    user.session.saveAndNext()
    user.events()
    assert user.editor.segmentationNode() is user.case.marks
    assert node.GetActiveEffectName() == "Paint"
    assert user.editor.currentSegmentID() == "Background"
    user.editor.setActiveEffectByName("")  # put down by the user
    user.session.saveAndNext()
    user.events()
    assert node.GetActiveEffectName() == ""


def test_a_box_is_dragged_without_a_brush(user: Any, slicer_app: Any) -> None:
    press(slicer_app, "Q")
    user.ui.boxButton.click()
    assert user.ui.boxButton.checked
    assert user.editor.mrmlSegmentEditorNode().GetActiveEffectName() == ""


def test_a_scene_is_not_saved_with_a_layout_that_no_other_slicer_knows(
    user: Any, slicer_app: Any, tmp_path: Path
) -> None:
    from CorrectiveTrainingLib.Views import LAYOUT

    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrml"))
    assert "currentViewArrangement" not in (tmp_path / "scene.mrml").read_text()
    layout = slicer_app.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    assert layout.GetViewArrangement() == LAYOUT
    slicer_app.util.selectModule("Welcome")
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrml"))
    assert "currentViewArrangement" in (tmp_path / "scene.mrml").read_text()


def test_after_the_scene_was_closed_the_layout_is_ours_again(
    user: Any, slicer_app: Any
) -> None:
    """Slicer makes the layout's node anew behind the end of closing."""
    from CorrectiveTrainingLib.Views import LAYOUT

    scene = slicer_app.mrmlScene
    scene.Clear(False)
    node = scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLLayoutNode")
    node.SetViewArrangement(node.SlicerLayoutInitialView)
    user.events()
    assert node.GetViewArrangement() == LAYOUT
    slicer_app.util.selectModule("Welcome")
    assert node.GetViewArrangement() != LAYOUT


def test_a_scene_that_is_added_puts_no_other_image_behind_the_case(
    views: Any, user: Any, scene: Any
) -> None:
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", "Red")
    other = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other patient")
    scene.StartState(scene.ImportState)
    composite.SetBackgroundVolumeID(other.GetID())
    scene.EndState(scene.ImportState)
    assert composite.GetBackgroundVolumeID() == user.case.volume.GetID()


def test_nothing_of_a_case_is_saved_with_a_scene(
    user: Any, slicer_app: Any, tmp_path: Path
) -> None:
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrml"))
    text = (tmp_path / "scene.mrml").read_text(encoding="utf-8")
    assert "<Segmentation" not in text and "<Volume" not in text
