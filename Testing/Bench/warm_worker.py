"""What a second request to a warm worker saves; the last line printed is JSON (lines to show)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from contour_once import MODEL, load_case

from AutoContourRTCore import messages
from AutoContourRTCore.volumes.files import write_volume


def main() -> None:
    """Time the first request from the worker's start, then a second one."""
    with tempfile.TemporaryDirectory() as folder:
        ct = Path(folder) / "ct.nrrd"
        write_volume(load_case()[0], ct)
        started = time.monotonic()
        worker = subprocess.Popen(
            [sys.executable, "-m", "AutoContourRTCore.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )
        first = request(worker, ct, "first") - started
        started = time.monotonic()
        second = request(worker, ct, "second") - started
        worker.stdin.close()
        worker.wait(timeout=10)
    print(json.dumps([
        "",
        f"worker: first request {first:.1f} s with its start, second {second:.1f} s; "
        f"saved {first - second:.1f} s",
    ]))


def request(worker: "subprocess.Popen[str]", ct: Path, name: str) -> float:
    """Send a request, read replies to its end; the time when it was done."""
    message = messages.SegmentRequest(name, str(ct), str(ct.with_name(f"{name}.seg.nrrd")), MODEL)
    worker.stdin.write(messages.encode(message).rstrip("\n") + "\n")
    worker.stdin.flush()
    for line in worker.stdout:
        reply = messages.parse_reply(line)
        if isinstance(reply, messages.Done):
            return time.monotonic()
        if isinstance(reply, messages.Failed):
            raise SystemExit(reply.message)
    raise SystemExit("the worker ended")


if __name__ == "__main__":
    main()
