"""Cases on worker processes of this machine: worker.py, one request at a time each.

Not concurrent.futures: one killed process breaks its whole pool, and with it every case that was
under way. Here each process has a thread that talks to it, and loses its own case alone.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Union

import AutoContourRTCore
from AutoContourRTCore import messages, process_tree
from AutoContourRTCore.cohorts.request import CaseRequest, Replies
from AutoContourRTCore.cohorts.service import share_of_cores

COMMAND = (sys.executable, "-m", "AutoContourRTCore.worker")
#: A case whose worker died is tried so often in all.
ATTEMPTS = 2
END_SECONDS = 5.0
_TICK_SECONDS = 0.2  # a wait without end would not hear Ctrl-C on Windows

Say = Callable[[messages.Reply], None]


class WorkersDoNotStart(RuntimeError):
    """A worker ended before it was ready: no case would fare better."""


class LocalWorkers:
    """A number of workers; what they print goes to log files in a folder."""

    def __init__(self, count: int, logs: Path, command: Sequence[str] = COMMAND) -> None:
        self._count, self._logs, self._command = count, logs, tuple(command)

    def run(self, requests: Sequence[CaseRequest]) -> Replies:
        """What is said of the cases as it comes; Done or Failed is the last word on each.

        Now and then None, where nothing is said for a while. A case whose worker dies is tried
        once more. Closing the iterator ends all workers at once. Raises WorkersDoNotStart.
        """
        count = min(self._count, len(requests))
        self._logs.mkdir(parents=True, exist_ok=True)
        crew = _Crew([replace(each, threads=_threads(count)) for each in requests])
        logs = [self._logs / f"worker{n + 1}.log" for n in range(count)]
        command = (*self._command, "--warm", messages.kind_of(requests[0]))
        threads = [threading.Thread(target=crew.work, args=(command, log)) for log in logs]
        try:
            for thread in threads:
                thread.start()
            left = len(requests)
            while left:
                said = crew.next_said()
                left -= isinstance(said, (messages.Done, messages.Failed))
                yield said
        finally:
            crew.stop()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()


class _Crew:
    """What the threads share: cases that wait, what was said, and the processes that run."""

    def __init__(self, requests: Sequence[CaseRequest]) -> None:
        self._waiting: "queue.Queue[CaseRequest]" = queue.Queue()
        self._said: "queue.Queue[Union[messages.Reply, Exception]]" = queue.Queue()
        self._running: List[_Process] = []
        self._lock, self._stopped = threading.Lock(), False
        for request in requests:
            self._waiting.put(request)

    def next_said(self) -> Optional[messages.Reply]:
        """The next message, None where there is none yet; raises what stopped a thread."""
        try:
            said = self._said.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            return None
        if isinstance(said, Exception):
            raise said
        return said

    def stop(self) -> None:
        """End all processes; the threads notice."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def work(self, command: Sequence[str], log: Path) -> None:
        """A thread's work: cases until there are no more."""
        process: Optional[_Process] = None
        try:
            while not self._stopped:
                process = self._do(self._waiting.get_nowait(), process, command, log)
        except queue.Empty:
            pass  # nothing left to do
        except Exception as error:
            self._said.put(error)
        finally:
            if process is not None:
                self._end(process)

    def _do(
        self, request: CaseRequest, process: Optional[_Process], command: Sequence[str], log: Path
    ) -> Optional[_Process]:
        """One case; returns the process for the next one."""
        self._said.put(messages.Progress(request.id, 0.0, "starting"))
        for _ in range(ATTEMPTS):
            process = process or self._start(command, log)
            if process is None:  # stopped
                return None
            last = process.ask(request, self._said.put)
            if last is not None:
                self._said.put(last)
                return process
            self._end(process)
            code, started = process.code, process.pid is not None
            process = None
        if not self._stopped and not started:
            raise WorkersDoNotStart(f"A worker ended ({code}) before it was ready; see {log}.")
        self._said.put(messages.Failed(
            request.id,
            f"its worker died {ATTEMPTS} times ({code}; by signal 9 most often for lack of memory: "
            f"use fewer --workers); see {log}", "failure",
        ))  # fmt: skip
        return None

    def _start(self, command: Sequence[str], log: Path) -> Optional[_Process]:
        with self._lock:
            if self._stopped:
                return None
            process = _Process(command, log)
            self._running.append(process)
            return process

    def _end(self, process: _Process) -> None:
        process.end()
        with self._lock:
            self._running.remove(process)


class _Process:
    """One worker process. pid: its own number once it is ready; code: how it ended, in words."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        with open(log, "ab") as stderr:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                env=_environment(),
            )  # fmt: skip
        self.pid: Optional[int] = None
        self.code = ""

    def ask(self, request: CaseRequest, say: Say) -> Optional[messages.Reply]:
        """The last word on a request, None where the process died; what comes before is said."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(messages.encode(request).encode("ascii"))
            self._process.stdin.flush()
        except OSError:
            return None  # it is gone
        for line in self._process.stdout:
            reply = messages.parse_reply(line)
            if isinstance(reply, messages.Ready):
                self.pid = reply.pid
            elif isinstance(reply, messages.Progress):
                say(reply)
            elif isinstance(reply, (messages.Done, messages.Failed)):
                # A line that is not understood is answered without an id.
                return replace(reply, id=request.id)
        return None

    def kill(self) -> None:
        """End it in this instant, with all that it started."""
        if self._process.poll() is not None:
            return  # the number may be another's by now
        process_tree.terminate_tree(self._process.pid, *([self.pid] if self.pid else []))

    def end(self) -> None:
        """Let it end, kill it if it does not; sets `code`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.close()
        except OSError:
            pass  # what was not sent yet: nobody reads it any more
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        self._process.stdout.close()
        self.code = f"signal {-code}" if code < 0 else f"exit code {code}"


def _threads(workers: int) -> int:
    """What OMP_NUM_THREADS says (batch systems set it for each process), else a share."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdigit() and int(said) > 0 else share_of_cores(workers)


def _environment() -> "dict[str, str]":
    """That of this process; the worker must find the same program."""
    ours = str(Path(AutoContourRTCore.__file__).resolve().parent.parent)
    paths = [ours, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
