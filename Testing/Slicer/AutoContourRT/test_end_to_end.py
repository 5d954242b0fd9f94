"""The whole way with the real worker and the shipped model. Slow: each run computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, List

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture()
def real_ui(loaded: Any) -> Iterator[Any]:
    """The panel with the application's own worker, which is ended afterwards."""
    pytest.importorskip("torch")
    yield loaded.widget.ui
    loaded.logic.worker.shutdown()


def press_segment(loaded: Any, wait: Callable[..., None]) -> Any:
    """One run; returns the new node."""
    ui = loaded.widget.ui
    assert ui.segmentButton.enabled, ui.noticeLabel.text
    ui.segmentButton.click()
    wait(lambda: ui.segmentButton.enabled, 300)
    return loaded.logic.getParameterNode().result


def leave_only(ui: Any, name: str) -> None:
    import qt

    from AutoContourRTLib.Tables import keyAt

    for row in range(ui.structuresTable.rowCount):
        isKept = keyAt(ui.structuresTable, row) == name
        state = qt.Qt.Checked if isKept else qt.Qt.Unchecked
        ui.structuresTable.item(row, 0).setCheckState(state)


def starts(loaded: Any) -> int:
    """How often the worker was started."""
    return sum(line.startswith("Starting ") for line in loaded.logic.worker.log)


def test_reload_and_test_passes(real_ui: Any, loaded: Any, monkeypatch: Any) -> None:
    import slicer

    monkeypatch.setenv("AUTOCONTOURRT_TEST_NEEDS_WORKER", "1")
    slicer.selfTests["AutoContourRT"]()
    assert real_ui.resultTable.rowCount == 7
    assert real_ui.reviewedLabel.text == "7 of 7 reviewed"


def test_cancel_in_the_middle_leaves_the_scene_and_the_next_click_is_warm(
    real_ui: Any, loaded: Any, wait: Any, things: Callable[[], List[str]], scene: Any
) -> None:
    from AutoContourRTLib.MrmlBridge import labelMapFromSegmentation
    from AutoContourRTLib.SamplePhantom import addPhantom

    node = addPhantom((5.0, 4.0, 4.0))
    loaded.logic.getParameterNode().inputVolume = node
    leave_only(real_ui, "Bone_Mandible")
    before = things()
    values = []
    real_ui.segmentButton.click()
    wait(lambda: values.append(real_ui.progressBar.value) or values[-1] > 300, 200)
    assert values == sorted(values) and len(set(values)) > 3
    real_ui.cancelButton.click()
    wait(lambda: real_ui.segmentButton.enabled)
    assert things() == before
    real_ui.roiSelector.setCurrentNode(around_the_jaw(scene))  # fewer windows to compute
    first, started = press_segment(loaded, wait), starts(loaded)
    second = press_segment(loaded, wait)
    assert starts(loaded) == started, "the second run started another worker"
    assert loaded.logic.worker.state == "idle"
    one, two = (
        labelMapFromSegmentation(n, node).labelMap.masks["Bone_Mandible"] for n in (first, second)
    )
    assert first is not second and one.any() and np.array_equal(one, two)


def around_the_jaw(scene: Any) -> Any:
    """A box around the phantom's mandible."""
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Jaw")
    roi.SetCenter(0, 75, -25)
    roi.SetSize(130, 90, 70)
    return roi


def test_a_patient_is_contoured_saved_and_loaded_again(
    real_ui: Any, loaded: Any, wait: Any, shared_data: Path, tmp_path: Path, slicer_app: Any
) -> None:
    import qt

    from AutoContourRTCore.metrics.measures import dice
    from AutoContourRTCore.volumes.files import read_volume
    from AutoContourRTCore.volumes.segfile import read_labelmap
    from AutoContourRTLib.MrmlBridge import labelMapFromSegmentation
    from AutoContourRTLib.SamplePhantom import addVolume
    from SlicerHarness import clearScene

    case = sorted((shared_data / "head_neck" / "validation").iterdir())[0]
    ct = addVolume(read_volume(case / "ct.nrrd"), case.name)
    loaded.logic.getParameterNode().inputVolume = ct
    result = press_segment(loaded, wait)
    found = labelMapFromSegmentation(result, ct).labelMap
    clinical = read_labelmap(case / "structures.seg.nrrd")
    # Far above what a flipped or shifted contour can reach.
    assert dice(clinical.masks["Mandible"], found.masks["Bone_Mandible"]) > 0.7
    real_ui.resultTable.item(0, 0).setCheckState(qt.Qt.Checked)
    assert slicer_app.util.saveScene(str(tmp_path / "patient.mrb"))
    clearScene()
    slicer_app.util.loadScene(str(tmp_path / "patient.mrb"))
    slicer_app.util.selectModule("Data")
    slicer_app.util.selectModule("AutoContourRT")
    again = real_ui.resultSelector.currentNode()
    masks = labelMapFromSegmentation(again, real_ui.inputSelector.currentNode()).labelMap.masks
    assert list(masks) == list(found.masks)
    assert all(np.array_equal(masks[name], mask) for name, mask in found.masks.items())
    assert real_ui.reviewedLabel.text == f"1 of {len(masks)} reviewed"
