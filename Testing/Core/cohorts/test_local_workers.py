"""Cases on real processes; a service that does what a case's name says stands for the network."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, List

import pytest

from AutoContourRTCore import messages
from AutoContourRTCore.cohorts.local_workers import LocalWorkers, WorkersDoNotStart
from AutoContourRTCore.cohorts.service import share_of_cores

#: Tells its number in a file "<case> <n>", then does what the case's name says.
SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from AutoContourRTCore import worker
from AutoContourRTCore.cohorts import segment_service
from AutoContourRTCore.errors import InputError
class Fake:
    def __call__(self, request, progress):
        n = 1
        while True:
            try: os.close(os.open(request.place / f"{request.id} {n}", os.O_CREAT | os.O_EXCL))
            except FileExistsError: n += 1
            else: break
        (request.place / f"{request.id} {n}").write_text(f"{os.getpid()} {request.threads}")
        progress(0.5, "half")
        if "die" in request.id and (n == 1 or "always" in request.id):
            os.kill(os.getpid(), signal.SIGKILL)
        if "bad" in request.id: raise InputError("bad file")
        if "bug" in request.id: raise ZeroDivisionError("a bug")
        time.sleep(60 if "endless" in request.id else 0.05)
        print("stray")
        return {"state": "done", "seconds": 1.0, "message": "", "output": request.id}
segment_service.SegmentCaseService = Fake
worker.main(["--warm", ""])
"""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signal")


@pytest.fixture()
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return lambda count: LocalWorkers(count, tmp_path / "logs", (sys.executable, "-c", SCRIPT))


def tries(out: Path) -> Counter:
    return Counter(each.name.rsplit(" ", 1)[0] for each in out.iterdir() if each.is_file())


def wait_until_over(pids: List[int]) -> None:
    end = time.monotonic() + 5
    for pid in pids:
        while True:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                break
            assert time.monotonic() < end, f"{pid} still runs"
            time.sleep(0.02)


def test_every_case_has_one_last_word_whatever_becomes_of_the_others(
    workers: Any, ask: Any, out: Path
) -> None:
    names = ["a", "die once", "bad ü", "bug", "die always", "b", "c"]
    said = [each for each in workers(2).run([ask(name) for name in names]) if each is not None]
    last = {each.id: each for each in said if not isinstance(each, messages.Progress)}
    assert len(said) - sum(isinstance(each, messages.Progress) for each in said) == len(names)
    assert {name for name in names if isinstance(last[name], messages.Done)} == {
        "a", "b", "c", "die once"}  # fmt: skip
    assert (last["bad ü"].message, last["bad ü"].cause) == ("bad file", "input")
    assert last["bug"].message == "ZeroDivisionError: a bug"
    assert "died 2 times (signal 9" in last["die always"].message
    assert tries(out) == {**dict.fromkeys(names, 1), "die once": 2, "die always": 2}
    texts = [each.read_text().split() for each in out.iterdir() if each.is_file()]
    assert {threads for _, threads in texts} == {str(share_of_cores(2))}
    wait_until_over([int(pid) for pid, _ in texts])
    assert "stray" in "".join(log.read_text() for log in (out.parent / "logs").iterdir())


def test_a_process_serves_many_cases_and_no_more_start_than_there_are_cases(
    workers: Any, ask: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(workers(1).run([ask(name) for name in "abc"]))
    assert len({each.read_text() for each in out.iterdir() if each.is_file()}) == 1
    list(workers(9).run([ask("d")]))
    assert (out / "d 1").read_text().endswith(f" {share_of_cores(1)}")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # of a batch system
    list(workers(1).run([ask("e")]))
    assert (out / "e 1").read_text().endswith(" 7")


def test_to_stop_in_the_midst_ends_all_processes_at_once(
    workers: Any, ask: Any, out: Path
) -> None:
    replies = workers(2).run([ask("endless 1"), ask("endless 2"), ask("c")])
    halves = 0
    while halves < 2:
        reply = next(replies)
        halves += getattr(reply, "fraction", 0) == 0.5
    began = time.monotonic()
    replies.close()
    assert time.monotonic() - began < 3
    texts = [each.read_text().split() for each in out.iterdir() if each.is_file()]
    assert len(texts) == 2
    wait_until_over([int(pid) for pid, _ in texts])


def test_a_killed_worker_costs_its_own_case_a_second_try_and_no_other(
    workers: Any, ask: Any, out: Path
) -> None:
    last, killed = {}, False
    for reply in workers(2).run([ask(f"{n}") for n in range(8)]):
        if not killed and getattr(reply, "fraction", 0) == 0.5:
            victim, killed = reply.id, True
            os.kill(int((out / f"{victim} 1").read_text().split()[0]), signal.SIGKILL)
        if isinstance(reply, messages.Done):
            assert reply.id not in last
            last[reply.id] = reply
    assert sorted(last) == [f"{n}" for n in range(8)]
    assert {name for name, count in tries(out).items() if count > 1} <= {victim}


def test_workers_that_do_not_start_stop_everything(ask: Any, tmp_path: Path) -> None:
    broken = LocalWorkers(1, tmp_path / "logs", (sys.executable, "-c", "raise SystemExit('no')"))
    with pytest.raises(WorkersDoNotStart, match=r"exit code 1.*worker1\.log"):
        list(broken.run([ask("a"), ask("b")]))
    assert (tmp_path / "logs" / "worker1.log").read_text() == "no\nno\n"
