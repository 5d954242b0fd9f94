"""What further requests to a warm worker save; the last line printed is JSON (lines to show)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Optional

from contour_once import MODEL, load_case

from AutoContourRTCore import messages
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.volume import Volume


def main() -> None:
    """Time the first request from the worker's start, then others."""
    with tempfile.TemporaryDirectory() as folder:
        ct, other = (Path(folder) / f"{name}.nrrd" for name in ("ct", "other"))
        volume = load_case()[0]
        write_volume(volume, ct)
        write_volume(Volume(volume.array + 1, volume.geometry), other)
        started = time.monotonic()
        worker = subprocess.Popen(
            [sys.executable, "-m", "AutoContourRTCore.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )
        first = request(worker, ct, "first", started)
        same, another = (request(worker, path, path.stem) for path in (ct, other))
        worker.stdin.close()
        worker.wait(timeout=10)
    print(json.dumps([
        "",
        f"worker: first request {first:.1f} s with its start; the same CT again {same:.1f} s, "
        f"saved {first - same:.1f} s; another CT {another:.1f} s, saved {first - another:.1f} s",
    ]))


def request(
    worker: "subprocess.Popen[str]", ct: Path, name: str, started: Optional[float] = None
) -> float:
    """Send a request, read replies to its end; seconds from now, or from `started`."""
    started = time.monotonic() if started is None else started
    message = messages.SegmentRequest(name, str(ct), str(ct.with_name(f"{name}.seg.nrrd")), MODEL)
    worker.stdin.write(messages.encode(message).rstrip("\n") + "\n")
    worker.stdin.flush()
    for line in worker.stdout:
        reply = messages.parse_reply(line)
        if isinstance(reply, messages.Done):
            return time.monotonic() - started
        if isinstance(reply, messages.Failed):
            raise SystemExit(reply.message)
    raise SystemExit("the worker ended")


if __name__ == "__main__":
    main()
