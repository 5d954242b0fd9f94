"""The worker as a child process: real ones, and fake ones that misbehave."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from AutoContourRTCore import __version__, process_tree
from AutoContourRTCore.messages import SegmentRequest
from AutoContourRTLib.Launcher import WORKER_ARGUMENTS
from AutoContourRTLib.WorkerProcess import Limits, RequestHandler, WorkerProcess
from process_state import NEEDS_PROC, gone

#: A worker in a few lines: READY is sent first, then `serve` gets each message.
FAKE = """
import json, os, sys, time
def say(**message): print(json.dumps(message), flush=True)
VERSION = {version!r}
{body}
say(kind="ready", pid=os.getpid(), version=VERSION)
for line in sys.stdin:
    message = json.loads(line)
    if message["kind"] == "ping": say(kind="ready", pid=os.getpid(), version=VERSION)
    else: serve(message)
"""
GOOD = """
def serve(m):
    if m["kind"] == "segment":
        say(kind="progress", id=m["id"], fraction=0.5, message="half")
        say(kind="event", id=m["id"], name="epoch", values={"dice": 0.5})
        say(kind="done", id=m["id"], result={"input": m["input"], "pid": os.getpid()})
"""
#: Begins, and ends only when it is told to, or never (deaf).
ENDLESS = """
def serve(m):
    if m["kind"] == "segment": say(kind="progress", id=m["id"], fraction=0.1, message="on")
    if m["kind"] == "cancel": say(kind="cancelled", id=m["id"])
"""
DEAF = ENDLESS.replace('if m["kind"] == "cancel"', 'if False')
GARBAGE = """
import threading
sys.stderr.write("a warning of some library\\n")
sys.stdout.buffer.write(b"\\xff\\xfe not json\\n{broken\\n[]\\n"); sys.stdout.flush()
def serve(m):
    os.write(1, b'{"kind": "progress", "id": "%s", ' % m["id"].encode())
    time.sleep(0.1)  # half a line
    os.write(1, b'"fraction": 0.5, "message": "half"}\\nstray\\n')
    say(kind="done", id="r99", result={})
    say(kind="done", id=m["id"], result={"ok": 1})
"""


class Heard:
    """Notes all callbacks of a request."""

    def __init__(self) -> None:
        self.progress: List[Tuple[float, str]] = []
        self.events: List[Tuple[str, Dict[str, Any]]] = []
        self.ends: List[Tuple[Any, ...]] = []
        self.handler = RequestHandler(
            lambda fraction, message: self.progress.append((fraction, message)),
            lambda name, values: self.events.append((name, values)),
            lambda result: self.ends.append(("done", result)),
            lambda message, cause: self.ends.append(("failed", message, cause)),
            lambda: self.ends.append(("cancelled",)),
        )


@pytest.fixture()
def makeWorker(slicer_app: Any) -> Any:
    """Makes processes of a fake worker's body, of a script, or of other arguments."""
    made: List[WorkerProcess] = []

    def make(body: str = "", version: str = __version__, **options: Any) -> WorkerProcess:
        script = FAKE.format(version=version, body=body)
        options.setdefault("arguments", ("-c", script))
        options.setdefault("launcher", sys.executable)
        options.setdefault("atQuit", lambda callback: None)
        made.append(WorkerProcess(**options))
        return made[-1]

    yield make
    for worker in made:
        worker.shutdown()


def ask(worker: WorkerProcess, heard: Heard, text: str = "in") -> str:
    return worker.submit(SegmentRequest("", text, "out", "model"), heard.handler)


def test_a_request_is_served_and_the_next_one_by_the_same_process(
    makeWorker: Any, waitFor: Any
) -> None:
    worker, first, second = makeWorker(GOOD), Heard(), Heard()
    states: List[str] = []
    worker.onStateChanged = states.append
    assert worker.state == "stopped"
    ask(worker, first, "größe 患者")
    assert first.ends == []  # later, never from within submit
    waitFor(lambda: first.ends)
    assert first.progress == [(0.5, "half")] and first.events == [("epoch", {"dice": 0.5})]
    ask(worker, second)
    waitFor(lambda: second.ends)
    (_, one), (_, two) = first.ends[0], second.ends[0]
    assert one["input"] == "größe 患者" and one["pid"] == two["pid"]
    assert states == ["starting", "busy", "idle", "busy", "idle"]


def test_several_requests_at_once_are_kept_apart(makeWorker: Any, waitFor: Any) -> None:
    worker, heard = makeWorker(GOOD), [Heard() for _ in range(5)]
    ids = [ask(worker, each, f"in {number}") for number, each in enumerate(heard)]
    waitFor(lambda: all(each.ends for each in heard))
    assert len(set(ids)) == 5
    assert [each.ends[0][1]["input"] for each in heard] == [f"in {n}" for n in range(5)]


def test_garbage_goes_to_the_log_and_half_lines_are_put_together(
    makeWorker: Any, waitFor: Any
) -> None:
    worker, heard = makeWorker(GARBAGE), Heard()
    lines: List[str] = []
    worker.onLog = lines.append
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert heard.progress == [(0.5, "half")] and heard.ends == [("done", {"ok": 1})]
    for text in ("a warning of some library", "not json", "{broken", "stray", "no open request"):
        assert any(text in line for line in worker.log), text
    assert lines == worker.log


def test_a_crash_is_told_with_the_last_lines_and_the_next_request_starts_a_new_worker(
    makeWorker: Any, waitFor: Any, tmp_path: Path
) -> None:
    flag = tmp_path / "crashed"
    body = GOOD + f"""
if not os.path.exists({str(flag)!r}):
    def serve(m):
        open({str(flag)!r}, "w").close()
        say(kind="progress", id=m["id"], fraction=0.1, message="on")
        sys.stderr.write("RuntimeError: everything fell down\\n"); sys.stderr.flush()
        os._exit(3)
"""
    worker, heard, other, again = makeWorker(body), Heard(), Heard(), Heard()
    ask(worker, heard)
    ask(worker, other)
    waitFor(lambda: heard.ends and other.ends)
    kind, message, cause = heard.ends[0]
    assert (kind, cause) == ("failed", "failure")
    assert "exit code 3" in message and "everything fell down" in message
    assert other.ends[0][0] == "failed" and worker.state == "stopped"
    ask(worker, again)
    waitFor(lambda: again.ends)
    assert again.ends[0][0] == "done"


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_worker_that_is_killed_says_memory(makeWorker: Any, waitFor: Any) -> None:
    body = ENDLESS + "\ndef serve(m): os.kill(os.getpid(), 9)"
    worker, heard = makeWorker(body), Heard()
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert "memory" in heard.ends[0][1]


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_worker_that_is_killed_behind_slicer_s_launcher_says_memory_too(
    makeWorker: Any, waitFor: Any, slicer_app: Any
) -> None:
    script = ENDLESS + "\ndef serve(m): os.kill(os.getpid(), 9)"
    launcher = os.path.join(slicer_app.app.slicerHome, "bin", "PythonSlicer")
    worker, heard = makeWorker(script, launcher=launcher), Heard()
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert "(code 1)" in "".join(worker.log) and "memory" in heard.ends[0][1]


def test_a_worker_that_cannot_start_says_why(makeWorker: Any, waitFor: Any) -> None:
    worker, heard = makeWorker(arguments=("-c", "import no_such_package")), Heard()
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert "could not start" in heard.ends[0][1] and "no_such_package" in heard.ends[0][1]


def test_a_missing_launcher_is_told_with_its_path(makeWorker: Any, waitFor: Any) -> None:
    worker, heard = makeWorker(launcher="/nowhere/PythonSlicer"), Heard()
    ask(worker, heard)
    assert heard.ends == []
    waitFor(lambda: heard.ends)
    assert "/nowhere/PythonSlicer could not be started" in heard.ends[0][1]
    assert worker.state == "stopped"


def test_no_launcher_anywhere_is_told(
    makeWorker: Any, waitFor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from AutoContourRTLib import Launcher

    monkeypatch.setattr(Launcher, "_candidates", lambda: [None, "/nowhere/python"])
    worker, heard = makeWorker(launcher=None), Heard()
    ask(worker, heard)
    assert heard.ends == []
    waitFor(lambda: heard.ends)
    assert "PythonSlicer" in heard.ends[0][1] and "reinstall" in heard.ends[0][1]


def test_another_version_is_told(makeWorker: Any, waitFor: Any) -> None:
    worker, heard = makeWorker(GOOD, version="0.0.0"), Heard()
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert "0.0.0" in heard.ends[0][1] and "Restart 3D Slicer" in heard.ends[0][1]
    assert worker.state == "stopped"


def test_silence_is_ended_and_told_but_not_as_long_as_pings_are_answered(
    makeWorker: Any, waitFor: Any
) -> None:
    limits = Limits(silence=0.4, ping=0.1)
    alive, silent = Heard(), Heard()
    worker = makeWorker(ENDLESS, limits=limits)
    ask(worker, alive)
    body = ENDLESS + "\ndef serve(m): time.sleep(60)"
    mute = makeWorker(body, limits=limits)
    ask(mute, silent)
    waitFor(lambda: silent.ends, 20)
    assert "no sign of life" in silent.ends[0][1] and mute.state == "stopped"
    began = time.monotonic()
    waitFor(lambda: time.monotonic() - began > 0.8)
    assert alive.ends == [] and worker.state == "busy"


def test_a_worker_that_never_says_ready_is_ended(makeWorker: Any, waitFor: Any) -> None:
    limits = Limits(start=0.4, ping=0.1)
    worker = makeWorker(arguments=("-c", "import time; time.sleep(60)"), limits=limits)
    heard = Heard()
    ask(worker, heard)
    waitFor(lambda: heard.ends, 20)
    assert "did not start" in heard.ends[0][1]


def test_a_cancelled_request_ends_and_the_worker_stays(makeWorker: Any, waitFor: Any) -> None:
    worker, heard = makeWorker(ENDLESS), Heard()
    number = ask(worker, heard)
    waitFor(lambda: heard.progress)
    worker.cancel(number)
    worker.cancel(number)
    assert heard.ends == []
    waitFor(lambda: heard.ends)
    assert heard.ends == [("cancelled",)] and worker.state == "idle"


def test_a_result_that_was_on_its_way_is_not_given_after_cancel(
    makeWorker: Any, waitFor: Any
) -> None:
    worker, first, heard = makeWorker(GOOD), Heard(), Heard()
    ask(worker, first)
    waitFor(lambda: first.ends)
    worker.cancel(ask(worker, heard))
    waitFor(lambda: heard.ends)
    assert heard.ends == [("cancelled",)] and heard.progress == []


def test_a_request_is_cancelled_before_the_worker_is_there(makeWorker: Any, waitFor: Any) -> None:
    worker, heard, kept = makeWorker(GOOD), Heard(), Heard()
    worker.cancel(ask(worker, heard))
    ask(worker, kept)
    waitFor(lambda: heard.ends and kept.ends)
    assert heard.ends == [("cancelled",)] and kept.ends[0][0] == "done"


@NEEDS_PROC
def test_a_deaf_worker_is_killed_behind_its_launcher_and_the_others_are_served(
    makeWorker: Any, waitFor: Any
) -> None:
    """A launcher in front, as PythonSlicer; a child process behind; another request waiting."""
    body = DEAF + """
import subprocess
from AutoContourRTCore import process_tree
process_tree.own_group()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
sys.stderr.write(f"pids {os.getpid()} {child.pid}\\n"); sys.stderr.flush()
def serve(m):
    if m["kind"] == "segment" and m["input"] == "good": say(kind="done", id=m["id"], result={})
    elif m["kind"] == "segment":
        say(kind="progress", id=m["id"], fraction=0.1, message="on")
        time.sleep(60)
"""
    launcher = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    script = FAKE.format(version=__version__, body=body)
    arguments = ("-c", launcher, sys.executable, "-c", script)
    worker = makeWorker(arguments=arguments, limits=Limits(grace=0.3))
    heard, waiting = Heard(), Heard()
    number = ask(worker, heard)
    waitFor(lambda: heard.progress)
    ask(worker, waiting, "good")
    worker.cancel(number)
    waitFor(lambda: heard.ends and waiting.ends, 30)
    assert heard.ends == [("cancelled",)] and waiting.ends == [("done", {})]
    (first, second) = [line.split()[1:] for line in worker.log if line.startswith("pids")]
    waitFor(lambda: all(gone(int(pid)) for pid in first), 10)
    assert not any(gone(int(pid)) for pid in second)


def test_a_worker_that_ended_of_itself_just_then_is_started_again(
    makeWorker: Any, waitFor: Any, tmp_path: Path
) -> None:
    flag = tmp_path / "ended"
    body = GOOD + f"""
if not os.path.exists({str(flag)!r}):
    def serve(m):
        open({str(flag)!r}, "w").close()
        os._exit(0)
"""
    worker, heard = makeWorker(body), Heard()
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert heard.ends[0][0] == "done"


def test_one_that_always_does_so_is_given_up(makeWorker: Any, waitFor: Any) -> None:
    worker, heard = makeWorker(GOOD + "\ndef serve(m): os._exit(0)"), Heard()
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert heard.ends[0][0] == "failed" and "exit code 0" in heard.ends[0][1]


@NEEDS_PROC
def test_the_end_of_the_application_ends_the_worker_at_once(
    makeWorker: Any, waitFor: Any
) -> None:
    quits: List[Any] = []
    body = DEAF + "\nsys.stderr.write(f'pid {os.getpid()}\\n'); sys.stderr.flush()"
    worker, heard, late = makeWorker(body, atQuit=quits.append), Heard(), Heard()
    ask(worker, heard)
    waitFor(lambda: heard.progress)
    pid = int(next(line for line in worker.log if line.startswith("pid")).split()[1])
    began = time.monotonic()
    quits[0]()
    assert time.monotonic() - began < 2.0
    assert heard.ends == [("cancelled",)] and worker.state == "stopped"
    waitFor(lambda: gone(pid), 5)
    assert len(quits) == 1 and late.ends == []


def test_an_error_in_a_callback_does_not_stop_the_other_requests(
    makeWorker: Any, waitFor: Any, caplog: Any
) -> None:
    worker, heard = makeWorker(GOOD), Heard()
    worker.submit(SegmentRequest("", "in", "out", "m"), RequestHandler(onDone=lambda r: 1 / 0))
    ask(worker, heard)
    waitFor(lambda: heard.ends)
    assert heard.ends[0][0] == "done" and "ZeroDivisionError" in caplog.text


def test_the_event_loop_is_never_kept(makeWorker: Any, slicer_app: Any) -> None:
    """Nothing of start, submit, cancel and kill waits for the process."""
    worker, heard = makeWorker(DEAF, limits=Limits(grace=0.2)), Heard()
    longest, began = 0.0, time.monotonic()
    number = ask(worker, heard)
    while not heard.ends:
        last = time.monotonic()
        slicer_app.app.processEvents()
        if heard.progress:
            worker.cancel(number)
        longest = max(longest, time.monotonic() - last)
        assert last - began < 30
    assert heard.ends == [("cancelled",)] and longest < 0.3


@pytest.mark.slow
def test_the_real_worker_starts_with_the_environment_made_for_it(
    slicer_app: Any, waitFor: Any
) -> None:
    """No PYTHONPATH of ours: the module's own environment must do. It answers a bad request."""
    worker = WorkerProcess(arguments=(*WORKER_ARGUMENTS, "--warm", ""), atQuit=lambda f: None)
    heard = Heard()
    try:
        worker.submit(SegmentRequest("", "/no/such.nrrd", "out", "no_model"), heard.handler)
        waitFor(lambda: heard.ends, 120)
        kind, message, cause = heard.ends[0]
        assert (kind, cause) == ("failed", "input") and "/no/such.nrrd" in message
        pids = worker._pids
        assert pids and process_tree.is_running(pids[-1])
    finally:
        worker.shutdown()
    waitFor(lambda: gone(pids[-1]), 10)
