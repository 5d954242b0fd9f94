"""A real scheduler and two workers on loopback, with a tiny network; one worker is killed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterator, List, Sequence

import pytest

from AutoContourRTCore.cohorts.cases import find_cases
from AutoContourRTCore.cohorts.dask_cluster import DaskCluster
from AutoContourRTCore.cohorts.evaluate_service import EvaluateCaseService
from AutoContourRTCore.cohorts.evaluating import Evaluating, evaluate_cohort
from AutoContourRTCore.cohorts.run import Order, run_cohort
from AutoContourRTCore.cohorts.segmenting import Wanted, segment_order
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.cohort.cohort import CohortOptions
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.progress import ignore_progress
from AutoContourRTCore.volumes.segfile import read_labelmap
from in_this_process import InThisProcess

pytestmark = [
    pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="no distributed"),
    pytest.mark.skipif(os.name != "posix", reason="kills by signal"),
]
CASES = [f"case {n}" for n in range(6)]

#: In each worker: a line in a log when a case begins, and when its contours are written or it is
#: compared.
PRELOAD = """
import os, time
from AutoContourRTCore.metrics.cohort import cohort
from AutoContourRTCore.segmentation.service import SegmentationService
def log(*words):
    with open(os.environ["CASE_LOG"], "a") as file: print(*words, sep="|", file=file)
def logged(real, name_of):
    real = getattr(real, "real", real)  # dask may load this file twice
    def work(*given):
        log("begin", name_of(given), os.getpid())
        result = real(*given)
        time.sleep(0.4)
        log("end", name_of(given), os.getpid())
        return result
    work.real = real
    return work
SegmentationService.__call__ = logged(SegmentationService.__call__, lambda given: given[1].id)
cohort.evaluate_case = logged(cohort.evaluate_case, lambda given: given[0].name)
"""


class Cluster:
    """A scheduler and workers as processes. lines: what the workers' log says."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.started = folder, []  # type: ignore[var-annotated]
        self._file = folder / "scheduler.json"
        self.log = folder / "cases.log"
        (folder / "preload.py").write_text(PRELOAD)
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        wait_for(self._file.exists)
        text = self._file.read_text()
        self.address = next(word for word in text.split('"') if word.startswith("tcp://"))

    def add_worker(self) -> "subprocess.Popen[bytes]":
        return self._start(
            "worker", "--no-nanny", "--nthreads", "2", "--no-dashboard",
            "--local-directory", str(self._folder), "--preload", str(self._folder / "preload.py"),
        )

    def lines(self, kind: str = "") -> List[Sequence[str]]:
        text = self.log.read_text() if self.log.exists() else ""
        return [line.split("|") for line in text.splitlines() if line.startswith(kind)]

    def _start(self, what: str, *options: str) -> "subprocess.Popen[bytes]":
        with open(self._folder / f"{what}{len(self.started)}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file",
                 str(self._file), *options],
                env={**os.environ, "CASE_LOG": str(self.log)}, stdout=log, stderr=log,
            )  # fmt: skip
        self.started.append(process)
        return process


def wait_for(true: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


@pytest.fixture()
def cluster(tmp_path: Path, models: Path) -> Iterator[Cluster]:
    (tmp_path / "dask").mkdir()
    made = Cluster(tmp_path / "dask")
    yield made
    for process in made.started[::-1]:
        process.kill()
        process.wait()


@pytest.fixture()
def order(phantom_ct: Path, tmp_path: Path, models: Path) -> Order:
    (tmp_path / "in").mkdir()
    for name in CASES:
        shutil.copy(phantom_ct, tmp_path / "in" / f"{name}.nrrd")
    cases = find_cases(tmp_path / "in")[0]
    wanted = Wanted(ModelStore().manifest("tiny"), device="cpu")
    return segment_order(cases, tmp_path / "out", wanted)


def killed_half_way(cluster: Cluster) -> List[str]:
    """Once two cases are done, a worker in the midst of another one is killed: it, and its case."""
    killed: List[str] = []

    def kill() -> None:
        while not killed:
            ended = {case for _, case, _ in cluster.lines("end")}
            open_ones = [line for line in cluster.lines("begin") if line[1] not in ended]
            if len(ended) >= 2 and open_ones:
                _, case, pid = open_ones[-1]  # began last: it has half a second yet
                os.kill(int(pid), signal.SIGKILL)
                killed[:] = [pid, case]
            time.sleep(0.01)

    threading.Thread(target=kill, daemon=True).start()
    return killed


def check_each_was_done_once(cluster: Cluster, killed: Sequence[str], pids: Sequence[int]) -> None:
    pid, case = killed
    assert int(pid) in pids
    begun = Counter(each[1] for each in cluster.lines("begin"))
    ended = Counter(each[1] for each in cluster.lines("end"))
    assert ended == dict.fromkeys(CASES, 1), "a case was lost or done twice"
    assert begun == {**dict.fromkeys(CASES, 1), case: 2}
    assert {each[2] for each in cluster.lines("end") if each[1] == case} != {pid}
    print(f"killed worker {pid} in {case}; {len(CASES)} cases done once")


@pytest.mark.slow
def test_with_one_of_two_workers_killed_half_way_every_case_is_contoured_once(
    cluster: Cluster, order: Order
) -> None:
    pids = [cluster.add_worker().pid for _ in range(2)]
    with DaskCluster(cluster.address) as pool:
        wait_for(lambda: len(pool._workers()) == 2)
        killed = killed_half_way(cluster)
        rows = run_cohort(order, pool, ignore_progress)
    assert [(row.case, row.state) for row in rows] == [(name, "done") for name in CASES], rows
    check_each_was_done_once(cluster, killed, pids)
    for name in CASES:
        assert "SpinalCord" in read_labelmap(order.folder / f"{name}.seg.nrrd").names
    assert sorted(each.name for each in order.folder.iterdir() if each.is_dir()) == ["records"]


@pytest.mark.slow
def test_with_one_of_two_workers_killed_half_way_every_case_is_compared_once_as_here(
    cluster: Cluster, sides: Callable[..., Sequence[Path]], tmp_path: Path
) -> None:
    folders = sides(CASES)
    pids = [cluster.add_worker().pid for _ in range(2)]

    def compared(pool: Any, out: str) -> Any:
        wanted = Evaluating(*folders, tmp_path / out, CohortOptions(), provenance_of(Settings()))
        return evaluate_cohort(wanted, pool, ignore_progress)

    with DaskCluster(cluster.address) as pool:
        wait_for(lambda: len(pool._workers()) == 2)
        killed = killed_half_way(cluster)
        rows, there = compared(pool, "there")
    assert [(row.case, row.state) for row in rows] == [(name, "done") for name in CASES], rows
    check_each_was_done_once(cluster, killed, pids)
    here = compared(InThisProcess(EvaluateCaseService()), "here")[1]
    assert there.cases == tuple(CASES)
    assert [row.cells(there.columns) for row in there.rows] == [
        row.cells(here.columns) for row in here.rows
    ]
    assert there.matches == here.matches


def test_it_waits_for_a_worker_and_bad_cases_do_not_stop_the_others(
    cluster: Cluster, order: Order, tmp_path: Path
) -> None:
    for name in CASES[2:]:
        (tmp_path / "in" / f"{name}.nrrd").write_bytes(b"no image")

    def worker_comes_late(share: float, text: str) -> None:
        if "no worker" in text and len(cluster.started) == 1:
            cluster.add_worker()

    with DaskCluster(cluster.address) as pool:
        rows = run_cohort(order, pool, worker_comes_late)
        assert [row.state for row in rows] == ["done"] * 2 + ["failed"] * 4
        assert all("case" in row.message for row in rows[2:])
        last = run_cohort(order, pool, ignore_progress)
    assert [row.state for row in last] == ["done"] * 2 + ["failed"] * 4
    assert Counter(each[1] for each in cluster.lines("end")) == dict.fromkeys(CASES[:2], 1)


def test_a_scheduler_that_does_not_answer_is_told_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("AutoContourRTCore.cohorts.dask_cluster.CONNECT_SECONDS", 0.5)
    with pytest.raises(InputError, match="tcp://127.0.0.1:9 "):
        DaskCluster("tcp://127.0.0.1:9")
    for address in ("nonsense://x", "host", "tcp://host:port"):
        with pytest.raises(InputError, match="is not the address.*host:8786"):
            DaskCluster(address)


def test_a_scheduler_that_ends_is_told_and_what_is_done_stays(
    cluster: Cluster, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("AutoContourRTCore.cohorts.dask_cluster.CONNECT_SECONDS", 3.0)

    def end_it(share: float, text: str) -> None:
        if "no worker" in text:
            cluster.started[0].kill()

    with DaskCluster(cluster.address) as pool:
        with pytest.raises(InputError, match="scheduler at tcp://.* is gone"):
            run_cohort(order, pool, end_it)
    assert (order.folder / "summary.csv").exists() and not (order.folder / "lock").exists()
