"""The parameter node: typed, validated, tied to widgets, saved with the scene."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any, List, Optional

import pytest

import SlicerHarness


class Device(enum.Enum):
    AUTOMATIC = 1
    CPU = 2


@pytest.fixture()
def wrapper(slicer_app: Any, scene: Any) -> Any:
    from slicer.parameterNodeWrapper import Choice, Default, WithinRange, parameterNodeWrapper

    class Parameters:
        pass

    Parameters.__annotations__ = {
        "volume": slicer_app.vtkMRMLScalarVolumeNode,
        "roi": Optional[slicer_app.vtkMRMLMarkupsROINode],
        "threshold": Annotated[float, WithinRange(0, 1), Default(0.5)],
        "model": Annotated[str, Choice(["head", "thorax"]), Default("head")],
        "device": Device, "smooth": bool, "count": int, "folder": Path, "structures": List[str],
    }
    Parameters.count = 3
    return parameterNodeWrapper(Parameters)


def made(wrapper: Any, scene: Any) -> Any:
    node = scene.GetFirstNodeByClass("vtkMRMLScriptedModuleNode")
    return wrapper(node or scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "parameters"))


def test_defaults_come_from_annotation_value_or_type(wrapper: Any, scene: Any) -> None:
    parameters = made(wrapper, scene)
    assert (parameters.threshold, parameters.model, parameters.count) == (0.5, "head", 3)
    assert parameters.volume is None and parameters.device is Device.AUTOMATIC
    assert list(parameters.structures) == [] and parameters.smooth is False


def test_everything_survives_saving_and_reading_the_scene(
    wrapper: Any, scene: Any, slicer_app: Any, tmp_path: Path
) -> None:
    import numpy as np

    parameters = made(wrapper, scene)
    parameters.volume = slicer_app.util.addVolumeFromArray(np.zeros((3, 4, 5)), name="CT")
    parameters.threshold, parameters.model, parameters.device = 0.25, "thorax", Device.CPU
    parameters.smooth, parameters.folder = True, Path("/a b/ü")
    parameters.structures = ["Parotid_L", 'an "odd", name']
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    SlicerHarness.clearScene()
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    again = made(wrapper, scene)
    assert again.volume.GetName() == "CT" and again.volume is not parameters
    assert (again.threshold, again.model, again.device) == (0.25, "thorax", Device.CPU)
    assert again.smooth is True and again.folder == Path("/a b/ü") and again.count == 3
    assert list(again.structures) == ["Parotid_L", 'an "odd", name']


@pytest.mark.parametrize("name, value", [
    ("threshold", 1.5), ("threshold", "0.5"), ("count", 1.0), ("model", "abdomen"),
    ("smooth", 1), ("device", 2), ("structures", "Parotid_L"), ("structures", [1]),
])
def test_a_wrong_value_raises_and_changes_nothing(
    wrapper: Any, scene: Any, name: str, value: Any
) -> None:
    parameters = made(wrapper, scene)
    before = getattr(parameters, name)
    with pytest.raises((TypeError, ValueError)):
        setattr(parameters, name, value)
    assert getattr(parameters, name) == before


def test_a_node_of_another_class_is_refused(wrapper: Any, scene: Any) -> None:
    with pytest.raises(TypeError):
        made(wrapper, scene).volume = scene.AddNewNodeByClass("vtkMRMLTableNode")


def test_a_removed_node_reads_as_none(wrapper: Any, scene: Any) -> None:
    parameters = made(wrapper, scene)
    parameters.volume = node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    scene.RemoveNode(node)
    assert parameters.volume is None


def test_a_type_that_slicer_cannot_store_fails_at_the_decorator(slicer_app: Any) -> None:
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    class Parameters:
        pass

    Parameters.__annotations__ = {"mask": complex}
    with pytest.raises(TypeError):
        parameterNodeWrapper(Parameters)


def test_a_wrapper_of_strings_as_annotations_is_understood(slicer_app: Any, scene: Any) -> None:
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        opacity: float = 0.25

    assert made(Parameters, scene).opacity == 0.25


@pytest.fixture()
def gui(slicer_app: Any, scene: Any) -> Any:
    """Widgets with the names of the parameters that they show, in one parent."""
    import ctk
    import qt

    parent = qt.QWidget()
    layout = qt.QVBoxLayout(parent)
    widgets = {"volume": slicer_app.qMRMLNodeComboBox(), "threshold": ctk.ctkSliderWidget(),
               "model": qt.QComboBox(), "device": qt.QComboBox(), "smooth": qt.QCheckBox(),
               "count": qt.QSpinBox(), "folder": ctk.ctkPathLineEdit()}
    widgets["volume"].noneEnabled = True
    widgets["volume"].setMRMLScene(scene)
    for name, widget in widgets.items():
        widget.objectName = name
        widget.setProperty("SlicerParameterName", name)
        layout.addWidget(widget)
    yield parent
    widgets["volume"].setMRMLScene(None)


def test_widgets_and_parameters_follow_each_other(
    wrapper: Any, scene: Any, gui: Any, slicer_app: Any
) -> None:
    parameters, ui = made(wrapper, scene), slicer_app.util.childWidgetVariables(gui)
    named = {name: widget for name, widget in vars(ui).items() if name in wrapper.allParameters}
    tag = parameters.connectParametersToGui(named)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    ui.volume.setCurrentNode(node)
    ui.threshold.value, ui.model.currentIndex, ui.device.currentIndex = 0.75, 1, 1
    ui.smooth.checked, ui.count.value, ui.folder.currentPath = True, 7, "/tmp/x"
    assert parameters.volume is node and parameters.threshold == 0.75
    assert (parameters.model, parameters.device) == ("thorax", Device.CPU)
    assert (parameters.smooth, parameters.count) == (True, 7)
    assert parameters.folder == Path("/tmp/x")
    parameters.threshold, parameters.volume, parameters.model = 0.25, None, "head"
    assert ui.threshold.value == 0.25
    assert ui.volume.currentNode() is None and ui.model.currentText == "head"
    parameters.disconnectGui(tag)
    ui.count.value = 9
    parameters.smooth = False
    assert parameters.count == 7 and ui.smooth.checked is True


def test_what_connect_gui_ties_stays_tied_as_in_slicer(
    wrapper: Any, scene: Any, gui: Any, slicer_app: Any
) -> None:
    parameters, ui = made(wrapper, scene), slicer_app.util.childWidgetVariables(gui)
    assert parameters.connectGui(gui) is None
    parameters.disconnectGui(None)
    ui.count.value = 9
    assert parameters.count == 9


def test_an_unknown_parameter_name_in_the_gui_raises(wrapper: Any, scene: Any, gui: Any) -> None:
    import qt

    stranger = qt.QCheckBox(gui)
    stranger.setProperty("SlicerParameterName", "smoooth")
    with pytest.raises(ValueError, match="smoooth"):
        made(wrapper, scene).connectGui(gui)
