"""The worker itself: it trains a project, and answers a prediction between two steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from AutoContourRTCore import messages  # noqa: E402
from AutoContourRTCore.correction.project import Project  # noqa: E402
from AutoContourRTCore.correction.requests import CorrectRequest, PredictRequest  # noqa: E402
from tiny_projects import draw_truth, tiny_project  # noqa: E402


@pytest.mark.slow
def test_a_prediction_comes_between_two_steps_of_the_training(
    start_worker: Any, tmp_path: Path
) -> None:
    with tiny_project(tmp_path / "p", 3, batch=8) as project:
        draw_truth(project, 1)
        case_id = project.record.cases[2].id
    line = start_worker("--warm", "correct")
    line.after(messages.Ready)
    line.tell(CorrectRequest("train", str(tmp_path / "p"), "cpu"))
    while True:
        (event,) = line.after(messages.Event)[-1:]
        if event.name == "status" and event.values["epoch"]:
            break
    line.tell(PredictRequest("look", str(tmp_path / "p"), case_id, "cpu"))
    done = line.after(messages.Done)[-1]
    assert (done.id, done.result["predicted"]) == ("look", True)
    assert line.after(messages.Event)[-1].id == "train"  # it goes on
    line.tell(messages.CancelRequest("train"))
    assert line.after(messages.Cancelled)[-1].id == "train"
    assert not (tmp_path / "p" / "trainer.lock").exists()
    with Project.open(tmp_path / "p") as project:
        found = project.prediction(case_id)
        assert found is not None and found.model.startswith("p, epoch")
