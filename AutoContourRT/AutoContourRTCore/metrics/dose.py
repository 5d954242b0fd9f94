"""Dose in a contour: the mean, points of the dose-volume histogram, and how much is covered.

Every voxel of a mask counts with the dose at its centre (linear between the dose grid's points).
Beyond half a voxel outside the outermost points of the dose grid the dose is not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Sequence, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.grids import Pair
from AutoContourRTCore.metrics.measures import SAME
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

#: Our choice: near-minimum, median and near-maximum dose as in ICRU report 83, and a small volume
#: as for serial organs.
DEFAULT_POINTS = ("D98%", "D50%", "D2%", "D0.03cc")
#: No plan gives as much; a larger value is most likely in cGy.
HIGHEST_PLAUSIBLE_GY = 250.0
_POINT = re.compile(r"(?:D(?P<d>\d+(?:\.\d+)?)(?P<of>%|cc)|V(?P<v>\d+(?:\.\d+)?)Gy)")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class DvhPoint:
    """A point of a dose-volume histogram.

    D95%: the dose (Gy) that at least 95 % of the volume get; D2cc: that the hottest 2 ml get at
    least; V20Gy: the share (%) of the volume that gets 20 Gy or more, but for what the storing of
    doses rounds off (measures.SAME). Raises InputError for another spelling.
    """

    text: str

    def __post_init__(self) -> None:
        found = _POINT.fullmatch(self.text)
        if found is None or (found["of"] == "%" and not 0 < float(found["d"]) <= 100):
            raise InputError(
                f"The DVH point {self.text!r} is unknown; write for example D95%, D2cc or V20Gy."
            )

    @property
    def unit(self) -> str:
        """"gy" or "percent", as column names end."""
        return "gy" if self.text.startswith("D") else "percent"

    def value(self, doses: np.ndarray, voxel_ml: float) -> float:
        """Its value for the doses (Gy, descending) of voxels of one volume (ml).

        NaN without voxels, and for more ml than there are.
        """
        found = _POINT.fullmatch(self.text)
        if found is None or not len(doses):
            return float("nan")
        if found["v"]:
            reached = doses >= float(found["v"]) * (1 - SAME)
            return 100.0 * float(np.count_nonzero(reached)) / len(doses)
        part = float(found["d"])
        voxels = part / 100 * len(doses) if found["of"] == "%" else part / voxel_ml
        count = max(1, int(np.ceil(voxels - 1e-9)))
        return float(doses[count - 1]) if count <= len(doses) else float("nan")


def check_dose(dose: Volume) -> Tuple[str, ...]:
    """Warnings about a dose (Gy); InputError for one that is not finite or nowhere above 0."""
    bad = np.count_nonzero(~np.isfinite(dose.array))
    if bad:
        raise InputError(
            f"The dose has {bad} voxels that are not finite numbers (NaN or infinite); export it "
            "again."
        )
    highest = float(dose.array.max())
    if highest <= 0:
        raise InputError("The dose is nowhere above 0 Gy; give the dose of a plan.")
    if highest > HIGHEST_PLAUSIBLE_GY:
        return (f"The highest dose is {highest:.0f} Gy: is the unit cGy?",)
    return ()


def dose_figures(
    pair: Pair, dose: Volume, points: Sequence[DvhPoint]
) -> Tuple[Dict[str, float], Tuple[str, ...]]:
    """The dose columns of one structure, and remarks.

    Where the dose covers a contour only in part, the columns of that contour and of differences
    are NaN, and the remark says how much is covered.
    """
    figures: Dict[str, float] = {}
    remarks = []
    for side, mask in (("reference", pair.a), ("test", pair.b)):
        doses, covered = _doses(mask, pair, dose)
        figures[f"dose_coverage_{side}"] = covered
        figures[f"dose_mean_{side}_gy"] = float(doses.mean()) if len(doses) else float("nan")
        for point in points:
            name = f"{point.text}_{side}_{point.unit}"
            figures[name] = point.value(doses, pair.grid.voxel_ml)
        if covered < 1:
            remarks.append(f"the dose covers {100 * covered:.1f} % of the {side} contour")
    for name in [n for n in figures if "_reference_" in n]:
        test = figures[name.replace("_reference_", "_test_")]
        figures[name.replace("_reference_", "_difference_")] = test - figures[name]
    return figures, tuple(remarks)


def dose_columns(points: Sequence[DvhPoint]) -> Tuple[str, ...]:
    """The names of all dose columns."""
    names = ["dose_coverage_reference", "dose_coverage_test"]
    for stem, unit in (("dose_mean", "gy"), *((point.text, point.unit) for point in points)):
        names += [f"{stem}_{side}_{unit}" for side in ("reference", "test", "difference")]
    return tuple(names)


def is_dose_column(name: str) -> bool:
    """Whether the dose columns of any choice of points hold one of this name."""
    stem = name.split("_")[0]
    return name in dose_columns([DvhPoint(stem)] if _POINT.fullmatch(stem) else [])


def _doses(mask: np.ndarray, pair: Pair, dose: Volume) -> Tuple[np.ndarray, float]:
    """The doses (Gy, descending) in a mask, and the share of it that the dose covers.

    No dose where it does not cover all; NaN as the share of an empty mask.
    """
    voxels = np.flatnonzero(mask)
    if not len(voxels):
        return np.zeros(0), float("nan")
    values = np.empty(len(voxels))
    inside = 0
    for first in range(0, len(voxels), _CHUNK):
        part = slice(first, first + _CHUNK)
        places = np.stack(np.unravel_index(voxels[part], mask.shape), axis=-1)
        index = dose.geometry.to_kji(pair.to_lps(places))
        inside += int(_covered(index, dose.geometry).sum())
        values[part] = ndimage.map_coordinates(dose.array, index.T, float, 1, mode="nearest")
    share = inside / len(voxels)
    return (np.sort(values)[::-1] if inside == len(voxels) else np.zeros(0)), share


def _covered(index: np.ndarray, grid: Geometry) -> np.ndarray:
    """Which indices (n, 3) lie within half a voxel of the dose grid's points."""
    near = 1e-6
    within = (index >= -0.5 - near) & (index <= np.asarray(grid.shape) - 0.5 + near)
    return np.asarray(within.all(axis=1))
