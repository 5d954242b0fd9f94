"""Whether a process still runs, read from Linux' /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


def gone(pid: int) -> bool:
    """Whether a process is over (a zombie that nobody collects is)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"
