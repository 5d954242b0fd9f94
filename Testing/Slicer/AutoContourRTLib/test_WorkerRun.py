"""What every run does, whatever it is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import pytest

from asked_worker import AskedWorker, Heard
from AutoContourRTCore.errors import InputError
from AutoContourRTLib.RunFolder import RunFolder
from AutoContourRTLib.WorkerRun import WorkerRun


@dataclass(frozen=True)
class Request:
    """What the worker is asked."""

    id: str = ""


class Doubling(WorkerRun):
    """Counts here, asks the worker, and gives what it says twice."""

    trouble: Any = None

    def _check(self) -> None:
        """Nothing to refuse."""

    def _work(self) -> None:
        self._run(self._count(), (0.0, 0.5), "counting", self._submit)

    def _count(self) -> Iterator[float]:
        for number in range(3):
            yield number / 3
        if self.trouble:
            raise self.trouble

    def _double(self, found: Any) -> None:
        if found["n"] > 1000:
            raise InputError("Too large.")
        self._finish(2 * found["n"])

    def _submit(self, nothing: None) -> None:
        self._ask(Request(), (0.5, 1.0), self._double)


class Watched(Heard):
    """A run with all that it told."""

    def __init__(self, base: Path) -> None:
        super().__init__()
        self.worker = AskedWorker()
        self.run = Doubling(self.worker, folderFactory=lambda: RunFolder(base), **self.callbacks)


@pytest.fixture()
def heard(scene: Any, tmp_path: Path) -> Watched:
    return Watched(tmp_path / "runs")


def test_work_here_and_there_ends_in_one_word_and_an_empty_folder(
    heard: Watched, waitFor: Any, tmp_path: Path
) -> None:
    heard.run.start()
    with pytest.raises(InputError, match="has begun already"):
        heard.run.start()
    waitFor(lambda: heard.worker.requests)
    handler = heard.worker._handlers[0]
    handler.onProgress(0.5, "thinking")
    handler.onDone({"n": 21})
    heard.run.cancel()  # is over: left alone
    assert heard.ends == [("done", 42)] and not heard.run.isRunning
    assert heard.progress[-1] == (0.75, "thinking")
    assert list((tmp_path / "runs").iterdir()) == []


class Watch:
    """Of a node."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


def test_a_run_that_cannot_begin_leaves_nothing_behind_and_can_begin_again(
    heard: Watched, waitFor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()

    def begins() -> None:
        heard.run._watches = (watch,)
        Doubling._work(heard.run)
        (heard.run._folder.path / "patient.nrrd").write_text("voxels")
        raise AttributeError("no scene")

    monkeypatch.setattr(heard.run, "_work", begins)
    with pytest.raises(AttributeError, match="no scene"):
        heard.run.start()
    assert not heard.run.isRunning and watch.stopped
    assert list((tmp_path / "runs").iterdir()) == []
    monkeypatch.undo()
    heard.run.start()
    waitFor(lambda: heard.worker.requests)
    assert len(heard.worker.requests) == 1 and heard.ends == []


def test_an_error_of_the_program_is_told_and_not_hidden(heard: Watched, waitFor: Any) -> None:
    heard.run.start()
    with pytest.raises(ZeroDivisionError):
        heard.run._failedHere(ZeroDivisionError("by nought"))
    assert heard.ends == [("failed", "ZeroDivisionError: by nought. Please report this.")]


def test_an_error_of_the_user_is_told_as_it_is(heard: Watched, waitFor: Any) -> None:
    heard.run.trouble = InputError("The disk is full.")
    heard.run.start()
    waitFor(lambda: heard.ends)
    assert heard.ends == [("failed", "The disk is full.")]


def test_a_result_that_cannot_be_used_fails_the_run(heard: Watched, waitFor: Any) -> None:
    heard.run.start()
    waitFor(lambda: heard.worker.requests)
    heard.worker._handlers[0].onDone({"n": 1001})
    assert heard.ends == [("failed", "Too large.")]


def test_a_result_that_nobody_expected_ends_the_run(heard: Watched, waitFor: Any) -> None:
    heard.run.start()
    waitFor(lambda: heard.worker.requests)
    with pytest.raises(KeyError):
        heard.worker._handlers[0].onDone({})
    assert heard.ends == [("failed", "KeyError: 'n'. Please report this.")]


def test_a_discarded_run_says_why_from_the_event_loop(heard: Watched, waitFor: Any) -> None:
    heard.run.start()
    heard.run._discard("moved")
    heard.run._discard("moved again")
    assert heard.ends == []
    waitFor(lambda: heard.ends)
    assert heard.ends == [("cancelled", "moved")] and heard.worker.requests == []
