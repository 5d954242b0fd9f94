"""The module's panel: from two segmentations to a table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib import Provenance
from metrics_panel import column, emit
from MetricsModuleLib import KeptTable, WorstPlace


def test_the_module_says_what_it_is(module: Any) -> None:
    about = module.module
    assert about.title == "Contour Metrics" and about.categories == ["Radiotherapy"]
    assert about.dependencies == ["AutoContourRT"] and about.icon is not None
    assert "Research use only" in about.helpText


def test_it_says_what_is_missing_and_then_compares(
    module: Any, reference: Any, test: Any, chosen: Any
) -> None:
    ui, parameters = chosen.ui, module.logic.getParameterNode()
    assert ui.compareButton.enabled and not ui.cancelButton.enabled
    parameters.test = reference
    assert not ui.compareButton.enabled and "the same segmentation" in ui.noticeLabel.text
    parameters.test = None
    assert "No test is chosen" in ui.noticeLabel.text
    parameters.test = test
    assert ui.noticeLabel.text == "" and "2 matched" in ui.matchingLabel.text
    assert "only in the reference: Eye_R, PTV" in ui.matchingLabel.text


def names(module: Any) -> Any:
    """Of the nodes that the selectors show."""
    ui = module.widget.ui
    nodes = [ui.referenceSelector.currentNode(), ui.testSelector.currentNode()]
    return [node.GetName() if node else None for node in nodes]


def madeHere(node: Any) -> None:
    """As if a run of ours had made it."""
    Provenance.setProvenance(node, Provenance.Provenance("model", "1", "volume1", "CT"))


def lookAgain(module: Any, slicer_app: Any) -> None:
    """What the panel does when a node was added."""
    module.widget.onNodeAdded(None, None)
    slicer_app.app.processEvents()


@pytest.mark.parametrize("number", [0, 1])
def test_of_two_segmentations_the_one_that_a_model_made_is_the_test(
    module: Any, reference: Any, test: Any, slicer_app: Any, number: int
) -> None:
    both = [reference, test]
    madeHere(both[number])
    lookAgain(module, slicer_app)
    assert names(module) == [both[1 - number].GetName(), both[number].GetName()]
    assert module.widget.ui.compareButton.enabled


@pytest.mark.parametrize("ours", [0, 2])
def test_two_segmentations_of_the_same_origin_leave_the_choice_open(
    module: Any, reference: Any, test: Any, slicer_app: Any, ours: int
) -> None:
    for node in [reference, test][:ours]:
        madeHere(node)
    lookAgain(module, slicer_app)
    assert names(module) == [None, None]
    assert "No reference is chosen" in module.widget.ui.noticeLabel.text


def test_two_segmentations_that_came_meanwhile_are_chosen_on_return(
    module: Any, addSet: Any, labels: Any
) -> None:
    module.widget.exit()
    madeHere(addSet(labels[0], "one"))
    addSet(labels[1], "two")
    module.widget.enter()
    assert names(module) == ["two", "one"]


def test_one_segmentation_or_three_leave_the_choice_open(
    module: Any, addSet: Any, labels: Any
) -> None:
    module.widget.exit()
    addSet(labels[0], "one")
    module.widget.enter()
    assert names(module) == [None, None]
    module.widget.exit()
    madeHere(addSet(labels[0], "two"))
    addSet(labels[1], "three")
    module.widget.enter()
    assert names(module) == [None, None]


def test_what_a_user_chose_is_left_alone(
    module: Any, reference: Any, test: Any, slicer_app: Any
) -> None:
    madeHere(test)
    lookAgain(module, slicer_app)
    ui = module.widget.ui
    ui.referenceSelector.setCurrentNode(test)
    ui.testSelector.setCurrentNode(None)
    module.widget.exit()
    module.widget.enter()
    assert names(module) == ["Observer 2", None]
    ui.referenceSelector.setCurrentNode(None)
    module.widget.exit()
    module.widget.enter()
    assert names(module) == [None, None]


def test_a_comparison_shows_a_judged_table(compared: Any) -> None:
    ui = compared.ui
    assert column(compared, 1) == ["Parotid_L", "Brain", "Eye_R", "PTV", "Larynx"]
    missing = "fail: missing in test"
    assert column(compared, 2) == ["fail", "pass", missing, missing, "not in reference"]
    assert ui.summaryLabel.text == "1 pass, 3 fail, 1 not judged"
    assert ui.resultSelector.currentNode() is compared.result.node
    assert "Structures compared: 5" in ui.progressLabel.text
    for part in ("Observer 1", "Observer 2", "sha256:", "catalogue", "AutoContourRT"):
        assert part in ui.provenanceLabel.text
    assert ui.resultTable.item(0, 2).background().color().red() == 255


def test_verdicts_are_always_by_the_limits_below_them(
    compared: Any, worker: Any, waitFor: Any
) -> None:
    """Limits that are changed while another result is shown, or while a comparison runs."""
    from AutoContourRTCore.metrics.compare.limits import Limit, Limits
    from MetricsModuleLib import Results

    first = compared.result.node
    assert column(compared, 2)[0] == "fail"
    compared.ui.compareButton.click()
    waitFor(lambda: len(worker.requests) == 2)
    wide = Limits({"*": (Limit("hd95_mm", 5, 6),)})
    compared.limits.show(wide)
    compared.onLimits(wide)
    worker.finish()
    assert compared.result.node is not first
    for node in (compared.result.node, first):
        compared._parameterNode.result = node
        assert compared.result.node is node and column(compared, 2)[0] == "pass"
        assert Results.limitsOf(node) == wide
        wide = Limits({"*": (Limit("hd95_mm", 4, 6),)})
        compared.onLimits(wide)


def test_progress_is_shown_and_cancel_stops(chosen: Any, worker: Any, waitFor: Any) -> None:
    ui = chosen.ui
    ui.compareButton.click()
    assert ui.cancelButton.enabled and not ui.compareButton.enabled
    waitFor(lambda: worker.requests)
    before = ui.progressBar.value
    worker._handlers[-1].onProgress(0.5, "comparing Brain")
    assert ui.progressBar.value > before and ui.progressLabel.text == "Comparing Brain"
    ui.cancelButton.click()
    assert worker.cancelled and ui.compareButton.enabled
    assert ui.progressLabel.text == "Cancelled; nothing was changed."
    assert chosen.result.node is None


def test_a_failure_is_shown_once_and_changes_nothing(
    scene: Any, chosen: Any, worker: Any, waitFor: Any
) -> None:
    from SlicerHarness import messages

    count = scene.GetNumberOfNodes()
    chosen.ui.compareButton.click()
    waitFor(lambda: worker.requests)
    worker._handlers[-1].onFailed("The disk is full.", "input")
    assert [m for m in messages() if "The disk is full." in m.text]
    assert scene.GetNumberOfNodes() == count and chosen.ui.compareButton.enabled


def test_a_segmentation_removed_meanwhile_is_told_in_the_panel(
    scene: Any, chosen: Any, test: Any, worker: Any, waitFor: Any
) -> None:
    chosen.ui.compareButton.click()
    waitFor(lambda: worker.requests)
    scene.RemoveNode(test)
    assert "'Observer 2' was removed" in chosen.ui.progressLabel.text
    assert not chosen.ui.compareButton.enabled and "No test" in chosen.ui.noticeLabel.text


def test_a_dose_needs_its_unit_first(module: Any, chosen: Any, grid: Any) -> None:
    from AutoContourRTLib.SamplePhantom import addVolume

    dose = addVolume(Volume(np.ones(grid.shape, np.float32), grid), "dose")
    module.logic.getParameterNode().dose = dose
    ui = chosen.ui
    assert "which unit" in ui.noticeLabel.text and not ui.compareButton.enabled
    ui.doseUnitComboBox.currentIndex = ui.doseUnitComboBox.findData("Gy")
    assert ui.compareButton.enabled


def test_a_bad_spacing_is_told_before_comparing(chosen: Any) -> None:
    ui = chosen.ui
    ui.gridComboBox.currentIndex = ui.gridComboBox.findData("spacing")
    assert "three lengths" in ui.noticeLabel.text
    ui.spacingLineEdit.text = "1 x 1 x 2"
    assert ui.noticeLabel.text == ""


def test_a_cohort_is_opened_and_shown(compared: Any, tmp_path: Path) -> None:
    from AutoContourRTCore.metrics.inputs.csv_files import write_csv

    node = compared.result.node
    rows = [{**cells, "case": case, "reference_file": case, "verdict": "pass"} for case in "ab"
            for cells in KeptTable.rowsOf(node)]  # fmt: skip
    write_csv(tmp_path / "per_case.csv", KeptTable.columnsOf(node), rows)
    compared.ui.cohortPathLineEdit.currentPath = str(tmp_path / "per_case.csv")
    compared.ui.openCohortButton.click()
    assert compared.result.node is not node and compared.ui.resultTable.rowCount == 10
    assert column(compared, 1)[:2] == ["a", "a"] and column(compared, 2)[0] == "Parotid_L"
    emit(compared.ui.resultTable, "cellClicked", 0, 0)
    told = compared.ui.rowLabel.text
    assert "cohort" in told and told.startswith("a, Parotid_L: largest distance 3.00 mm")
    mark = WorstPlace.marker(node.GetScene())
    assert mark is None or mark.GetNumberOfControlPoints() == 0, "the CT here is another patient's"
    assert "Reference:" not in compared.ui.provenanceLabel.text, "there is no one reference"
    assert compared.ui.warningsLabel.text.startswith("8 verdicts are others than in the file")


def test_a_file_that_is_no_cohort_is_told(compared: Any, tmp_path: Path) -> None:
    from SlicerHarness import messages

    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    compared.ui.cohortPathLineEdit.currentPath = str(tmp_path / "x.csv")
    compared.ui.openCohortButton.click()
    assert any("lacks the column" in message.text + message.detail for message in messages())


@pytest.mark.slow


def test_reload_and_test_runs_with_the_real_worker(
    scene: Any, module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer

    from AutoContourRTLib.WorkerProcess import WorkerProcess

    monkeypatch.setenv("AUTOCONTOURRT_TEST_NEEDS_WORKER", "1")
    module.logic.worker = WorkerProcess()
    start = time.monotonic()
    try:
        slicer.selfTests["MetricsModule"]()
    finally:
        module.logic.worker.shutdown()
    assert time.monotonic() - start < 120


def test_a_tolerance_file_can_be_taken_away_again(chosen: Any, module: Any, tmp_path: Path) -> None:
    ui, parameters = chosen.ui, module.logic.getParameterNode()
    ui.tolerancesPathLineEdit.currentPath = str(tmp_path / "tolerances.csv")
    assert parameters.tolerances == str(tmp_path / "tolerances.csv")
    ui.auditPathLineEdit.currentPath = str(tmp_path / "audit")  # no .csv at its end
    assert parameters.audit == str(tmp_path / "audit")
    ui.tolerancesPathLineEdit.currentPath = ""  # ctk tells no change of the path then
    assert parameters.tolerances == ""
