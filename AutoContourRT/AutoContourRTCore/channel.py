"""Standard output for messages alone."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import BinaryIO, Iterator, TextIO


@contextmanager
def private_output() -> Iterator[TextIO]:
    """The process's standard output, for the time of the block reached through this file only.

    Whatever else is printed meanwhile, by Python, by C libraries or by child processes, goes to
    standard error: the file descriptor itself is redirected.
    """
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        with open(own, "w", encoding="utf-8", newline="\n", closefd=False) as file:
            yield file
    finally:
        sys.stdout.flush()
        os.dup2(own, 1)
        os.close(own)


def private_input() -> BinaryIO:
    """The process's standard input; from now on nothing else reads it, nor do child processes."""
    own = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return open(own, "rb")
