"""Training, predicting and promoting as the panel sees them; the worker is a stand-in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import SlicerHarness
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import TRAINING, case_folder
from AutoContourRTCore.errors import InputError


def best(epoch: int, score: Any) -> dict:
    return {"said": "epoch 2: step 1 of 8", "best": {"epoch": epoch, "score": score, "cases": 2},
            "validation": 3, "notes": [], "cases_left_out": {}}  # fmt: skip


def draw(user: Any) -> None:
    mask = np.zeros(user.case.correction.corrected.shape, dtype=bool)
    mask[4, 8:12, 8:12] = True
    user.edit(user.LEFT, mask)


def test_training_begins_by_itself_with_the_first_saved_case_and_only_then(
    user: Any, worker: Any
) -> None:
    draw(user)
    assert not worker.of("CorrectRequest")
    user.ui.nextButton.click()
    draw(user)
    user.ui.nextButton.click()
    ((request, _),) = worker.of("CorrectRequest")
    assert (request.project, request.device) == (str(user.folder), "auto")
    assert not user.ui.startButton.enabled and user.ui.stopButton.enabled


def test_who_does_not_want_that_presses_start(user: Any, worker: Any) -> None:
    user.ui.byItselfCheckBox.click()
    user.ui.deviceComboBox.currentIndex = user.ui.deviceComboBox.findData("cpu")
    draw(user)
    user.ui.nextButton.click()
    assert not worker.of("CorrectRequest")
    user.ui.startButton.click()
    assert worker.of("CorrectRequest")[0][0].device == "cpu"


def test_one_sentence_says_where_the_training_is(user: Any, worker: Any) -> None:
    user.ui.startButton.click()
    assert user.ui.stateLabel.text == "Training starts."
    _, handler = worker.of("CorrectRequest")[0]
    handler.onEvent("status", best(2, None))
    assert "a first network predicts; no validation case yet" in user.ui.stateLabel.text
    handler.onEvent("status", best(3, 0.8125))
    text = user.ui.stateLabel.text
    assert text.startswith("Training: epoch 2: step 1 of 8;") and "Dice 0.812 (cases: 2)" in text


def test_the_start_button_says_that_training_ends_with_slicer(user: Any) -> None:
    text = user.ui.startButton.toolTip
    assert "ends with Slicer" in text and "autocontourrt correct PROJECT" in text


def test_stopping_asks_the_trainer_to_save_first(user: Any, worker: Any) -> None:
    user.ui.startButton.click()
    _, handler = worker.of("CorrectRequest")[0]
    handler.onEvent("said", {"said": "epoch 1: step 1 of 8"})
    user.ui.stopButton.click()
    assert (user.folder / TRAINING / "stop").exists() and not worker.cancelled
    assert "being stopped" in user.ui.stateLabel.text
    handler.onDone({})
    assert user.ui.startButton.enabled and "stopped" in user.ui.stateLabel.text


def test_a_training_that_just_starts_is_stopped_at_once(user: Any, worker: Any) -> None:
    """The trainer takes a request in the folder for one of the past."""
    user.ui.startButton.click()
    user.ui.stopButton.click()
    assert len(worker.cancelled) == 1
    worker.of("CorrectRequest")[0][1].onCancelled()
    assert user.ui.startButton.enabled and "stopped" in user.ui.stateLabel.text


def test_a_worker_that_dies_loses_nothing_and_training_can_be_started_again(
    user: Any, worker: Any
) -> None:
    draw(user)
    user.ui.startButton.click()
    worker.of("CorrectRequest")[0][1].onFailed("The worker was killed from outside.", "failure")
    assert "Training ended: The worker was killed from outside." in user.ui.stateLabel.text
    assert user.case.correction.corrected.sum() == 16
    draw(user)
    user.ui.startButton.click()
    assert len(worker.of("CorrectRequest")) == 2 and "starts" in user.ui.stateLabel.text


def test_a_case_that_cannot_be_trained_on_is_named(user: Any, worker: Any) -> None:
    user.ui.startButton.click()
    status = {**best(3, 0.5), "cases_left_out": {user.case.id: "its image is gone."}}
    worker.of("CorrectRequest")[0][1].onEvent("status", status)
    assert "Left out of training: case-0: its image is gone." in user.ui.problemsLabel.text


def test_the_next_case_is_predicted_and_read_while_this_one_is_looked_at(
    user: Any, worker: Any, monkeypatch: Any
) -> None:
    following = user.session.nextCase()
    monkeypatch.setattr(user.session, "_touchedAt", -10.0)
    user.session._readAhead()
    asked = [request.case for request, _ in worker.of("PredictRequest")]
    assert asked == [user.case.id, following]
    assert not user.session.isNextReady()
    volume = user.session._next.volume(following)
    masks = {n: np.zeros(volume.array.shape, dtype=bool) for n in (user.LEFT, user.RIGHT)}
    masks[user.LEFT][5, 9:14, 9:14] = True
    found = Prediction(masks, volume.geometry, "net")
    write_prediction(found, case_folder(user.folder, following))
    worker.of("PredictRequest")[-1][1].onDone({"predicted": True})
    assert user.session.isNextReady()
    monkeypatch.setattr(type(user.session.project), "volume", _unread)
    user.ui.nextButton.click()
    assert user.case.id == following and not SlicerHarness.messages()
    assert np.array_equal(user.shown(user.case.contours, user.LEFT), masks[user.LEFT])


def test_a_next_image_that_cannot_be_read_is_tried_once(user: Any, monkeypatch: Any) -> None:
    following, tried = user.session.nextCase(), []

    def broken(project: Any, case: str) -> Any:
        tried.append(case)
        raise InputError("it is another image")

    kind = type(user.session.project)
    monkeypatch.setattr(kind, "volume", broken)
    monkeypatch.setattr(user.session, "_touchedAt", -10.0)
    for _ in range(3):
        user.session._readAhead()
    assert tried == [following]
    monkeypatch.undo()
    user.session.open(user.session.project.record.cases[0].id)  # and again from another case
    monkeypatch.setattr(kind, "volume", broken)
    monkeypatch.setattr(user.session, "_touchedAt", -10.0)
    user.session._readAhead()
    assert tried == [following] * 2


def _unread(self: Any, case: str) -> Any:
    raise AssertionError(f"{case} was read again")


def test_a_better_network_predicts_the_next_case_again_but_only_once_at_a_time(
    user: Any, worker: Any
) -> None:
    user.ui.startButton.click()
    _, handler = worker.of("CorrectRequest")[0]
    following = user.session.nextCase()

    def asked() -> int:
        return sum(request.case == following for request, _ in worker.of("PredictRequest"))

    handler.onEvent("status", best(1, 0.2))
    assert asked() == 1
    handler.onEvent("status", best(1, 0.2))
    handler.onEvent("status", best(2, 0.4))
    assert asked() == 1  # still under way
    of_next = [h for request, h in worker.of("PredictRequest") if request.case == following]
    of_next[0].onDone({"predicted": False})
    assert asked() == 2


def test_a_first_prediction_appears_in_the_open_case(user: Any, worker: Any) -> None:
    geometry = user.session.project.case(user.case.id).image.geometry
    truth = user.truth()
    draw(user)
    found = Prediction(truth, geometry, "net, epoch 1")
    write_prediction(found, case_folder(user.folder, user.case.id))
    worker.of("PredictRequest")[0][1].onDone({"predicted": True})
    assert user.case.corrections[user.LEFT].corrected.sum() == 16  # drawn before: kept
    assert np.array_equal(user.shown(user.case.contours, user.RIGHT), truth[user.RIGHT])
    user.ui.structureComboBox.currentIndex = 1
    assert "net, epoch 1" in user.ui.caseLabel.text


def test_a_failed_prediction_is_told(user: Any, worker: Any) -> None:
    worker.of("PredictRequest")[0][1].onFailed("The image shows no body.", "input")
    assert "no body" in SlicerHarness.messages()[-1].text


def has_network(user: Any, worker: Any) -> None:
    """An epoch has been trained."""
    user.ui.startButton.click()
    worker.of("CorrectRequest")[0][1].onEvent("status", best(1, None))


def test_before_there_is_a_network_nothing_can_be_promoted_and_the_panel_says_why(
    user: Any, worker: Any
) -> None:
    ui = user.ui
    ui.modelLineEdit.text = "parotids_2"
    assert not ui.promoteButton.enabled and not ui.whyNotLabel.isHidden()
    assert "no network before the first epoch" in ui.whyNotLabel.text
    has_network(user, worker)
    assert ui.promoteButton.enabled and ui.whyNotLabel.isHidden()
    ui.closeButton.click()
    assert not ui.promoteButton.enabled and ui.whyNotLabel.isHidden()


def test_a_network_of_an_earlier_day_can_be_promoted(user: Any) -> None:
    (user.folder / TRAINING).mkdir(exist_ok=True)
    (user.folder / TRAINING / "best.pt").write_bytes(b"weights")
    user.session.onTraining()
    assert user.ui.promoteButton.enabled


def test_promoting_says_what_became_of_it_and_warns(user: Any, worker: Any) -> None:
    has_network(user, worker)
    user.ui.promoteButton.click()
    assert "name" in SlicerHarness.messages()[-1].text
    user.ui.modelLineEdit.text = " parotids_2 "
    user.ui.promoteButton.click()
    ((request, handler),) = worker.of("PromoteRequest")
    assert request.model == "parotids_2" and not user.ui.promoteButton.enabled
    handler.onProgress(0.25, "predicting")
    assert user.ui.promotedLabel.text == "25 %: predicting"
    handler.onDone({"id": "parotids_2", "version": "1.0", "warning": "Not better for Parotid_L."})
    text = user.ui.promotedLabel.text
    assert "parotids_2 1.0 is now a model" in text and "Warning: Not better for Parotid_L." in text
    assert user.ui.promoteButton.enabled


def test_a_closed_project_hears_nothing_any_more(user: Any, worker: Any) -> None:
    user.ui.startButton.click()
    _, handler = worker.of("CorrectRequest")[0]
    user.ui.closeButton.click()
    assert worker.cancelled
    handler.onEvent("status", best(1, 0.5))
    handler.onCancelled()
    assert user.ui.stateLabel.text == ""


def points(user: Any, kind: str) -> dict:
    """Series of the chart that is shown -> (x, y)."""
    from vtk.util.numpy_support import vtk_to_numpy

    user.ui.plotComboBox.currentIndex = user.ui.plotComboBox.findData(kind)
    user.widget.training.onPlot()
    chart = user.widget.training._viewNode.GetPlotChartNode()
    series = [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
    return {
        node.GetName(): tuple(
            vtk_to_numpy(node.GetTableNode().GetTable().GetColumnByName(c)).tolist() for c in "xy"
        )
        for node in series
    }


def test_the_plots_show_what_the_project_holds(user: Any, monkeypatch: Any) -> None:
    folder = user.folder / TRAINING
    folder.mkdir()
    lines = [
        {"epoch": 1},
        {"epoch": 2, "validation_mean": 0.25, "validation_dice": {user.LEFT: 0.5, user.RIGHT: 0.0}},
        {"epoch": 3, "validation_mean": 0.6, "validation_dice": {user.LEFT: 0.6, user.RIGHT: None}},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text, encoding="utf-8")
    shown = points(user, "validation")
    assert shown[user.LEFT] == ([2.0, 3.0], [0.5, 0.6]) and shown[user.RIGHT] == ([2.0], [0.0])
    assert shown["mean"] == ([2.0, 3.0], [0.25, 0.6])
    assert all(name in user.ui.legendLabel.text for name in shown)
    more = "".join(json.dumps({**lines[-1], "epoch": 4 + n}) + "\n" for n in range(40))
    (folder / "metrics.jsonl").write_text(text + more, encoding="utf-8")
    assert points(user, "validation")[user.LEFT][0][-1] == 43
    chart = user.widget.training.plots.chart("validation")
    assert not chart.GetXAxisRangeAuto() and chart.GetXAxisRange() == (0.0, 44.0)
    (folder / "metrics.jsonl").write_text(text, encoding="utf-8")
    truth = user.truth()[user.LEFT]
    for shift in (1, 2):
        geometry = user.session.project.case(user.case.id).image.geometry
        found = Prediction({user.LEFT: np.roll(truth, shift, axis=2)}, geometry, "net")
        write_prediction(found, case_folder(user.folder, user.case.id))
        user.session._predicted(user.case.id)
        user.edit(user.LEFT, truth)
        user.ui.nextButton.click()
    shown = points(user, "agreement")
    assert shown["each case"] == ([1.0, 2.0], pytest.approx([5 / 6, 4 / 6]))
    mean = next(y for name, (_, y) in shown.items() if name.startswith("mean of"))
    assert mean == pytest.approx([5 / 6, 4.5 / 6])
    sd = np.std([5 / 6, 4 / 6], ddof=1)
    assert shown["mean + SD"] == ([2.0], pytest.approx([4.5 / 6 + sd]))
    monkeypatch.setattr(user.session._work, "_seconds", {"0001_case-0": 90.0, "0002_case-1": 30.0})
    assert points(user, "duration")["each case"] == ([1.0, 2.0], [1.5, 0.5])


def test_the_plots_come_back_after_the_scene_was_closed(user: Any, slicer_app: Any) -> None:
    slicer_app.mrmlScene.Clear(0)
    assert set(points(user, "validation")) == {user.LEFT, user.RIGHT, "mean"}


def test_the_table_is_exported(user: Any, tmp_path: Path) -> None:
    draw(user)
    user.ui.saveButton.click()
    SlicerHarness.answer(str(tmp_path / "table.csv"))
    user.ui.exportButton.click()
    text = (tmp_path / "table.csv").read_text(encoding="utf-8")
    assert text.startswith("order,case") and user.LEFT in text
