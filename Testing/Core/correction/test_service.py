"""Training in the background of the worker, predictions in between."""

from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

pytest.importorskip("torch")

from AutoContourRTCore import messages  # noqa: E402
from AutoContourRTCore.correction.lock import LockedByOther  # noqa: E402
from AutoContourRTCore.correction.project import Project  # noqa: E402
from AutoContourRTCore.correction.requests import (  # noqa: E402
    CorrectRequest,
    GatherRequest,
    PredictRequest,
    PromoteRequest,
)
from AutoContourRTCore.correction.service import (  # noqa: E402
    CorrectionService,
    GatheringService,
    PredictionService,
    TrainingRun,
)
from AutoContourRTCore.errors import Cancelled, InputError  # noqa: E402
from AutoContourRTCore.nn.correction_state import read_status, request_stop  # noqa: E402
from AutoContourRTCore.nn.correction_training import WAITING  # noqa: E402
from tiny_projects import (  # noqa: E402
    STRUCTURES,
    draw_truth,
    project_recipe,
    tiny_dataset,
    tiny_project,
)


class Report:
    """What the worker gives to a service."""

    def __init__(self) -> None:
        self.events: List[Dict[str, Any]] = []
        self.cancelled = False

    def __call__(self, fraction: float, message: str) -> None:
        if self.cancelled:
            raise Cancelled

    def event(self, name: str, values: Dict[str, Any]) -> None:
        self(0.0, "")
        self.events.append({"name": name, **values})


@pytest.fixture()
def project(tmp_path: Path) -> Iterator[Project]:
    with tiny_project(tmp_path / "p", 3) as made:
        yield made


def request(project: Project, **values: Any) -> CorrectRequest:
    return CorrectRequest("1", str(project.folder), "cpu", **values)


@pytest.mark.parametrize(
    "message",
    [
        CorrectRequest("1", "/p", "cpu"), PredictRequest("2", "/p", "0001_a"),
        PromoteRequest("3", "/p", "mine"),
    ],
)
def test_requests_travel_as_lines(message: Any) -> None:
    assert messages.parse_request(messages.encode(message)) == message


def test_a_request_without_a_case_is_refused() -> None:
    with pytest.raises(messages.MessageError, match="'case' must be the id of a case"):
        PredictRequest("2", "/p", "")


@pytest.mark.slow
def test_it_trains_between_requests_until_cancelled_and_saves(project: Project) -> None:
    draw_truth(project, 1)
    service, report = CorrectionService(), Report()
    assert service(request(project), report) is None  # the request stays open
    for _ in range(40):
        assert service.background_step()
    assert {event["name"] for event in report.events} == {"status", "said"}
    last = [event for event in report.events if event["name"] == "status"][-1]
    assert last["epoch"] == 1 and last["train"] == 1 and "step" in last["said"]
    predicted = PredictionService()(
        PredictRequest("2", str(project.folder), project.record.cases[2].id, "cpu"), report
    )
    assert predicted == {"case": "0003_pt-3", "predicted": True, "model": "p, epoch 1"}
    assert service.background_step()
    report.cancelled = True
    with pytest.raises(Cancelled):
        service.background_step()
    assert read_status(project.folder / "training")["epoch"] == 1
    run = TrainingRun(project.folder, "cpu")  # the lock is free, all is saved
    assert run.trainer.state.steps >= 40
    run.end()


def test_only_one_process_trains_a_project(project: Project) -> None:
    run = TrainingRun(project.folder, "cpu")
    with pytest.raises(LockedByOther, match="The training of 'p' is in use by"):
        CorrectionService()(request(project), Report())
    run.end()
    service = CorrectionService()
    service(request(project), Report())
    with pytest.raises(InputError, match="stop that first"):
        service(request(project), Report())
    service._end()


def test_somebody_else_can_ask_through_the_folder_to_stop(project: Project) -> None:
    draw_truth(project, 1)
    request_stop(project.folder / "training")  # of the past: nobody was there
    service = CorrectionService()
    service(request(project), Report())
    assert service.background_step()
    request_stop(project.folder / "training")
    assert not service.background_step()
    TrainingRun(project.folder, "cpu").end()


def test_without_corrections_it_waits_and_takes_the_first_one_up(project: Project) -> None:
    service, report = CorrectionService(), Report()
    service(request(project), report)
    assert service.background_step() and report.events[-1]["said"] == WAITING
    draw_truth(project, 1)
    service.background_step()
    assert report.events[-1]["said"] != WAITING
    service._end()


def test_a_prediction_without_a_network_says_so(project: Project) -> None:
    wanted = PredictRequest("2", str(project.folder), project.record.cases[0].id, "cpu")
    assert PredictionService()(wanted, Report()) == {
        "case": "0001_pt-1", "predicted": False, "model": "",
    }


def test_a_trainer_whose_lock_was_taken_stops_and_saves_nothing(project: Project) -> None:
    draw_truth(project, 1)
    run = TrainingRun(project.folder, "cpu")
    run.unit()
    run._lock.path.unlink()
    with pytest.raises(InputError, match="lock file .* is gone"):
        run.unit()
    run.end()
    assert not (project.folder / "training" / "checkpoint.pt").exists()


def test_a_folder_of_contoured_cases_becomes_a_project_in_the_worker(tmp_path: Path) -> None:
    dataset, recipe = tiny_dataset(tmp_path / "data", 2), project_recipe().to_dict()
    asked = GatherRequest("1", str(tmp_path / "p"), str(dataset), recipe, None, "", True)
    assert messages.parse_request(messages.encode(asked)) == messages.parse_request(
        messages.encode(messages.parse_request(messages.encode(asked)))
    )
    result = GatheringService()(messages.parse_request(messages.encode(asked)), Report())
    assert result == {"cases": 2, "structures": list(STRUCTURES)}
    with Project.open(tmp_path / "p") as made:  # the worker gave its lock back
        assert made.taken_over is None
        assert all(case.image.copied and case.side for case in made.record.cases)
        assert made.record.settings.recipe == json.loads(json.dumps(recipe))


@pytest.mark.parametrize("change", [{"dataset": ""}, {"recipe": []}, {"start": None}, {"copy": 1}])
def test_a_request_for_contoured_cases_that_makes_no_sense_is_refused(change: Any) -> None:
    values = {"id": "1", "project": "/p", "dataset": "/d", "recipe": {}, **change}
    with pytest.raises(InputError, match="GatherRequest"):
        GatherRequest(**values)


def test_nothing_of_the_training_stays_in_memory_after_its_end(project: Project) -> None:
    draw_truth(project, 1)
    service, report = CorrectionService(), Report()
    service(request(project), report)
    service.background_step()
    assert service._run is not None
    network = weakref.ref(service._run.trainer.network)
    request_stop(project.folder / "training")
    assert not service.background_step() and network() is None
