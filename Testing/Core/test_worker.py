"""The worker as a real process, with a tiny model and a coarse phantom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

import pytest

from AutoContourRTCore import messages, process_tree
from AutoContourRTCore.messages import SegmentRequest
from AutoContourRTCore.volumes.atomic import remove_leftovers
from AutoContourRTCore.volumes.segfile import read_labelmap
from process_state import NEEDS_PROC, gone

#: The contract: at most so long after the input has closed.
MOST_SECONDS_TO_END = 2.0

#: A worker whose task prints in every way it can, through a child process as well.
NOISY = """
import ctypes, os, subprocess, sys
from AutoContourRTCore import messages, worker
from AutoContourRTCore.segmentation import service
class Noisy:
    def warm_up(self):
        print("python, at the start", flush=True)
    def __call__(self, request, progress):
        print('{"kind": "done", "id": "1", "result": {}}')
        os.write(1, b"straight to 1\\n")
        if os.name == "posix":
            libc = ctypes.CDLL(None)
            libc.puts(b"from C")
            libc.fflush(None)
        subprocess.run([sys.executable, "-c", "print('child', input() if 0 else '')"])
        subprocess.run([sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"],
                       check=True)
        progress(0.5, "half")
        return messages.SegmentResult(request.output, {})
service.SegmentationService = Noisy
worker.main()
"""

#: A worker that computes without end, with a child process that does so too.
ENDLESS = """
import subprocess, sys, time
from AutoContourRTCore import worker
from AutoContourRTCore.segmentation import service
from AutoContourRTCore.volumes.atomic import atomic_path
class Endless:
    def warm_up(self): pass
    def __call__(self, request, progress):
        child = "import os, time; print('child', os.getpid(), flush=True); time.sleep(60)"
        subprocess.Popen([sys.executable, "-c", child])
        with atomic_path(request.output) as temporary:
            temporary.write_bytes(b"half")
            progress(0.5, "half written")
            while True: time.sleep(0.01)
service.SegmentationService = Endless
worker.main()
"""


@pytest.fixture()
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "Ausgabe mit Lücke"
    folder.mkdir()
    return folder / "Konturen ü.seg.nrrd"


def request(ct: Path, out: Path, number: str = "1", model: str = "tiny") -> SegmentRequest:
    return SegmentRequest(number, str(ct), str(out), model, device="cpu")


def files_in(folder: Path) -> List[str]:
    return sorted(path.name for path in folder.iterdir())


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 5
    while not gone(pid):
        assert time.monotonic() < end, f"{pid} still runs"
        time.sleep(0.02)


def test_a_request_gives_contours_and_rising_progress_and_the_next_one_is_quicker(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker()
    assert isinstance(worker.said(), messages.Ready)
    seconds = []
    for number in ("1", "2"):
        began = time.monotonic()
        worker.tell(request(phantom_ct, out, number))
        *reports, done = worker.after(messages.Done)
        seconds.append(time.monotonic() - began)
        assert done.id == number and {report.id for report in reports} == {number}
        fractions = [report.fraction for report in reports]
        assert len(fractions) > 5 and fractions == sorted(fractions)
    result = messages.SegmentResult(**done.result)
    assert result.output == str(out)
    found = read_labelmap(out)
    assert "SpinalCord" in found.names and "Parotid_L" in result.absent
    assert set(result.volumes_ml) == set(found.names)
    for name, ml in result.volumes_ml.items():
        assert found.volume_ml(name) == pytest.approx(ml)
    assert files_in(out.parent) == [out.name]
    assert seconds[1] < seconds[0]  # the first had to import torch and read the model


def test_a_request_that_is_cancelled_at_half_writes_nothing_and_the_next_is_served(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker()
    worker.tell(request(phantom_ct, out, model="slow"))
    worker.tell(request(phantom_ct, out, "waiting", model="slow"))
    worker.after(messages.Progress, least=0.5)
    worker.tell(messages.CancelRequest("waiting"))
    assert worker.after(messages.Cancelled)[-1].id == "waiting"  # now, not when its turn comes
    worker.after(messages.Progress)  # the other one goes on
    worker.tell(messages.CancelRequest("1"))
    assert worker.after(messages.Cancelled)[-1].id == "1"
    worker.tell(messages.CancelRequest("1"))  # is over: left alone
    assert files_in(out.parent) == []
    worker.tell(request(phantom_ct, out, "2"))
    assert worker.after(messages.Done)[-1].id == "2"


def test_the_end_of_its_input_ends_the_worker_in_mid_computation(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker()
    worker.tell(request(phantom_ct, out, model="slow"))
    worker.after(messages.Progress, least=0.3)
    worker.process.stdin.close()
    seconds = worker.seconds_to_end()
    print(f"the worker ended {seconds:.2f} s after its input")
    assert seconds < MOST_SECONDS_TO_END
    assert worker.process.wait(5) == 0
    assert files_in(out.parent) == []


def test_a_launcher_in_between_changes_nothing_about_that(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker(launcher=True)
    worker.tell(request(phantom_ct, out, model="slow"))
    worker.after(messages.Progress, least=0.3)
    assert worker.pid not in (None, worker.process.pid)
    worker.process.stdin.close()
    assert worker.seconds_to_end() < MOST_SECONDS_TO_END
    assert worker.process.wait(5) == 0
    assert files_in(out.parent) == []


@NEEDS_PROC
def test_a_launcher_that_is_killed_takes_the_worker_along(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker(launcher=True)
    worker.tell(request(phantom_ct, out, model="slow"))
    worker.after(messages.Progress, least=0.3)
    worker.process.kill()  # the worker's input stays open
    assert worker.seconds_to_end() < MOST_SECONDS_TO_END
    wait_until_gone(worker.pid)
    assert files_in(out.parent) == []


@NEEDS_PROC
def test_the_end_of_its_input_ends_its_children_and_removes_what_is_half_written(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    out.write_bytes(b"edited by hand")
    worker = start_worker(script=ENDLESS)
    worker.tell(request(phantom_ct, out))
    worker.after(messages.Progress)
    child = child_of(worker)
    assert len(files_in(out.parent)) == 2
    worker.process.stdin.close()
    assert worker.seconds_to_end() < MOST_SECONDS_TO_END
    wait_until_gone(child)
    assert files_in(out.parent) == [out.name]
    assert out.read_bytes() == b"edited by hand"


@NEEDS_PROC
@pytest.mark.parametrize("launcher", [False, True])
def test_terminate_tree_ends_launcher_worker_and_children(
    start_worker: Any, phantom_ct: Path, out: Path, launcher: bool
) -> None:
    worker = start_worker(script=ENDLESS, launcher=launcher)
    worker.tell(request(phantom_ct, out))
    worker.after(messages.Progress)
    child = child_of(worker)
    process_tree.terminate_tree(worker.process.pid, worker.pid)
    assert worker.process.wait(5) == -signal.SIGKILL
    for pid in (worker.pid, child):
        wait_until_gone(pid)
    remove_leftovers(out)
    assert files_in(out.parent) == []
    process_tree.terminate_tree(worker.process.pid, worker.pid)  # gone already: no error


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_worker_killed_from_outside_ends_the_line_and_leaves_no_output(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker()
    worker.tell(request(phantom_ct, out, model="slow"))
    worker.after(messages.Progress, least=0.3)
    os.kill(worker.pid, signal.SIGKILL)
    replies = []
    while (reply := worker.said(5)) is not None:
        replies.append(reply)
    assert all(isinstance(reply, messages.Progress) for reply in replies)  # no Done, no Failed
    assert worker.process.wait(5) == -signal.SIGKILL
    assert files_in(out.parent) == []


def test_stray_prints_go_to_the_log_and_children_do_not_read_the_requests(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker(script=NOISY)
    for number in ("1", "2"):
        worker.tell(request(phantom_ct, out, number))
    assert isinstance(worker.said(), messages.Ready)
    for number in ("1", "2"):
        assert worker.said() == messages.Progress(number, 0.5, "half")
        assert worker.said().id == number
    worker.process.stdin.close()
    worker.seconds_to_end()
    log = worker.log.read_text("utf-8")
    expected = ["python, at the start", '"kind": "done"', "straight to 1", "child"]
    for text in expected + (["from C"] if os.name == "posix" else []):
        assert text in log


def test_what_is_no_request_is_answered_and_the_worker_goes_on(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    worker = start_worker()
    pid = worker.after(messages.Ready)[-1].pid
    for line in (b"not json\n", b'{"kind": "dance", "id": "5"}\n', b"\xff\xfe\n", b"\n"):
        worker.tell(line)
        answer = worker.said()
        assert answer.cause == "input" and answer.id == ("5" if b"dance" in line else "")
    worker.tell(request(Path("missing ü.nrrd"), out, "6"))
    assert "missing ü.nrrd" in worker.after(messages.Failed)[-1].message
    worker.tell(request(phantom_ct, out, "7", model="nobody"))
    failed = worker.after(messages.Failed)[-1]
    assert (failed.id, failed.cause) == ("7", "input") and "tiny" in failed.message
    worker.tell(request(phantom_ct, out, "8", model="slow"))
    worker.after(messages.Progress, least=0.2)
    worker.tell(request(phantom_ct, out, "8"))
    assert "'8' is still open" in worker.after(messages.Failed)[-1].message
    worker.tell(messages.PingRequest())
    assert worker.after(messages.Ready)[-1].pid == pid  # answered while it computes
    worker.tell(messages.QuitRequest())
    assert worker.seconds_to_end() < MOST_SECONDS_TO_END
    assert worker.process.wait(5) == 0
    assert files_in(out.parent) == []


def test_a_failure_that_is_no_ones_input_is_told_with_the_traceback_in_the_log(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    script = ENDLESS.replace("subprocess.Popen(", "raise OSError('the disk fell off', ")
    worker = start_worker(script=script)
    worker.tell(request(phantom_ct, out))
    failed = worker.after(messages.Failed)[-1]
    assert failed.cause == "failure" and "the disk fell off" in failed.message
    assert "Traceback" in worker.log.read_text("utf-8")


def test_a_worker_that_nobody_asks_for_long_ends(start_worker: Any) -> None:
    worker = start_worker("--idle-minutes", "0.005", script=ENDLESS)
    assert isinstance(worker.said(), messages.Ready)
    assert worker.said(30) is None
    assert worker.process.wait(5) == 0


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_is_told_and_leaves_nothing(
    start_worker: Any, phantom_ct: Path, out: Path
) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))\n"
    run_worker = "from AutoContourRTCore import worker; worker.main()"
    worker = start_worker(script=limit + run_worker)
    worker.tell(request(phantom_ct, out))
    failed = worker.after(messages.Failed)[-1]
    assert failed.cause == "input" and out.name in failed.message
    assert files_in(out.parent) == []


def child_of(worker: Any) -> int:
    """The process number that the child of ENDLESS prints."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        words = worker.log.read_text("utf-8").split()
        if "child" in words[:-1]:
            return int(words[words.index("child") + 1])
        time.sleep(0.05)
    raise AssertionError("no child was started")


def test_the_module_runs_as_a_program_and_explains_itself(environment: Any) -> None:
    command = [sys.executable, "-m", "AutoContourRTCore.worker", "--help"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0 and "--idle-minutes" in run.stdout
