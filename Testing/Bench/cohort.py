"""How many cases an hour one worker and two do; the last line printed is JSON (lines to show).

    python cohort.py [CASES]

The same phantoms, all cores shared by the workers, one command after the other: A (1 worker),
B (2), B, A, so that a slow drift of a shared machine falls on both. Seconds are of the whole
command, with the start of its workers; "at work" is the mean of a case's own seconds times cases
per worker, so that what is left over is start-up.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.volume import Volume

CASES = 4


def main() -> None:
    """Time both, print the ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        write_volume(neck(), folder / "in" / "case0.nrrd")
        for n in range(1, count):
            shutil.copy(folder / "in" / "case0.nrrd", folder / "in" / f"case{n}.nrrd")
        runs: Dict[int, List[Tuple[float, float]]] = {1: [], 2: []}
        for workers in (1, 2, 2, 1):
            runs[workers].append(timed(folder, workers))
            print(f"{workers} worker(s): {runs[workers][-1][0]:.1f} s", file=sys.stderr, flush=True)
    print(json.dumps(lines(runs, count)))


def neck() -> Volume:
    """80 mm of the phantom: a case takes seconds, so that the start of workers shows as well."""
    whole = make_phantom()[0]
    shape, low = whole.geometry.shape, whole.geometry.shape[0] // 3
    high = low + 32
    return Volume(
        np.ascontiguousarray(whole.array[low:high]),
        whole.geometry.cropped((low, 0, 0), (high, *shape[1:])),
    )


def timed(folder: Path, workers: int) -> Tuple[float, float]:
    """Seconds of one command, and the mean seconds of a case in it."""
    out = folder / "out"
    command = [sys.executable, "-m", "AutoContourRTCore", "segment-cohort", folder / "in", out,
               "--workers", str(workers), "--device", "cpu", "--progress", "none"]
    began = time.monotonic()
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    seconds = time.monotonic() - began
    with open(out / "summary.csv", encoding="utf-8", newline="") as file:
        own = [float(row["seconds"]) for row in csv.DictReader(file)]
    shutil.rmtree(out)
    return seconds, statistics.mean(own)


def lines(runs: Dict[int, List[Tuple[float, float]]], count: int) -> List[str]:
    """What to show."""
    whole = {n: statistics.mean(each[0] for each in found) for n, found in runs.items()}
    own = {n: statistics.mean(each[1] for each in found) for n, found in runs.items()}
    each = [
        f"{n} worker(s): {whole[n]:.1f} s for {count} cases ({3600 * count / whole[n]:.0f} an "
        f"hour), {own[n]:.1f} s a case, {whole[n] - own[n] * count / n:.1f} s start-up and waiting"
        for n in runs
    ]
    return [f"cohort, {os.cpu_count()} cores:", *each,
            f"throughput of 2 workers / 1: {whole[1] / whole[2]:.2f}x"]  # fmt: skip


if __name__ == "__main__":
    main()
