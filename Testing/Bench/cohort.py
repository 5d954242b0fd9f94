"""How throughput grows with workers, and what limits it; the last line printed is JSON (lines to
show).

    python cohort.py [CASES]

`segment-cohort` on a part of the phantom, 1 HU brighter from case to case (a worker that is given
the very same image again answers from memory), then `evaluate` of what it gave against itself, each
with 1 worker (A) and 2 (B) that share all cores, in the order A, B, B, A, so that a slow drift
of a shared machine falls on both. A minute is of the whole command, with the start of its workers.

What limits it is read from the columns, on a machine with nothing else to do (its load before is
told: other work takes cores away, which looks like waiting here). "cores busy" is CPU seconds of
all processes per second; near the number of cores, the CPU is the limit, and more workers give
nothing. Well below it, the processes wait: for the disk (read and written per case are told) or for
a start. Memory is the largest of any one process; times the workers it must fit. CPU seconds per
case that grow with the workers mean that they get in each other's way (caches, memory bandwidth).
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List

import numpy as np

from AutoContourRTCore.cohorts.service import share_of_cores
from AutoContourRTCore.cores import cores
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.volume import Volume

CASES = 8
ORDER = (1, 2, 2, 1)
TABLES = {"segment-cohort": "summary.csv", "evaluate": "cases.csv"}


@dataclass(frozen=True)
class Timed:
    """One command. seconds, cpu: of all its processes; peak_gb: of the largest of them.

    own: mean seconds of a case as its worker tells; read_mb, written_mb: from and to the disk.
    """

    seconds: float
    cpu: float
    peak_gb: float
    own: float
    read_mb: float
    written_mb: float


def main() -> None:
    """Time both commands, print what to show."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    lines = [f"cohorts of {count} cases, {cores()} cores, load {os.getloadavg()[0]:.1f} before:"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_cases(folder / "in", count)
        contours = folder / "contours"
        for command in TABLES:
            runs: Dict[int, List[Timed]] = {1: [], 2: []}
            for workers in ORDER:
                out = folder / "out"
                runs[workers].append(timed(command, folder, out, workers))
                told = f"{command}, {workers} worker(s): {runs[workers][-1].seconds:.1f} s"
                print(told, file=sys.stderr, flush=True)
                if command == "segment-cohort" and not contours.exists():
                    contours.mkdir()
                    for path in out.glob("*.seg.nrrd"):
                        shutil.move(str(path), contours)
                shutil.rmtree(out)
            lines += told_of(command, runs, count)
    print(json.dumps(lines))


def make_cases(folder: Path, count: int) -> None:
    """80 mm of the phantom: a case takes seconds, so that the start of workers shows as well."""
    folder.mkdir()
    whole = make_phantom()[0]
    shape, low = whole.geometry.shape, whole.geometry.shape[0] // 3
    part = np.ascontiguousarray(whole.array[low : low + 32])
    geometry = whole.geometry.cropped((low, 0, 0), (low + 32, *shape[1:]))
    for n in range(count):
        write_volume(Volume(part + part.dtype.type(n), geometry), folder / f"case{n}.nrrd")


def timed(command: str, folder: Path, out: Path, workers: int) -> Timed:
    """One command in a process of its own, with all that it starts."""
    where = [folder / "in", out, "--device", "cpu"] if command == "segment-cohort" else [
        folder / "contours", folder / "contours", "-o", out
    ]
    words = [sys.executable, "-m", "AutoContourRTCore", command, *where, "--workers", workers,
             "--progress", "none"]  # fmt: skip
    began = time.monotonic()
    pid = os.posix_spawn(sys.executable, [str(word) for word in words], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    with open(out / TABLES[command], encoding="utf-8", newline="") as file:
        own = [float(row["seconds"]) for row in csv.DictReader(file)]
    return Timed(
        seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, statistics.mean(own),
        used.ru_inblock * 512 / 1e6, used.ru_oublock * 512 / 1e6,
    )  # fmt: skip


def told_of(command: str, runs: Dict[int, List[Timed]], count: int) -> List[str]:
    """A line for each number of workers, and the ratio."""
    lines, pace = [], {}
    for workers, found in runs.items():
        mean = {
            name: statistics.mean(getattr(each, name) for each in found)
            for name in ("seconds", "cpu", "peak_gb", "own", "read_mb", "written_mb")
        }
        pace[workers] = 60 * count / mean["seconds"]
        waiting = mean["seconds"] - mean["own"] * count / workers
        lines.append(
            f"{command}, {workers} worker(s) of {share_of_cores(workers)} thread(s): "
            f"{pace[workers]:.1f} cases a minute; a case {mean['own']:.2f} s, of CPU "
            f"{mean['cpu'] / count:.2f} s; cores busy {mean['cpu'] / mean['seconds']:.2f}; "
            f"start-up and waiting {waiting:.1f} s; peak {mean['peak_gb']:.2f} GB; disk "
            f"{mean['read_mb'] / count:.1f} MB read, {mean['written_mb'] / count:.1f} MB written "
            "a case"
        )
    return [*lines, f"{command}, throughput of 2 workers / 1: {pace[2] / pace[1]:.2f}x"]


if __name__ == "__main__":
    main()
