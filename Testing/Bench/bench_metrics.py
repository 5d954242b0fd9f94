"""All measures of a 21-organ case of 512x512x~160 against the public reference library.

    python bench_metrics.py [PAIRS_OF_RUNS]

Both read the same masks in memory, in one process, in turn; the library (PyPI surface-distance)
computes its Dice, surface Dice, average distances and HD95, ours these and all others. First with
both on one core, then ours on all. Takes the oncologist's and the radiographer's masks of a case
in AUTOCONTOURRT_DATA, else 21 ellipsoids. Also ours: the highest memory above the masks.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.cores import cores
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.comparison import compare
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap

CASE = "0522c0014"
TAU = 2.5
Sets = Tuple[LabelMap, LabelMap]


def observers() -> Sets:
    """Both observers' masks of one case."""
    root = Path(os.environ["AUTOCONTOURRT_DATA"]) / "masks_tcia" / "validation"
    found = []
    for who in ("oncologist", "radiographer"):
        masks: Dict[str, np.ndarray] = {}
        for path in sorted((root / who / CASE / "segmentations").glob("*.nrrd")):
            volume = read_volume(path)
            masks[path.stem] = volume.array > 0
        found.append(LabelMap(masks, volume.geometry))
    return found[0], found[1]


def ellipsoids() -> Sets:
    """21 organs from a lens to a brain, and the same a little shifted."""
    grid = Geometry((160, 512, 512), (2.5, 1.0, 1.0))
    rng = np.random.default_rng(0)
    sets = ({}, {})
    for n in range(21):
        radii = np.geomspace(4, 75, 21)[n] * rng.uniform(0.8, 1.2, 3)
        centre = rng.uniform(90, 310, 3)
        for side, shift in zip(sets, (0.0, 1.3)):
            side[f"organ {n}"] = ellipsoid(grid, centre + shift, radii)
    return LabelMap(sets[0], grid), LabelMap(sets[1], grid)


def ellipsoid(grid: Geometry, centre: np.ndarray, radii: np.ndarray) -> np.ndarray:
    axes = [((np.arange(n) * d - c) / r) ** 2
            for n, d, c, r in zip(grid.shape, grid.spacing, centre, radii)]
    return axes[0][:, None, None] + axes[1][:, None] + axes[2] <= 1


def ours(sets: Sets, workers: int) -> List[float]:
    """Everything that `compare` gives; returns the surface Dice."""
    found = compare(*sets, Settings(workers=workers))
    return [row["surface_dice"] for row in found.rows]


def theirs(sets: Sets) -> List[float]:
    """The library's measures; returns the surface Dice."""
    import surface_distance as library

    values = []
    for name, a in sets[0].masks.items():
        b = sets[1].masks[name]
        distances = library.compute_surface_distances(a, b, sets[0].geometry.spacing)
        library.compute_dice_coefficient(a, b)
        library.compute_average_surface_distance(distances)
        library.compute_robust_hausdorff(distances, 95)
        values.append(float(library.compute_surface_dice_at_tolerance(distances, TAU)))
    return values


def timed(work: Callable[[], object]) -> Tuple[float, float]:
    """Seconds on the clock, and of all cores' work."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_mb(work: Callable[[], object]) -> float:
    """The highest resident memory above what there was before; NaN off Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return float("nan")
    before = status_mb("VmRSS")
    work()
    return status_mb("VmHWM") - before


def status_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def main() -> None:
    # Names that today's NumPy and SciPy dropped, lent to the library.
    np.Inf, np.NaN = np.inf, np.nan
    ndimage.filters = ndimage.morphology = ndimage
    sets = observers() if os.environ.get("AUTOCONTOURRT_DATA") else ellipsoids()
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    all_cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    memory = peak_mb(lambda: ours(sets, 0))  # the first run, before memory is kept for reuse
    if all_cores:
        os.sched_setaffinity(0, {max(all_cores)})
    one = [(timed(lambda: ours(sets, 1)), timed(lambda: theirs(sets))) for _ in range(pairs)]
    if all_cores:
        os.sched_setaffinity(0, all_cores)
    many = [timed(lambda: ours(sets, 0)) for _ in range(pairs)]
    print_table(sets, one, many, memory)


def print_table(
    sets: Sets,
    one: List[Tuple[Tuple[float, float], Tuple[float, float]]],
    many: List[Tuple[float, float]],
    memory: float,
) -> None:
    """Markdown: medians, and ratios measured pair by pair."""
    shape = " x ".join(map(str, reversed(sets[0].geometry.shape)))
    print(f"{len(sets[0].masks)} organs, {shape}; {len(one)} pairs of runs in turn.")
    print("| what | s on the clock | s of CPU |")
    print("|---|---|---|")
    for name, runs in (("ours, all measures, one core", [o for o, _ in one]),
                       ("surface-distance, its four, one core", [t for _, t in one]),
                       (f"ours, {cores()} cores", many)):
        wall, cpu = (statistics.median(run[n] for run in runs) for n in (0, 1))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} |")
    ratios = [statistics.median(t[n] / o[n] for o, t in one) for n in (0, 1)]
    print(f"| ratio, one core | {ratios[0]:.1f}x | {ratios[1]:.1f}x |")
    library = statistics.median(t[0] for _, t in one)
    print(f"| ratio, all cores | {library / statistics.median(m[0] for m in many):.1f}x | |")
    print(f"memory above the masks: {memory:.0f} MB")


if __name__ == "__main__":
    main()
