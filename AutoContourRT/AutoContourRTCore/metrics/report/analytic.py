"""Shapes whose figures are known on paper: does this installation compute them?

Boxes fill whole voxels, so their Dice, volumes, shifts, distances between surface voxels and added
path lengths follow from counting. The surface of a box of voxels has bevelled edges, so shares of
its area are bounded, not exact. A sphere's figures approach the analytic ones as the voxels
shrink; the bounds are half a voxel, or what the staircase of its surface costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterator, Sequence, Tuple

import numpy as np

from AutoContourRTCore.metrics.choices.provenance import Provenance
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerance, Tolerances
from AutoContourRTCore.metrics.compare.comparison import compare
from AutoContourRTCore.metrics.compare.rows import Row
from AutoContourRTCore.metrics.report.html_page import (
    page,
    paragraph,
    provenance_section,
    section,
    table,
)
from AutoContourRTCore.volumes.geometry import Geometry, Triple
from AutoContourRTCore.volumes.labelmap import LabelMap

SHAPE = (40, 48, 56)
SPACING: Triple = (2.5, 1.0, 1.25)
NAME = "shape"
TOLERANCE_MM = 2.0
EXACT = 1e-9
Span = Tuple[int, int, int]


@dataclass(frozen=True)
class Check:
    """One figure of one shape: what it came to, and between which bounds it must lie."""

    shape: str
    figure: str
    value: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        """Whether the value lies within its bounds; nan and inf are met by themselves only."""
        if math.isnan(self.low):
            return math.isnan(self.value)
        return self.low <= self.value <= self.high

    @property
    def expected(self) -> str:
        """The bounds as people write them."""
        middle = (self.low + self.high) / 2
        if self.low == self.high or not self.high - self.low > 3 * EXACT * max(1.0, abs(middle)):
            return f"{middle:.6g}"
        return f"{self.low:.6g} to {self.high:.6g}"


@dataclass(frozen=True)
class Case:
    """Two masks, and what is known of them: figure -> (lowest, highest)."""

    name: str
    a: np.ndarray
    b: np.ndarray
    bounds: dict[str, Tuple[float, float]]


def run_checks() -> Tuple[Check, ...]:
    """Compare all shapes."""
    checks = []
    for case in cases():
        row = _compared(case)
        checks += [
            Check(case.name, figure, row[figure], low, high)
            for figure, (low, high) in case.bounds.items()
        ]
    return tuple(checks)


def cases() -> Iterator[Case]:
    """The shapes."""
    first, size = (10, 12, 14), (12, 16, 20)
    box = _box(first, size)
    yield Case("box against itself", box, box, _identical(size))
    yield Case("box moved by two slices", box, _box((12, 12, 14), size), _moved(size))
    yield Case("box grown by one voxel", box, _box((9, 11, 13), (14, 18, 22)), _grown(size))
    yield Case("box cut in half", box, _box(first, (6, 16, 20)), _cut(size))
    yield Case(
        "box at the edge of the volume", _box((0, 0, 0), size), _box((0, 0, 0), size),
        _identical(size),
    )
    yield Case("boxes apart", _box((2, 2, 2), (4, 4, 4)), _box((2, 2, 30), (4, 4, 4)), _apart())
    nothing = np.zeros(SHAPE, bool)
    yield Case("test empty", box, nothing, _test_empty(size))
    yield Case("both empty", nothing, nothing, _both_empty())
    yield _spheres()


def html_of(checks: Sequence[Check], provenance: Provenance) -> str:
    """One page with every figure."""
    passed = sum(check.passed for check in checks)
    rows = [
        [(c.shape, ""), (c.figure, "text"), (f"{c.value:.6g}", ""),
         (c.expected, ""),
         ("pass", "pass") if c.passed else ("FAIL", "fail")]
        for c in checks
    ]  # fmt: skip
    verdict = "Passed" if passed == len(checks) else "FAILED: do not use the metrics"
    return page("Self-test of the contour metrics", [
        paragraph(
            f"{verdict}: {passed} of {len(checks)} figures are as computed on paper. Boxes of "
            f"{SPACING[2]:g} x {SPACING[1]:g} x {SPACING[0]:g} mm voxels (i, j, k); tolerance "
            f"{TOLERANCE_MM:g} mm. This checks the computing, not any contour."
        ),
        section("Figures", table(("shape", "figure", "found", "expected", ""), rows)),
        provenance_section(provenance),
    ])  # fmt: skip


def _compared(case: Case) -> Row:
    grid = Geometry(case.a.shape, SPACING)
    tolerances = Tolerances({NAME: Tolerance(TOLERANCE_MM, "the self-test")})
    settings = Settings(tolerances, workers=1)
    found = compare(LabelMap({NAME: case.a}, grid), LabelMap({NAME: case.b}, grid), settings)
    return found.rows[0]


def _box(first: Span, size: Span) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(f, f + n) for f, n in zip(first, size))] = True
    return mask


def _is(value: float) -> Tuple[float, float]:
    """Exactly this, but for rounding."""
    if not math.isfinite(value):
        return value, value
    slack = EXACT * max(1.0, abs(value))
    return value - slack, value + slack


def _ml(size: Span) -> float:
    return float(np.prod(size) * np.prod(SPACING)) / 1000


def _contour_mm(size: Span, slices: int) -> float:
    """Edge pixels of a rectangle in so many slices, times the pixel's side."""
    _, j, i = size
    return slices * (2 * j + 2 * i - 4) * math.sqrt(SPACING[1] * SPACING[2])


def _identical(size: Span) -> dict[str, Tuple[float, float]]:
    return {
        "dice": _is(1), "surface_dice": _is(1), "msd_mm": _is(0), "hd_mm": _is(0),
        "hd95_mm": _is(0), "asd_reference_to_test_mm": _is(0), "apl_mm": _is(0),
        "volume_reference_ml": _is(_ml(size)), "volume_test_ml": _is(_ml(size)),
        "shift_lr_mm": _is(0), "shift_ap_mm": _is(0), "shift_si_mm": _is(0),
    }  # fmt: skip


def _moved(size: Span) -> dict[str, Tuple[float, float]]:
    """Two of twelve slices of 2.5 mm leave the box at one end and join it at the other."""
    k = size[0]
    end = 2 * SPACING[0]
    return {
        "dice": _is((k - 2) / k), "hd_mm": _is(end), "hd95_mm": _is(end),
        "shift_si_mm": _is(end), "shift_lr_mm": _is(0), "shift_ap_mm": _is(0),
        "apl_mm": _is(_contour_mm(size, 2)), "volume_difference_ml": _is(0),
        "msd_mm": _is(_moved_msd(size)),
    }  # fmt: skip


def _moved_msd(size: Span) -> float:
    """Surface voxels: two end planes, and rings between.

    Of the box that was moved by two slices, its far end plane lies two slices beyond the other's
    end; the rings beside it one or two slices beyond, or on it. The near end plane meets the
    inside of the other: its pixels are nearest to a ring (0 mm where they are one) or to the
    other's near end, two slices away.
    """
    k, j, i = size
    step, dj, di = SPACING
    ring = 2 * j + 2 * i - 4
    rows, columns = np.meshgrid(np.arange(j), np.arange(i), indexing="ij")
    to_ring = np.minimum(
        np.minimum(rows, j - 1 - rows) * dj, np.minimum(columns, i - 1 - columns) * di
    )
    inside_end = np.minimum(to_ring, 2 * step).sum()  # the end plane that lies in the other box
    outside_end = j * i * 2 * step + ring * step  # the other end plane, and the ring beside it
    surface = 2 * j * i + (k - 2) * ring
    return float((inside_end + outside_end) / surface)


def _grown(size: Span) -> dict[str, Tuple[float, float]]:
    a = float(np.prod(size))
    b = float(np.prod([n + 2 for n in size]))
    corner = math.sqrt(sum(mm * mm for mm in SPACING))
    return {
        "dice": _is(2 * a / (a + b)),
        "volume_difference_ml": _is((b - a) * float(np.prod(SPACING)) / 1000),
        "volume_difference_percent": _is(100 * (b - a) / a), "shift_si_mm": _is(0),
        "hd_mm": (SPACING[0], corner + EXACT),  # a face moved by a slice, a corner by all three
        "asd_reference_to_test_mm": (min(SPACING), max(SPACING)),
        "surface_dice": (0.0, 0.95),  # two faces lie 2.5 mm away, beyond the tolerance
    }  # fmt: skip


def _cut(size: Span) -> dict[str, Tuple[float, float]]:
    k = size[0]
    return {
        "dice": _is(2 / 3), "hd_mm": _is(k / 2 * SPACING[0]),
        "volume_difference_percent": _is(-50), "shift_si_mm": _is(-k / 4 * SPACING[0]),
        "apl_mm": _is(_contour_mm(size, k // 2)),
    }  # fmt: skip


def _apart() -> dict[str, Tuple[float, float]]:
    """Two cubes of four voxels, 28 voxels of 1.25 mm from each other along i."""
    return {
        "dice": _is(0), "surface_dice": _is(0), "hd_mm": _is(28 * SPACING[2]),
        "shift_lr_mm": _is(28 * SPACING[2]),
        "msd_mm": (24 * SPACING[2], 28 * SPACING[2]),
    }  # fmt: skip


def _test_empty(size: Span) -> dict[str, Tuple[float, float]]:
    return {
        "dice": _is(0), "surface_dice": _is(0), "msd_mm": _is(math.inf), "hd_mm": _is(math.inf),
        "hd95_mm": _is(math.inf), "asd_reference_to_test_mm": _is(math.inf),
        "asd_test_to_reference_mm": _is(math.nan), "volume_test_ml": _is(0),
        "apl_mm": _is(_contour_mm(size, size[0])),
    }  # fmt: skip


def _both_empty() -> dict[str, Tuple[float, float]]:
    return {
        "dice": _is(math.nan), "surface_dice": _is(math.nan), "msd_mm": _is(math.nan),
        "asd_reference_to_test_mm": _is(math.nan), "hd_mm": _is(math.inf),
        "hd95_mm": _is(math.inf), "apl_mm": _is(0),
    }  # fmt: skip


def _spheres() -> Case:
    """Concentric spheres of 18 and 15 mm: all distances are 3 mm but for the voxels' size."""
    radii, voxel = (18.0, 15.0), math.sqrt(sum(mm * mm for mm in SPACING))
    middle = (np.asarray(SHAPE) - 1) / 2
    index = np.moveaxis(np.indices(SHAPE), 0, -1)
    away = np.linalg.norm((index - middle) * SPACING, axis=-1)
    a, b = (away <= radius for radius in radii)
    gap, exact = radii[0] - radii[1], [4 / 3 * math.pi * radius**3 / 1000 for radius in radii]
    dice = 2 * exact[1] / (exact[0] + exact[1])
    return Case("spheres of 18 and 15 mm", a, b, {
        "dice": (dice - 0.01, dice + 0.01),
        "volume_reference_ml": (0.985 * exact[0], 1.015 * exact[0]),
        "volume_test_ml": (0.985 * exact[1], 1.015 * exact[1]),
        "asd_reference_to_test_mm": (gap - voxel / 2, gap + voxel / 2),
        "asd_test_to_reference_mm": (gap - voxel / 2, gap + voxel / 2),
        "msd_mm": (gap - voxel / 2, gap + voxel / 2),
        "hd95_mm": (gap, gap + voxel), "hd_mm": (gap, gap + voxel),
        "shift_lr_mm": _is(0), "shift_ap_mm": _is(0), "shift_si_mm": _is(0),
    })  # fmt: skip
