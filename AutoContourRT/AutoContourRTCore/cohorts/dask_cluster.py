"""Cases on the workers of a dask.distributed cluster; the machines share the folders.

Each worker has one case at a time: a case uses all cores of its worker's share. When a worker dies
its case goes to another one (the scheduler's `allowed-failures` says how often, 3 unless changed).
A case that was done already when dask computes it again is told as done (service.py).
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import replace
from typing import Any, Deque, Dict, Iterator, List, Sequence
from urllib.parse import urlsplit

from AutoContourRTCore import messages
from AutoContourRTCore.cohorts.request import CaseRequest, Replies
from AutoContourRTCore.cohorts.service import share_of_cores
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.worker import Services, Worker

CONNECT_SECONDS = 10.0
LOOK_SECONDS = 0.1

_services = Services()
_one_at_a_time = threading.Lock()


class DaskCluster:
    """A connection to a scheduler, for the time of a `with` block.

    Raises InputError where dask.distributed is not installed and where nobody answers.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise InputError(
                "--scheduler needs the package distributed; pip install distributed."
            ) from error
        self._address = address
        if not _has_port(address):  # known at once; Client tries for long, and ends in a traceback
            raise InputError(
                f"{address!r} is not the address of a dask scheduler; give the one that it prints "
                "at its start, such as tcp://host:8786."
            )
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"No dask scheduler answers at {address} ({error}); give the address that it "
                "prints at its start, such as tcp://host:8786."
            ) from error

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(self, requests: Sequence[CaseRequest]) -> Replies:
        """What is said of the cases as it comes; Done or Failed is the last word on each.

        Now and then None, where nothing is said for a while. Waits where there is no worker (yet).
        Closing the iterator takes back what has not begun; a case that is being computed is
        finished by its worker. Raises InputError when the scheduler is gone.
        """
        waiting = deque(requests)
        busy: Dict[Any, str] = {}  # future of a case -> the worker that it was given to
        names: Dict[Any, str] = {}
        try:
            while waiting or busy:
                for future, worker, request in self._hand_out(waiting, list(busy.values())):
                    busy[future], names[future] = worker, request.id
                    yield messages.Progress(request.id, 0.0, "starting")
                if not busy:
                    text = "waiting: the cluster has no worker"
                    yield messages.Progress(waiting[0].id, 0.0, text)
                for future in self._over(list(busy)):
                    del busy[future]
                    yield self._last_word(future, names.pop(future))
                yield None
        finally:
            if busy and self._client.status == "running":
                self._client.cancel(list(busy))

    def _hand_out(
        self, waiting: Deque[CaseRequest], given: Sequence[str]
    ) -> Iterator["tuple[Any, str, CaseRequest]"]:
        """One case to each worker that has none."""
        workers = self._workers()
        hosts = Counter(map(_host, workers))
        for worker in workers:
            if waiting and worker not in given:
                request = waiting.popleft()
                future = self._client.submit(
                    run_case, messages.encode(request), hosts[_host(worker)], pure=False,
                    workers=[worker], allow_other_workers=True,  # should this one die
                )  # fmt: skip
                yield future, worker, request

    def _over(self, futures: List[Any]) -> List[Any]:
        """Those that are over, as soon as there is one, or none after a second."""
        for _ in range(10):
            over = [future for future in futures if future.done()]
            if over:
                return over
            time.sleep(LOOK_SECONDS)
        return []

    def _workers(self) -> List[str]:
        if self._client.status == "closed":
            raise InputError(self._gone())
        try:
            return sorted(self._client.nthreads())
        except (OSError, ValueError) as error:
            raise InputError(self._gone()) from error

    def _last_word(self, future: Any, case: str) -> messages.Reply:
        if future.status == "finished":
            reply = messages.parse_reply(future.result())
            assert isinstance(reply, (messages.Done, messages.Failed))
            return replace(reply, id=case)
        if future.status == "error":
            return messages.Failed(case, f"on the cluster: {future.exception()}", "failure")
        raise InputError(self._gone())

    def _gone(self) -> str:
        return (
            f"The dask scheduler at {self._address} is gone; start it again and repeat the "
            "command: what is done is not done again."
        )


def run_case(line: str, sharing: int) -> str:
    """On the cluster's worker: the line of a request -> the line of the last word on it.

    sharing: how many workers share its machine's cores. OMP_NUM_THREADS does not count here: dask
    sets it to 1 in every worker that it starts.
    """
    said: List[messages.Reply] = []
    worker = Worker(said.append, lambda: None)
    request = messages.parse_request(line)
    worker.receive(messages.encode(replace(request, threads=share_of_cores(sharing))))
    with _one_at_a_time:
        worker.serve(_services, idle_seconds=0.0)
    return messages.encode(said[-1])


def _has_port(address: str) -> bool:
    try:
        return bool(urlsplit(address if "://" in address else f"tcp://{address}").port)
    except ValueError:
        return False


def _host(address: str) -> str:
    return urlsplit(address).hostname or address
