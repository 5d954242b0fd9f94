"""What a worker that is killed, or falls down, leaves in the user's folders."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from AutoContourRTCore import __version__
from AutoContourRTCore.messages import SegmentRequest
from AutoContourRTCore.segmentation.export_service import ExportRequest
from AutoContourRTLib import WorkerProcess as module
from AutoContourRTLib.WorkerProcess import Limits, RequestHandler, WorkerProcess

#: Writes half of each file and then sleeps, deaf to everything; "fall" as input: falls down.
WRITES_HALVES = f"""
import json, os, sys, time
from AutoContourRTCore.volumes.atomic import atomic_path
def say(**message): print(json.dumps(message), flush=True)
say(kind="ready", pid=os.getpid(), version={__version__!r})
for line in sys.stdin:
    message = json.loads(line)
    opened = [atomic_path(message[name]) for name in ("output", "archive") if name in message]
    for each in opened: each.__enter__().write_bytes(b"half")
    say(kind="progress", id=message["id"], fraction=0.5, message="half written")
    if message["input"] == "fall": os._exit(3)
    time.sleep(60)
"""


@pytest.fixture()
def worker(slicer_app: Any) -> Iterator[WorkerProcess]:
    made = WorkerProcess(
        sys.executable, ("-c", WRITES_HALVES), limits=Limits(grace=0.2), atQuit=lambda f: None
    )
    yield made
    made.shutdown()


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A user's folder with an earlier export and a file of somebody else's."""
    clinic = tmp_path / "Klinik Δ"
    clinic.mkdir()
    for name in ("RS.dcm", ".0123abcd-CT.dcm"):
        (clinic / name).write_bytes(b"earlier")
    return clinic


class Ends(List[str]):
    """How a request ended, and whether it had begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = False
        self.handler = RequestHandler(
            onProgress=lambda *values: setattr(self, "begun", True),
            onFailed=lambda *values: self.append("failed"),
            onCancelled=lambda: self.append("cancelled"),
        )


def export(folder: Path) -> ExportRequest:
    return ExportRequest("", "in", str(folder / "RS.dcm"), "sample", "CT", folder=str(folder),
                         archive=str(folder / "RS.seg.nrrd"))  # fmt: skip


def halves(folder: Path) -> List[str]:
    return sorted(path.name[10:] for path in folder.glob(".*-RS.*"))


def are_kept(folder: Path) -> bool:
    """Whether the files that were there before are there, unchanged, and nothing else."""
    assert sorted(path.name for path in folder.iterdir()) == [".0123abcd-CT.dcm", "RS.dcm"]
    return all(path.read_bytes() == b"earlier" for path in folder.iterdir())


def test_a_cancelled_export_that_had_to_be_killed_leaves_no_half_files(
    worker: WorkerProcess, folder: Path, waitFor: Callable[..., None]
) -> None:
    ends = Ends()
    number = worker.submit(export(folder), ends.handler)
    waitFor(lambda: ends.begun)
    assert halves(folder) == ["RS.dcm", "RS.seg.nrrd"]
    worker.cancel(number)
    waitFor(lambda: ends)
    assert ends == ["cancelled"] and are_kept(folder)


def test_a_worker_that_falls_down_leaves_none_either(
    worker: WorkerProcess, folder: Path, waitFor: Callable[..., None]
) -> None:
    ends = Ends()
    worker.submit(SegmentRequest("", "fall", str(folder / "RS.seg.nrrd"), "m"), ends.handler)
    waitFor(lambda: ends)
    assert ends == ["failed"] and ends.begun and are_kept(folder)


def test_nor_does_the_end_of_the_application(
    worker: WorkerProcess, folder: Path, waitFor: Callable[..., None]
) -> None:
    ends = Ends()
    worker.submit(export(folder), ends.handler)
    waitFor(lambda: ends.begun)
    worker.shutdown()
    assert ends == ["cancelled"] and are_kept(folder)


def test_a_half_file_that_is_still_held_open_is_removed_before_the_next_start(
    worker: WorkerProcess, folder: Path, waitFor: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As on Windows, where a killed process may hold its files for some milliseconds."""

    def held(path: str) -> None:
        raise PermissionError(13, "it is used by another process", path)

    first, second = Ends(), Ends()
    number = worker.submit(export(folder), first.handler)
    waitFor(lambda: first.begun)
    with monkeypatch.context() as patch:
        patch.setattr(module, "remove_leftovers", held)
        worker.cancel(number)
        waitFor(lambda: first)
    assert halves(folder) and any("used by another process" in line for line in worker.log)
    worker.submit(SegmentRequest("", "in", str(folder.parent / "o.seg.nrrd"), "m"), second.handler)
    waitFor(lambda: second.begun)
    assert are_kept(folder)
