"""The worker's services, and work that goes on between requests; without a process."""

from __future__ import annotations

from typing import Any, List

from AutoContourRTCore import messages
from AutoContourRTCore.messages import SegmentRequest
from AutoContourRTCore.worker import SERVICES, Services, Worker


class Training:
    """A service whose work goes on between requests; `log` says what it did, in order."""

    def __init__(self, steps: int = 5) -> None:
        self.left, self.log, self.before_step = steps, [], lambda: None
        self.report: Any = None

    def __call__(self, request: SegmentRequest, progress: Any) -> Any:
        self.log.append(request.id)
        if request.model != "train":
            return {"steps left": self.left}
        self.report = progress
        return None

    def background_step(self) -> bool:
        self.before_step()
        self.log.append("step")
        self.report(0.5, "training")
        self.left -= 1
        if self.left == 3:
            self.report.event("epoch", {"dice": 0.5})
        return self.left > 0


class InProcess(Worker):
    """A worker without a process: `said` is what went out, `serve_all` ends when nothing waits."""

    def __init__(self) -> None:
        self.said: List[Any] = []
        super().__init__(self.said.append, lambda: None)

    def ask(self, number: str, model: str) -> None:
        self.receive(messages.encode(SegmentRequest(number, "in", "out", model)))

    def serve_all(self, service: Any) -> None:
        services = Services({"segment": "unused:Unused"})
        services._made["segment"] = service
        self.serve(services, 0.0)

    def last_words(self) -> List[Any]:
        return [r for r in self.said if not isinstance(r, (messages.Progress, messages.Event))]


def test_a_request_is_served_between_two_steps_of_the_work_in_the_background() -> None:
    worker, training = InProcess(), Training()
    worker.ask("t", "train")
    training.before_step = lambda: worker.ask("p", "predict") if training.left == 4 else None
    worker.serve_all(training)
    assert training.log == ["t", "step", "step", "p", "step", "step", "step"]
    assert worker.last_words() == [
        messages.Done("p", {"steps left": 3}), messages.Done("t", {})
    ]
    assert messages.Event("t", "epoch", {"dice": 0.5}) in worker.said
    assert worker.said.count(messages.Progress("t", 0.5, "training")) == 5


def test_work_in_the_background_is_cancelled_at_its_next_step() -> None:
    worker, training = InProcess(), Training()
    worker.ask("t", "train")
    stop = messages.encode(messages.CancelRequest("t"))
    training.before_step = lambda: worker.receive(stop) if training.left == 4 else None
    worker.serve_all(training)
    assert training.left == 4
    assert worker.last_words() == [messages.Cancelled("t")]
    worker.ask("t", "predict")  # the id is free again
    worker.serve_all(training)
    assert worker.last_words()[-1] == messages.Done("t", {"steps left": 4})


def test_a_waiting_request_that_is_cancelled_is_answered_at_once_and_never_begun() -> None:
    worker = InProcess()
    begun: List[str] = []

    def service(request: SegmentRequest, progress: Any) -> Any:
        begun.append(request.model)
        if request.model == "long":
            worker.receive(messages.encode(messages.CancelRequest("w")))
            assert worker.said == [messages.Cancelled("w")]
            worker.ask("w", "of the same id")
            progress(0.5, "the running one is not touched")
        return {}

    worker.ask("l", "long")
    worker.ask("w", "waiting")
    worker.serve_all(service)
    assert begun == ["long", "of the same id"]
    assert worker.last_words() == [
        messages.Cancelled("w"), messages.Done("l", {}), messages.Done("w", {})
    ]


def test_an_error_in_the_background_ends_that_request_alone() -> None:
    worker, training = InProcess(), Training()
    worker.ask("t", "train")
    training.before_step = lambda: worker.ask("p", "predict") or 1 / 0
    worker.serve_all(training)
    failed, done = worker.last_words()
    assert failed.id == "t" and failed.cause == "failure" and "ZeroDivision" in failed.message
    assert done.id == "p"


def test_a_result_that_is_no_json_is_told_and_the_worker_goes_on() -> None:
    worker = InProcess()
    for number in ("1", "2"):
        worker.ask(number, "any")
    worker.serve_all(lambda request, progress: {"dice": float("nan" if request.id == "1" else 1)})
    failed, done = worker.last_words()
    assert failed.id == "1" and failed.cause == "failure"
    assert done == messages.Done("2", {"dice": 1.0})


def test_a_service_that_cannot_be_imported_fails_its_requests_and_no_other() -> None:
    worker = InProcess()
    worker.ask("1", "any")
    services = Services({"segment": "no_such_module:Service"})
    services.warm_up("segment")
    worker.serve(services, 0.0)
    (failed,) = worker.last_words()
    assert failed.id == "1" and "no_such_module" in failed.message


def test_every_kind_of_work_has_a_service_that_exists() -> None:
    work = set(messages.REQUESTS) - {"cancel", "ping", "quit"}
    assert work == set(SERVICES)
    for named in (*SERVICES.values(), *(messages.REQUESTS[kind] for kind in work)):
        assert isinstance(messages.load(named), type)


def test_a_process_that_has_lost_its_gpu_says_so_and_ends() -> None:
    worker = InProcess()
    ends: List[int] = []

    def end() -> None:
        ends.append(len(worker.said))

    worker._end = end  # type: ignore[method-assign]

    def service(request: SegmentRequest, progress: Any) -> Any:
        raise RuntimeError(request.model)

    worker.ask("a", "some other error")
    worker.serve_all(service)
    assert not ends
    worker.ask("b", "CUDA error: unspecified launch failure")
    worker.serve_all(service)
    assert ends == [2] and [type(reply) for reply in worker.said] == [messages.Failed] * 2
