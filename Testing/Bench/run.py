"""`make bench`: our way and the plain way to contour, side by side; one process a run. Then the
contour metrics against the public library (bench_metrics.py).

Ours: body crop, windows of the training patch with 25 % overlap, channels-last, bfloat16 where
the CPU has it, freed memory kept (allocation.py). Plain: the whole volume, on the same lattice, in
windows with 50 % overlap, float32, contiguous, no crop. Both write masks on the input's grid; Dice
of each against the clinician. Figures are whole-process: seconds with start-up, peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Sequence

HERE = Path(__file__).parent
CASES = ("128^3", "512x512x160")
#: What is timed besides; each script's last line is a JSON list of lines to print.
PARTS = {
    "A warm worker": "warm_worker.py",
    "Corrective training": "correction.py",
    "Cohorts": "cohort.py",
}


def last_line(arguments: Sequence[str]) -> str:
    """What a Python process prints last."""
    command = [sys.executable, *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{finished.stderr}")
    return finished.stdout.splitlines()[-1]


def run_once(case: str, way: str) -> Dict[str, float]:
    """One process: seconds, peak_gb, dice."""
    result: Dict[str, float] = json.loads(last_line([str(HERE / "contour_once.py"), case, way]))
    return result


def compare(case: str, pairs: int) -> List[str]:
    """Markdown rows of one case: medians and the ratio measured pair by pair."""
    runs: Dict[str, List[Dict[str, float]]] = {"plain": [], "ours": []}
    for _ in range(pairs):
        for way in runs:
            runs[way].append(run_once(case, way))
    ratios = [p["seconds"] / o["seconds"] for p, o in zip(runs["plain"], runs["ours"])]
    inner = [p["segment_s"] / o["segment_s"] for p, o in zip(runs["plain"], runs["ours"])]
    rows = []
    for way, results in runs.items():
        median = {key: statistics.median(r[key] for r in results) for key in results[0]}
        rows.append(
            f"| {case} | {way} | {median['seconds']:.1f} | {median['segment_s']:.1f} "
            f"| {median['peak_gb']:.2f} | {median['dice']:.4f} |"
        )
    rows.append(
        f"| {case} | plain / ours | {statistics.median(ratios):.2f}x "
        f"| {statistics.median(inner):.2f}x | | |"
    )
    return rows


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3, help="runs of the small case, each way")
    pairs = parser.parse_args().pairs
    print(f"{os.cpu_count()} CPU cores; shared machine: trust the ratios, not the seconds.")
    print("| case | way | s with start-up | s contouring | peak GB | mean Dice |")
    print("|---|---|---|---|---|---|")
    for case, count in zip(CASES, (pairs, 1)):
        for row in compare(case, count):
            print(row, flush=True)
    for title, script in PARTS.items():
        print(f"\n{title}", flush=True)
        for line in json.loads(last_line([str(HERE / script)])):
            print(line, flush=True)
    print("\nContour metrics", flush=True)
    subprocess.run([sys.executable, str(HERE / "bench_metrics.py")], check=True)


if __name__ == "__main__":
    main()
