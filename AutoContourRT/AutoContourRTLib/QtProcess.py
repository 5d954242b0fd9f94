"""A QProcess with few manners, the same under PythonQt and PySide6."""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Sequence, Set

#: Processes that were let go but have not ended: a QProcess that is destroyed early would wait.
_ending: Set["QtProcess"] = set()


class QtProcess:
    """One child process. The callbacks are set before start() and called from the event loop.

    onOutput, onErrorOutput: bytes of standard output and standard error, in pieces of any size.
    onFinished(code, crashed): the last call; onFailedToStart(reason): then the only one.
    """

    def __init__(self) -> None:
        import qt

        self._qt = qt
        self._process = qt.QProcess()
        self._process.setProcessChannelMode(qt.QProcess.SeparateChannels)
        self.onOutput: Optional[Callable[[bytes], None]] = None
        self.onErrorOutput: Optional[Callable[[bytes], None]] = None
        self.onFinished: Optional[Callable[[int, bool], None]] = None
        self.onFailedToStart: Optional[Callable[[str], None]] = None
        self._process.connect("readyReadStandardOutput()", self._readOutput)
        self._process.connect("readyReadStandardError()", self._readErrorOutput)
        self._process.connect("finished(int,QProcess::ExitStatus)", self._finished)
        self._process.connect("errorOccurred(QProcess::ProcessError)", self._error)

    def start(
        self, program: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        """Start a program; returns at once."""
        variables = self._qt.QProcessEnvironment()
        for name, value in environment.items():
            variables.insert(name, value)
        self._process.setProcessEnvironment(variables)
        self._process.start(program, list(arguments))

    def write(self, line: bytes) -> None:
        """Send bytes to its standard input; returns at once."""
        self._process.write(line)

    @property
    def pid(self) -> int:
        """Its number; 0 where it does not run."""
        return int(self._process.processId())

    def letGo(self) -> None:
        """No callback any more; the object lives on until the process has ended."""
        self.onOutput = self.onErrorOutput = self.onFinished = self.onFailedToStart = None
        if not self.hasEnded:
            self._process.closeWriteChannel()
            _ending.add(self)

    def waitForEnd(self, seconds: float) -> None:
        """Block until it has ended; for the end of the application only."""
        self._process.waitForFinished(int(seconds * 1000))

    @property
    def hasEnded(self) -> bool:
        """Whether it runs no longer, or never did."""
        return bool(self._process.state() == self._qt.QProcess.NotRunning)

    def _readOutput(self) -> None:
        self._pass(self._process.readAllStandardOutput(), self.onOutput)

    def _readErrorOutput(self) -> None:
        self._pass(self._process.readAllStandardError(), self.onErrorOutput)

    def _pass(self, read: object, callback: Optional[Callable[[bytes], None]]) -> None:
        data = read.data()
        if isinstance(data, str):  # some versions of PythonQt
            data = data.encode("utf-8", "surrogateescape")
        if callback is not None and data:
            callback(bytes(data))

    def _finished(self, code: int, status: object) -> None:
        _ending.discard(self)
        if self.onFinished is None:
            return  # let go: perhaps it is just being destroyed
        self._readOutput()
        self._readErrorOutput()
        self.onFinished(int(code), status == self._qt.QProcess.CrashExit)

    def _error(self, error: object) -> None:
        if error == self._qt.QProcess.FailedToStart:
            _ending.discard(self)
            if self.onFailedToStart is not None:
                self.onFailedToStart(str(self._process.errorString()))
