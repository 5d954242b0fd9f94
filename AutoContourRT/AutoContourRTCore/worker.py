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
from typing import Callable, Dict, Iterable, NoReturn, Optional, Sequence, Union

from AutoContourRTCore import __version__, messages, process_tree
from AutoContourRTCore.channel import private_input, private_output
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.progress import Progress
from AutoContourRTCore.volumes.atomic import remove_leftovers

IDLE_MINUTES = 15.0
ORPHAN_CHECK_SECONDS = 0.25

Task = Callable[[SegmentRequest, Progress], SegmentResult]
Send = Callable[[messages.Reply], None]


class Worker:
    """Serves requests one at a time, in order; `receive` may be called from another thread.

    send: gives a reply to the other side. end: ends the process, for a quit request.
    """

    def __init__(self, send: Send, end: Callable[[], None]) -> None:
        self._send, self._end = send, end
        self._open: Dict[str, threading.Event] = {}  # request -> whether it was cancelled
        self._waiting: queue.Queue[SegmentRequest] = queue.Queue()
        self.output: Optional[str] = None  # what is being written just now

    def receive(self, line: Union[str, bytes]) -> None:
        """Take one line of the other side; a wrong one is answered, never an error here."""
        try:
            request = messages.parse_request(line)
        except messages.MessageError as error:
            self._send(messages.Failed(error.id, str(error), "input"))
            return
        if isinstance(request, SegmentRequest):
            self._take(request)
        elif isinstance(request, messages.CancelRequest):
            self._cancel(request.id)
        elif isinstance(request, messages.PingRequest):
            self.say_ready()
        else:
            self._end()

    def say_ready(self) -> None:
        """Tell the other side that somebody listens."""
        self._send(messages.Ready(os.getpid(), __version__))

    def serve(self, task: Task, idle_seconds: float) -> None:
        """Let `task` do the work of each request, until none has come for some time."""
        while True:
            try:
                request = self._waiting.get(timeout=idle_seconds)
            except queue.Empty:
                return
            reply = self._attempt(task, request, self._open[request.id])
            del self._open[request.id]
            self._send(reply)

    def _take(self, request: SegmentRequest) -> None:
        if request.id in self._open:
            message = f"The request {request.id!r} is still open; give each an id of its own."
            self._send(messages.Failed("", message, "input"))
            return
        self._open[request.id] = threading.Event()
        self._waiting.put(request)

    def _cancel(self, request_id: str) -> None:
        event = self._open.get(request_id)
        if event is not None:
            event.set()

    def _attempt(
        self, task: Task, request: SegmentRequest, cancelled: threading.Event
    ) -> messages.Reply:
        """The last word on a request."""
        self.output = request.output
        try:
            result = task(request, self._reporter(request.id, cancelled))
            return messages.Done(request.id, asdict(result))
        except Cancelled:
            return messages.Cancelled(request.id)
        except InputError as error:
            return messages.Failed(request.id, str(error), "input")
        except Exception as error:
            traceback.print_exc()
            return messages.Failed(request.id, f"{type(error).__name__}: {error}", "failure")
        finally:
            self.output = None

    def _reporter(self, request_id: str, cancelled: threading.Event) -> Progress:
        highest = 0.0

        def report(fraction: float, message: str) -> None:
            nonlocal highest
            if cancelled.is_set():
                raise Cancelled()
            highest = max(highest, min(fraction, 1.0))
            self._send(messages.Progress(request_id, highest, message))

        return report


def main(arguments: Optional[Sequence[str]] = None) -> NoReturn:
    """Be a worker; ends the process."""
    options = _parser().parse_args(arguments)
    process_tree.own_group()
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
        worker.serve(_ready_service(), options.idle_minutes * 60)
        process_tree.end_now(0)


def _ready_service() -> Task:
    """What serves the requests, with its imports, which take seconds."""
    from AutoContourRTCore.segmentation.service import SegmentationService

    service = SegmentationService()
    try:
        service.warm_up()
    except Exception:
        traceback.print_exc()  # each request will fail with the same error, and say so
    return service


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
    if worker.output is None:
        return
    try:
        remove_leftovers(worker.output)
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
    return parser


if __name__ == "__main__":
    main()
