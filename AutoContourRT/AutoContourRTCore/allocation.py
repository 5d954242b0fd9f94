"""What the C library does with freed memory: here the same large arrays are made ever again."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

# Parameters of mallopt, from malloc.h of glibc; and 1 GiB, in bytes.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE = 1 << 30


def keep_freed_memory() -> None:
    """From now on, use this process's freed memory again instead of returning it to the system.

    glibc returns large arrays as they are freed, and the system must clear every page of the next
    ones: a quarter of the time of contouring, a tenth of a training step (contour_once.py and
    correction.py in Testing/Bench, with this call and without). For processes of our own only.
    Does nothing where the C library is another one (Windows, macOS, musl).
    """
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _LARGE)


def return_freed_memory() -> None:
    """Return it after all: there is nothing to do for a while."""
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _glibc(name: str) -> Any:
    """A function of the C library; None where it is not there."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
