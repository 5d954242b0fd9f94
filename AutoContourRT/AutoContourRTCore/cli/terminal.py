"""What a command says: to a person at a terminal or in a log, or to a program as JSON lines."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from typing import Any, ContextManager, Dict, Iterator, TextIO

from AutoContourRTCore import messages
from AutoContourRTCore.channel import private_output
from AutoContourRTCore.progress import Progress, ignore_progress


class Console:
    """For people: results on standard output, everything else on standard error."""

    def say(self, text: str) -> None:
        """A part of the result, or something worth knowing."""
        print(text, flush=True)

    def note(self, text: str) -> None:
        """A warning or a remark; where a bar is shown, above it."""
        _note(text)

    def progress(self, title: str) -> ContextManager[Progress]:
        """A callback for the time of a `with` block."""
        return progress_bar(title)

    def done(self, result: Dict[str, Any]) -> None:
        """The result for programs; people were told by `say`."""

    def failed(self, message: str, cause: str) -> None:
        """The last word; cause: 'input' or 'failure'."""
        self.note(message)

    def cancelled(self, message: str) -> None:
        """The last word."""
        self.note(message)


class QuietConsole(Console):
    """For people, without progress."""

    def progress(self, title: str) -> ContextManager[Progress]:
        """A callback that shows nothing."""
        return nullcontext(ignore_progress)


class JsonConsole(Console):
    """For programs: the worker's replies (messages.py), the command's name as their id."""

    def __init__(self, file: TextIO, command: str) -> None:
        self._file, self._command = file, command
        self._highest = 0.0

    def say(self, text: str) -> None:
        """The result is in `done`; the words go to standard error."""
        self.note(text)

    def progress(self, title: str) -> ContextManager[Progress]:
        """A callback that writes a line each time."""
        return nullcontext(self._report)

    def done(self, result: Dict[str, Any]) -> None:
        """The last line."""
        self._send(messages.Done(self._command, result))

    def failed(self, message: str, cause: str) -> None:
        """The last line."""
        self.note(message)
        self._send(messages.Failed(self._command, message, cause))

    def cancelled(self, message: str) -> None:
        """The last line."""
        self.note(message)
        self._send(messages.Cancelled(self._command))

    def _report(self, fraction: float, message: str) -> None:
        self._highest = max(self._highest, min(fraction, 1.0))
        self._send(messages.Progress(self._command, self._highest, message))

    def _send(self, reply: messages.Reply) -> None:
        self._file.write(messages.encode(reply))
        self._file.flush()


@contextmanager
def console(kind: str, command: str) -> Iterator[Console]:
    """The console of --progress auto, json or none."""
    if kind == "json":
        with private_output() as file:
            yield JsonConsole(file, command)
    else:
        yield QuietConsole() if kind == "none" else Console()


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Progress on standard error: a bar on a terminal, else a line for every tenth."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    try:
        from AutoContourRTCore.cli.tqdm_bar import Bar
    except ImportError:  # Slicer's Python need not have it
        yield _lines(title)
        return
    bar = Bar(title)
    try:
        yield bar.report
    finally:
        bar.close()


def _note(text: str) -> None:
    if sys.stderr.isatty():
        try:
            from AutoContourRTCore.cli.tqdm_bar import write_above
        except ImportError:
            pass  # then there is no bar either
        else:
            write_above(text)
            return
    print(text, file=sys.stderr, flush=True)


def _lines(title: str) -> Progress:
    tenths = -1

    def report(fraction: float, message: str) -> None:
        nonlocal tenths
        if int(10 * fraction) > tenths:
            tenths = int(10 * fraction)
            print(f"{title}: {fraction:4.0%} {message}", file=sys.stderr, flush=True)

    return report
