"""``autocontourrt``: reads the command line, runs a command, turns errors into exit codes.

0 done; 2 bad input: one plain line says what and how to mend it; 3 failed: a bug or the machine;
130 cancelled (Ctrl-C), nothing half-written is left. Commands import what they need when they run,
so that help and mistakes are answered at once.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import tempfile
import threading
import traceback
from typing import Optional, Sequence

from AutoContourRTCore import __version__
from AutoContourRTCore.allocation import keep_freed_memory
from AutoContourRTCore.cli import (
    compare_command,
    convert_command,
    correct_command,
    evaluate_command,
    models_command,
    phantom_command,
    segment_cohort_command,
    segment_command,
    self_test_command,
    simulate_command,
    tolerances_command,
    train_command,
)
from AutoContourRTCore.cli.common_options import common_options
from AutoContourRTCore.cli.terminal import Console, console
from AutoContourRTCore.errors import Cancelled, InputError

BAD_INPUT, FAILED, CANCELLED = 2, 3, 130

COMMANDS = (
    segment_command, segment_cohort_command, convert_command, compare_command, evaluate_command,
    tolerances_command, models_command, train_command, correct_command, simulate_command,
    phantom_command, self_test_command,
)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command (default: the process's arguments); returns the exit code."""
    _speak_plainly()
    keep_freed_memory()
    options = parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # batch systems cancel so
    with console(options.progress, options.command) as screen:
        return _run(options, screen)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="autocontourrt",
        description="Contours organs at risk on CT. Research use only, not a medical device.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add_parser(commands, common_options())
    return top


def _run(options: argparse.Namespace, screen: Console) -> int:
    try:
        code: int = options.run(options, screen)
        return code
    except InputError as error:
        screen.failed(f"autocontourrt: {error}", "input")
        return BAD_INPUT
    except (KeyboardInterrupt, Cancelled) as error:
        screen.cancelled(f"autocontourrt: {str(error) or 'cancelled; nothing was written.'}")
        return CANCELLED
    except Exception as error:
        what = f"autocontourrt: failed: {type(error).__name__}: {error}"
        if options.debug:
            traceback.print_exc()
            screen.failed(what, "failure")
        else:
            screen.failed(f"{what} (traceback: {_log()}; or use --debug)", "failure")
        return FAILED


def _log() -> str:
    """Write the traceback of the present error to a file of its own; returns its path."""
    try:
        handle, path = tempfile.mkstemp(prefix="autocontourrt-", suffix=".log")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(traceback.format_exc())
    except OSError as error:
        return f"not written, {error}"
    return os.path.abspath(path)


def _speak_plainly() -> None:
    """A path that the terminal's encoding lacks must not spoil what is done already."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
