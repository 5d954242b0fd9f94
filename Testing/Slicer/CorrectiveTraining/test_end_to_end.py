"""With the real worker: correct, train, predict better, go on another day, promote, contour."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest

from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.nn.correction_state import read_lines

torch = pytest.importorskip("torch")


@pytest.fixture()
def worker(models: Path) -> Iterator[Any]:
    from AutoContourRTLib.Launcher import workerEnvironment
    from AutoContourRTLib.WorkerProcess import WorkerProcess

    environment = {**workerEnvironment(), "OMP_NUM_THREADS": "1"}  # tiny tensors: threads only wait
    process = WorkerProcess(launcher=sys.executable, environment=environment)
    yield process
    process.shutdown()


def correct(user: Any) -> None:
    """Both organs, by an effect of the Segment Editor."""
    for structure, mask in user.truth().items():
        user.edit(structure, mask)


def agreement(user: Any) -> float:
    """Mean Dice of the open case's prediction and the truth."""
    pairs = user.truth().items()
    return float(np.mean([
        dice(user.case.corrections[name].annotation.prediction, mask) for name, mask in pairs
    ]))


def score(user: Any) -> float:
    """Validation Dice of the network that predicts; 0 where there is none."""
    best = user.session.training.status.get("best") or {}
    return best.get("score") or 0.0


def epochs(user: Any) -> list:
    return read_lines(user.folder / "training" / "metrics.jsonl")


def test_the_runtest_of_the_module_passes(loaded: Any) -> None:
    loaded.instance.runTest()


@pytest.mark.slow
def test_two_corrected_cases_make_the_next_predictions_better_and_a_model(user: Any) -> None:
    for _ in range(2):
        correct(user)
        user.ui.caseReviewedButton.click()
        user.ui.nextButton.click()
    sides = [case.side for case in user.session.project.record.cases]
    assert sides == ["train", "validation", "", ""]
    user.waitFor(lambda: user.session.project.prediction(user.case.id) is not None, 120)
    user.waitFor(lambda: user.case.corrections[user.LEFT].annotation.model)
    first = agreement(user)
    user.waitFor(lambda: score(user) > 0.7, 300)
    scores = [line["validation_mean"] for line in epochs(user) if "validation_mean" in line]
    assert max(scores) > scores[0]
    user.session.predict(user.case.id)
    user.waitFor(lambda: not user.session.training.isPredicting(user.case.id))
    assert agreement(user) > max(first, 0.6)

    user.ui.stopButton.click()
    user.waitFor(lambda: user.session.training.state == "stopped")
    done = epochs(user)[-1]["epoch"]
    user.ui.closeButton.click()
    user.widget.project.open(str(user.folder))
    assert user.case.name == "case-2"
    user.edit(user.LEFT, user.truth()[user.LEFT])
    user.ui.saveButton.click()  # training goes on by itself
    user.waitFor(lambda: epochs(user)[-1]["epoch"] > done, 120)

    user.ui.modelLineEdit.text = "two_kidneys"
    user.ui.promoteButton.click()
    user.waitFor(lambda: user.ui.promoteButton.enabled)
    assert "is now a model" in user.ui.promotedLabel.text
    user.widget.cases.onDoubleClicked(3, 0)
    found = contour(user, "two_kidneys")
    for name, mask in user.truth().items():
        assert dice(found[name], mask) > 0.5, name


def contour(user: Any, model: str) -> dict:
    """The open case's volume, contoured as Auto Contour RT does it: name -> mask."""
    from AutoContourRTLib.MrmlBridge import labelMapFromSegmentation
    from AutoContourRTLib.SegmentationRun import RunOptions, SegmentationRun

    ends: list = []
    run = SegmentationRun(
        user.case.volume, RunOptions(model, device="cpu"), user.session._worker, store=ModelStore(),
        onDone=ends.append, onFailed=pytest.fail,
    )
    run.start()
    user.waitFor(lambda: ends)
    assert ends[0].segmentationNode is not None, (ends[0].absent, ends[0].warnings)
    return labelMapFromSegmentation(ends[0].segmentationNode, user.case.volume).labelMap.masks
