"""The worker as a child process of Slicer: started when needed, kept warm, ended for certain.

Nothing here waits: requests go in, callbacks come later from the event loop. Each request ends with
exactly one of onDone, onFailed and onCancelled. The callbacks' messages are for the user.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Deque, List, Mapping, Optional, Sequence, Set

from AutoContourRTCore import __version__, messages, process_tree
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import remove_leftovers
from AutoContourRTLib import WorkerTexts
from AutoContourRTLib.EventLoop import QtTimer, TimerFactory, atQuit
from AutoContourRTLib.Launcher import WORKER_ARGUMENTS, findLauncher, workerEnvironment
from AutoContourRTLib.Lines import LineBuffer
from AutoContourRTLib.QtProcess import QtProcess
from AutoContourRTLib.Requests import OpenRequests, RequestHandler, call, ignore

__all__ = ["Limits", "RequestHandler", "WorkerProcess", "sharedWorker"]
LOG_LINES = 500


@dataclass(frozen=True)
class Limits:
    """Seconds. start: until Ready (a cold disk and a virus scanner are slow). silence: without a
    sign of life while something is asked; the worker answers in mid-computation. ping: how often
    it is asked. grace: from the cancel message to the kill.
    """

    start: float = 180.0
    silence: float = 120.0
    ping: float = 10.0
    grace: float = 8.0


class WorkerProcess:
    """Starts the worker, gives it requests, and says in plain words what went wrong.

    launcher: path of the interpreter (None: PythonSlicer, looked for at the start). arguments and
    environment: what it is started with. processFactory: makes something like QtProcess.
    terminate: ends processes with their children. atQuit: gets shutdown().
    """

    def __init__(
        self,
        launcher: Optional[str] = None,
        arguments: Sequence[str] = WORKER_ARGUMENTS,
        environment: Optional[Mapping[str, str]] = None,
        processFactory: Callable[[], Any] = QtProcess,
        timerFactory: TimerFactory = QtTimer,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        terminate: Callable[..., None] = process_tree.terminate_tree,
        atQuit: Callable[[Callable[[], None]], None] = atQuit,
    ) -> None:
        self._launcher, self._arguments, self._environment = launcher, arguments, environment
        self._makeProcess, self._makeTimer = processFactory, timerFactory
        self._limits, self._terminate, self._atQuit = limits, terminate, atQuit
        self._process: Optional[Any] = None
        self._pids: List[int] = []
        self._dying: List[Any] = []  # killed, not seen to end yet
        self._halfWritten: Set[str] = set()  # by one that was killed
        self._ready = False
        self._silentBeats = 0
        self._heart: Optional[Any] = None
        self._output, self._errors = LineBuffer(), LineBuffer()
        self._open = OpenRequests()
        self._log: Deque[str] = deque(maxlen=LOG_LINES)
        self._lastState = "stopped"
        self._quitting, self._quitIsWatched = False, False
        self.onLog: Optional[Callable[[str], None]] = None
        self.onStateChanged: Optional[Callable[[str], None]] = None

    # What a module calls

    @property
    def state(self) -> str:
        """ "stopped", "starting", "idle" or "busy"."""
        if self._process is None:
            return "stopped"
        if not self._ready:
            return "starting"
        return "busy" if self._open else "idle"

    @property
    def log(self) -> List[str]:
        """The last lines that the worker, or a library in it, printed."""
        return list(self._log)

    def start(self) -> None:
        """Start the worker, if it does not run, so that the first request waits less.

        Raises InputError when there is no launcher.
        """
        if self._process is not None or self._quitting:
            return
        program = self._launcher or findLauncher()
        self._removeHalves()
        process = self._makeProcess()
        process.onOutput, process.onErrorOutput = self._read, self._readErrors
        process.onFinished, process.onFailedToStart = self._finished, self._failedToStart
        self._process, self._pids, self._ready, self._silentBeats = process, [], False, 0
        self._output, self._errors = LineBuffer(), LineBuffer()
        if not self._quitIsWatched:
            self._quitIsWatched = True
            self._atQuit(self.shutdown)
        self._note(f"{WorkerTexts.STARTING}{program} {' '.join(self._arguments)}")
        self._heart = self._makeTimer(self._limits.ping, self._beat, True)
        environment = self._environment
        process.start(
            program, self._arguments, workerEnvironment() if environment is None else environment
        )
        self._stateMayHaveChanged()

    def submit(self, request: Any, handler: RequestHandler) -> str:
        """Have a request served; starts the worker. Its id is replaced by the one returned."""
        number = self._open.add(request, handler)
        if self._quitting:
            self.cancel(number)
            return number
        try:
            self.start()
        except InputError as error:
            self._later(number, 0.0, partial(self._fail, number, str(error)))
        self._sendWaiting()
        self._stateMayHaveChanged()
        return number

    def cancel(self, number: str) -> None:
        """Stop a request; onCancelled comes, also where its result was just on its way."""
        entry = self._open.get(number)
        if entry is None or entry.cancelled:
            return
        entry.cancelled = True
        if not entry.sent:
            self._later(number, 0.0, partial(self._close, number))
            return
        self._write(messages.CancelRequest(number))
        self._later(number, self._limits.grace, partial(self._killFor, number))

    def shutdown(self) -> None:
        """End the worker now; what is open is cancelled. For the end of the application."""
        self._quitting = True
        self._stop()
        for number in list(self._open):
            self._open[number].cancelled = True
            self._close(number)
        for process in self._dying:
            process.waitForEnd(2.0)
        self._removeHalves()
        self._quitting = False

    # What the worker says

    def _read(self, piece: bytes) -> None:
        process = self._process
        for line in self._output.feed(piece):
            if self._process is not process:
                return  # a callback ended it
            self._take(line)

    def _readErrors(self, piece: bytes) -> None:
        self._silentBeats = 0
        for line in self._errors.feed(piece):
            self._note(line.decode("utf-8", "replace"))

    def _take(self, line: bytes) -> None:
        try:
            reply = messages.parse_reply(line)
        except messages.MessageError:
            self._note(line.decode("utf-8", "replace"))  # stray output
            return
        self._silentBeats = 0
        if isinstance(reply, messages.Ready):
            self._takeReady(reply)
        elif isinstance(reply, messages.Failed) and reply.id == "":
            self._failAll(WorkerTexts.notUnderstood(reply.message))
        else:
            self._takeReply(reply)

    def _takeReady(self, reply: messages.Ready) -> None:
        if self._process is not None:
            self._pids = [pid for pid in (self._process.pid, reply.pid) if pid]
        if reply.version != __version__:
            self._stop()
            self._failAll(WorkerTexts.wrongVersion(reply.version, __version__))
            return
        self._ready = True
        self._sendWaiting()
        self._stateMayHaveChanged()

    def _takeReply(self, reply: Any) -> None:
        entry = self._open.get(reply.id)
        if entry is None:
            self._note(f"A reply to no open request: {reply}")
            return
        entry.answered = True
        if isinstance(reply, messages.Progress):
            entry.tell(entry.handler.onProgress, reply.fraction, reply.message)
        elif isinstance(reply, messages.Event):
            entry.tell(entry.handler.onEvent, reply.name, reply.values)
        elif isinstance(reply, messages.Done):
            self._close(reply.id, entry.handler.onDone, reply.result)
        elif isinstance(reply, messages.Failed):
            self._close(reply.id, entry.handler.onFailed, reply.message, reply.cause)
        else:
            entry.cancelled = True
            self._close(reply.id)

    # How it ends

    def _finished(self, code: int, crashed: bool) -> None:
        for buffer in (self._output, self._errors):
            for line in buffer.flush():
                self._note(line.decode("utf-8", "replace"))
        self._note(f"The worker ended ({'signal' if crashed else 'code'} {code}).")
        wasReady = self._ready
        self._forget()
        self._rememberHalves()
        if code == 0 and not crashed and wasReady and self._mayRestart():
            self._restart()
            return
        message = WorkerTexts.ended(code, crashed, wasReady, self.log)
        self._failAll(message + WorkerTexts.lastLines(self.log))

    def _failedToStart(self, reason: str) -> None:
        self._forget()
        message = WorkerTexts.couldNotStart(self._launcher or "PythonSlicer", reason)
        for number in list(self._open):  # later: this may come from within submit()
            self._later(number, 0.0, partial(self._fail, number, message))

    def _mayRestart(self) -> bool:
        """Whether the worker ended of itself just as the requests were on their way to it."""
        waiting = [entry for entry in self._open.values() if not entry.cancelled]
        return bool(waiting) and all(not e.answered and e.restarts == 0 for e in waiting)

    def _restart(self) -> None:
        """Give the open requests to a new worker."""
        for number, entry in list(self._open.items()):
            if entry.cancelled:
                self._close(number)
            else:
                entry.sent, entry.answered, entry.restarts = False, False, entry.restarts + 1
        if not self._open:
            self._stateMayHaveChanged()
            return
        try:
            self.start()
        except InputError as error:
            self._failAll(str(error))

    def _beat(self) -> None:
        """Every few seconds: is it alive? Counted in beats, so that a computer that slept, or a
        Slicer that was busy, is not taken for a worker that is silent.
        """
        if self._process is None or (self._ready and not self._open):
            self._silentBeats = 0
            return
        self._silentBeats += 1
        limit = self._limits.silence if self._ready else self._limits.start
        if self._silentBeats * self._limits.ping > limit:
            started = self._ready
            self._stop()
            self._failAll(WorkerTexts.silent(limit, started) + WorkerTexts.lastLines(self.log))
        elif self._ready:
            self._write(messages.PingRequest())

    def _killFor(self, number: str) -> None:
        """The worker did not stop within the grace time: end it, and serve the others anew."""
        if number not in self._open:
            return
        self._note(f"Killed: it did not stop within {self._limits.grace:g} s.")
        self._stop()
        self._close(number)
        self._restart()

    def _stop(self) -> None:
        """Kill the process with all that it started."""
        process, pids = self._process, self._pids
        if process is None:
            return
        self._forget()
        pids = pids or ([process.pid] if process.pid else [])
        process.letGo()
        self._terminate(*pids)
        self._dying = [each for each in (*self._dying, process) if not each.hasEnded]
        self._rememberHalves()

    def _rememberHalves(self) -> None:
        """Remove what a worker that is dead left of its files, which may lie in a user's folder."""
        sent = (entry.request for entry in self._open.values() if entry.sent)
        self._halfWritten.update(path for each in sent for path in messages.outputs_of(each))
        self._removeHalves()

    def _removeHalves(self) -> None:
        """What cannot be removed (Windows: still open in a dying process) is tried again later."""
        for path in sorted(self._halfWritten):
            try:
                remove_leftovers(path)
            except OSError as error:
                self._note(f"Not removed yet: {error}")
            else:
                self._halfWritten.discard(path)

    def _forget(self) -> None:
        if self._heart is not None:
            self._heart.stop()
        self._process, self._heart, self._ready, self._pids = None, None, False, []
        self._stateMayHaveChanged()

    # Requests

    def _sendWaiting(self) -> None:
        if not self._ready:
            return
        for entry in self._open.values():
            if not entry.sent and not entry.cancelled:
                entry.sent = True
                self._write(entry.request)

    def _write(self, message: Any) -> None:
        if self._process is not None:
            self._process.write(messages.encode(message).encode("ascii"))

    def _later(self, number: str, seconds: float, callback: Callable[[], None]) -> None:
        self._open[number].timers.append(self._makeTimer(seconds, callback))

    def _close(self, number: str, callback: Callable[..., None] = ignore, *values: Any) -> None:
        self._open.close(number, callback, *values)
        self._stateMayHaveChanged()

    def _fail(self, number: str, message: str) -> None:
        self._open.fail(number, message)
        self._stateMayHaveChanged()

    def _failAll(self, message: str) -> None:
        self._open.failAll(message)
        self._stateMayHaveChanged()

    # Log and state

    def _note(self, line: str) -> None:
        self._log.append(line)
        if self.onLog is not None:
            call(self.onLog, line)

    def _stateMayHaveChanged(self) -> None:
        state = self.state
        if state != self._lastState:
            self._lastState = state
            if self.onStateChanged is not None:
                call(self.onStateChanged, state)


_shared: List[WorkerProcess] = []


def sharedWorker() -> WorkerProcess:
    """The one worker of the application, for all modules: one model in memory, one GPU."""
    if not _shared:
        _shared.append(WorkerProcess())
    return _shared[0]
