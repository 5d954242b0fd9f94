"""A scripted module, written as for Slicer, from loading to closing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from SlicerHarness import closeModule, loadModule, messages, photograph

HERE = Path(__file__).resolve().parent


@pytest.fixture()
def demo(slicer_app: Any, scene: Any) -> Any:
    loaded = loadModule(HERE / "HarnessDemo" / "HarnessDemo.py")
    yield loaded
    closeModule(loaded)


def test_the_module_is_registered_and_described(demo: Any, slicer_app: Any) -> None:
    assert slicer_app.util.getModule("HarnessDemo").title == "Harness Demo"
    assert slicer_app.modules.harnessdemo.path.endswith("HarnessDemo.py")
    assert slicer_app.util.getModuleLogic("HarnessDemo") is demo.logic
    assert slicer_app.util.getModuleWidget("HarnessDemo") is demo.widget


def test_the_ui_file_has_its_custom_widgets_with_their_properties(demo: Any) -> None:
    import ctk

    ui = demo.widget.ui
    assert ui.advanced.collapsed is True and ui.inputs.text == "Inputs"
    assert ui.path.filters == ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Readable
    assert ui.inputSelector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    assert ui.advancedLabel.isHidden()
    ui.advanced.click()
    assert not ui.advanced.collapsed and not ui.advancedLabel.isHidden()


def test_the_scene_reaches_widgets_by_the_connection_in_the_ui_file(
    demo: Any, scene: Any
) -> None:
    assert demo.widget.ui.inputSelector.mrmlScene() is scene


def test_pressing_the_button_works_and_errors_are_shown(demo: Any, scene: Any) -> None:
    import ctk  # noqa: F401

    ui = demo.widget.ui
    ui.applyButton.click()
    assert messages()[-1].text == "Failed.\n\nSelect a volume first."
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    ui.inputSelector.setCurrentNode(node)
    ui.applyButton.click()
    assert ui.result.text == "CT" and len(messages()) == 1


def test_parameters_survive_the_scene_and_the_panel_shows_them(
    demo: Any, scene: Any, slicer_app: Any, tmp_path: Path
) -> None:
    slicer_app.util.selectModule("HarnessDemo")
    demo.widget.ui.slider.value = 44
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert demo.widget.ui.slider.value == 100
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    assert demo.logic.getParameterNode().threshold == 44
    assert demo.widget.ui.slider.value == 44


def test_entering_leaving_reloading_and_closing_call_the_module(
    demo: Any, slicer_app: Any
) -> None:
    demo.widget  # noqa: B018  builds the panel
    slicer_app.util.selectModule("HarnessDemo")
    slicer_app.util.selectModule("Welcome")
    assert demo.widget.calls == ["enter", "exit"]
    old = demo.widget
    slicer_app.util.reloadScriptedModule("HarnessDemo")
    assert old.calls[-1] == "cleanup" and demo.widget is not old
    assert demo.widget.ui.applyButton.text == "Apply"


def test_the_self_test_runs(demo: Any, slicer_app: Any) -> None:
    slicer_app.selfTests["HarnessDemo"]()


def test_sample_data_is_registered_at_the_end_of_the_start(demo: Any, slicer_app: Any) -> None:
    import SampleData

    slicer_app.app.startupCompleted()
    sources = SampleData.SampleDataLogic.sampleDataSourcesByCategory("HarnessDemo")
    assert "HarnessDemo1" in [source.sampleName for source in sources]
    with pytest.raises(TypeError):  # as Slicer does
        SampleData.SampleDataLogic.registerCustomSampleDataSource(sampleDescription="x")


def test_the_panel_can_be_photographed(demo: Any, tmp_path: Path) -> None:
    import qt

    image = qt.QImage(str(photograph(demo.panel, tmp_path / "panel.png", (420, 360))))
    colors = {image.pixel(x, y) for x in range(0, 420, 3) for y in range(0, 360, 3)}
    assert len(colors) > 5


def test_an_unknown_widget_class_in_a_ui_file_raises(
    slicer_app: Any, scene: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.ui"
    path.write_text('<ui version="4.0"><widget class="ctkNothing" name="a"/></ui>', "utf-8")
    with pytest.raises(RuntimeError, match="ctkNothing"):
        slicer_app.util.loadUI(str(path))
