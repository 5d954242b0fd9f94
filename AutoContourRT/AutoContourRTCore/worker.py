"""The one child process that computes: ``python -m AutoContourRTCore.worker``.

Requests come in on standard input, replies go out on standard output, one JSON object a line (see
messages.py). Everything that is merely printed, by C libraries too, goes to standard error: the
log. The worker keeps its model between requests and ends by itself: at the end of its input, at
once, even in mid-computation; when the process that started it is gone; after an idle time.

A request that arrives just as the idle time runs out is lost: whoever sees the worker end while
a request is open starts another one.
"""

from __future__ import annotations

import argparse
import os
import queue
import signal
import sys
import threading
import time
import traceback
from dataclasses import asdict
from functools import partial
from typing import Any, Callable, Dict, Iterable, NoReturn, Optional, Sequence, Set, Tuple, Union

from AutoContourRTCore import __version__, messages, process_tree
from AutoContourRTCore.allocation import keep_freed_memory, return_freed_memory
from AutoContourRTCore.channel import private_input, private_output
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.volumes.atomic import remove_leftovers

IDLE_MINUTES = 15.0
ORPHAN_CHECK_SECONDS = 0.25
#: In the message of errors after which CUDA computes nothing more in this process (a driver that
#: was reset, a computer that slept): the next request needs another one.
LOST_GPU = "CUDA error"

#: Kind of request -> the service that does its work.
SERVICES = {
    "segment": "AutoContourRTCore.segmentation.service:SegmentationService",
    "segment_case": "AutoContourRTCore.cohorts.segment_service:SegmentCaseService",
    "evaluate_case": "AutoContourRTCore.cohorts.evaluate_service:EvaluateCaseService",
    "correct": "AutoContourRTCore.correction.service:CorrectionService",
    "predict": "AutoContourRTCore.correction.service:PredictionService",
    "promote": "AutoContourRTCore.correction.service:PromotionService",
    "gather": "AutoContourRTCore.correction.service:GatheringService",
    "compare": "AutoContourRTCore.metrics.compare.service:CompareService",
    "export": "AutoContourRTCore.segmentation.export_service:ExportService",
    "read_rt": "AutoContourRTCore.volumes.dicom.read_service:ReadRtService",
}

Send = Callable[[messages.Reply], None]


class Services:
    """One service a kind, made when it is first needed."""

    def __init__(self, table: Optional[Dict[str, str]] = None) -> None:
        self._table = SERVICES if table is None else table
        self._made: Dict[str, Any] = {}

    def of(self, kind: str) -> Any:
        """The service of a kind of request."""
        if kind not in self._made:
            self._made[kind] = messages.load(self._table[kind])()
        return self._made[kind]

    def warm_up(self, kind: str) -> None:
        """Do now what the first request would have to wait for; "" for no service."""
        try:
            warm_up = getattr(self.of(kind), "warm_up", None) if kind else None
            if warm_up is not None:
                warm_up()
        except Exception:
            traceback.print_exc()  # each request will fail with the same error, and say so


class Reporter:
    """What a service tells its request's other side (see progress.Reporter)."""

    def __init__(self, send: Send, request_id: str, cancelled: threading.Event) -> None:
        self._send, self._id, self._cancelled = send, request_id, cancelled
        self._highest = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        """The share done, never falling, and a sentence; raises Cancelled."""
        self.check()
        self._highest = max(self._highest, min(fraction, 1.0))
        self._send(messages.Progress(self._id, self._highest, message))

    def event(self, name: str, values: Dict[str, Any]) -> None:
        """Something met on the way; raises Cancelled."""
        self.check()
        self._send(messages.Event(self._id, name, values))

    def check(self) -> None:
        """Raise Cancelled if the request was cancelled."""
        if self._cancelled.is_set():
            raise Cancelled()


class Worker:
    """Serves requests one at a time, in order; `receive` may be called from another thread.

    send: gives a reply to the other side. end: ends the process, for a quit request, and after an
    error from which a process cannot recover.
    """

    def __init__(self, send: Send, end: Callable[[], None]) -> None:
        self._send, self._end = send, end
        self._lock = threading.Lock()  # of the next two
        self._open: Dict[str, threading.Event] = {}  # request -> whether it was cancelled
        self._begun: Set[str] = set()
        self._waiting: queue.Queue[Tuple[Any, threading.Event]] = queue.Queue()
        self._background: Dict[str, Any] = {}  # request that stays open -> its service
        self.outputs: Tuple[str, ...] = ()  # what is being written just now

    def receive(self, line: Union[str, bytes]) -> None:
        """Take one line of the other side; a wrong one is answered, never an error here."""
        try:
            request = messages.parse_request(line)
        except messages.MessageError as error:
            self._send(messages.Failed(error.id, str(error), "input"))
            return
        if isinstance(request, messages.CancelRequest):
            self._cancel(request.id)
        elif isinstance(request, messages.PingRequest):
            self.say_ready()
        elif isinstance(request, messages.QuitRequest):
            self._end()
        else:
            self._take(request)

    def say_ready(self) -> None:
        """Tell the other side that somebody listens."""
        self._send(messages.Ready(os.getpid(), __version__))

    def serve(self, services: Services, idle_seconds: float) -> None:
        """Do the work of each request, until there has been none for some time."""
        while True:
            try:
                request, cancelled = self._waiting.get(
                    timeout=0 if self._background else idle_seconds
                )
            except queue.Empty:
                if not self._background:
                    return
                self._step()
                continue
            if self._may_begin(request.id, cancelled):
                self._attempt(request.id, partial(self._begin, services, request, cancelled))

    def _take(self, request: Any) -> None:
        cancelled = threading.Event()
        with self._lock:
            is_new = self._open.setdefault(request.id, cancelled) is cancelled
        if is_new:
            self._waiting.put((request, cancelled))
            return
        message = f"The request {request.id!r} is still open; give each an id of its own."
        self._send(messages.Failed("", message, "input"))

    def _cancel(self, request_id: str) -> None:
        """One that waits is answered now: the request before it may take minutes."""
        with self._lock:
            if request_id not in self._open:
                return
            self._open[request_id].set()
            if request_id in self._begun:
                return  # its work ends at the next report
            del self._open[request_id]
        self._send(messages.Cancelled(request_id))

    def _may_begin(self, request_id: str, cancelled: threading.Event) -> bool:
        """Whether a request was not cancelled while it waited."""
        with self._lock:
            if cancelled.is_set():
                return False
            self._begun.add(request_id)
            return True

    def _begin(
        self, services: Services, request: Any, cancelled: threading.Event
    ) -> Optional[Dict[str, Any]]:
        """The result of a request, None where its work goes on in the background."""
        reporter = Reporter(self._send, request.id, cancelled)
        self.outputs = messages.outputs_of(request)
        try:
            service = services.of(messages.kind_of(request))
            result = service(request, reporter)
        finally:
            self.outputs = ()
        if result is None:
            self._background[request.id] = service
            return None
        return result if isinstance(result, dict) else asdict(result)

    def _step(self) -> None:
        """One step of each work in the background."""
        for request_id, service in list(self._background.items()):
            self._attempt(request_id, partial(_background_step, service))

    def _attempt(self, request_id: str, work: Callable[[], Optional[Dict[str, Any]]]) -> None:
        """Do some work of a request; unless it gives None, send the last word on the request."""
        reply: messages.Reply
        is_lost = False
        try:
            result = work()
            if result is None:
                return
            reply = messages.Done(request_id, result)
            messages.encode(reply)  # fails here, where it can be told
        except Cancelled:
            reply = messages.Cancelled(request_id)
        except InputError as error:
            reply = messages.Failed(request_id, str(error), "input")
        except Exception as error:
            traceback.print_exc()
            reply = messages.Failed(request_id, f"{type(error).__name__}: {error}", "failure")
            is_lost = LOST_GPU in str(error)
        self._background.pop(request_id, None)
        with self._lock:
            del self._open[request_id]
            self._begun.discard(request_id)
        self._send(reply)
        if is_lost:
            self._end()
        return_freed_memory()


def _background_step(service: Any) -> Optional[Dict[str, Any]]:
    """None while there is more to do."""
    return None if service.background_step() else {}


def main(arguments: Optional[Sequence[str]] = None) -> NoReturn:
    """Be a worker; ends the process."""
    options = _parser().parse_args(arguments)
    process_tree.own_group()
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started us
    lines = private_input()
    with private_output() as channel:
        lock = threading.Lock()

        def send(reply: messages.Reply) -> None:
            try:
                with lock:
                    channel.write(messages.encode(reply))
                    channel.flush()
            except OSError:
                end()  # nobody reads any more

        def end() -> None:
            _tidy(worker)
            process_tree.end_now(0)

        worker = Worker(send, end)
        _in_thread(_watch_parent, end)
        worker.say_ready()
        _in_thread(_listen, lines, worker, end)
        services = Services()
        services.warm_up(options.warm)
        worker.serve(services, options.idle_minutes * 60)
        process_tree.end_now(0)


def _listen(lines: Iterable[bytes], worker: Worker, end: Callable[[], None]) -> None:
    try:
        for line in lines:
            worker.receive(line)
    finally:
        end()


def _watch_parent(end: Callable[[], None]) -> None:
    """A launcher that is killed takes no child along, and leaves the input open."""
    alive = process_tree.parent_watch()
    while alive():
        time.sleep(ORPHAN_CHECK_SECONDS)
    end()


def _tidy(worker: Worker) -> None:
    """Remove what a write that is cut short leaves."""
    for output in worker.outputs:
        try:
            remove_leftovers(output)
        except OSError as error:
            print(f"Not removed: {error}", file=sys.stderr)


def _in_thread(target: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m AutoContourRTCore.worker",
        description="Serves requests (JSON lines) on standard input; made for other programs.",
    )
    parser.add_argument("--idle-minutes", type=float, default=IDLE_MINUTES, metavar="N",
                        help="end after so long without a request (default: %(default)g)")
    parser.add_argument("--warm", choices=("", *SERVICES), default="segment", metavar="KIND",
                        help="import at the start what this kind of request needs "
                        "(default: %(default)s; '' for none)")
    return parser


if __name__ == "__main__":
    main()
