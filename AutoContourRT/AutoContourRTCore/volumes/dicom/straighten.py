"""CT slices that are sheared (tilted gantry) or unevenly spaced by plan -> an upright, even grid.

The grid has the orientation of the slices, so each slice lies parallel to its planes. Between two
slices values are interpolated along the normal, within a slice bilinearly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.volumes.dicom.grid import grid
from AutoContourRTCore.volumes.geometry import Geometry

if TYPE_CHECKING:
    from AutoContourRTCore.volumes.dicom.series import Series

PLACE_MM = 0.05
#: A distance that occurs so often in a row was planned; a shorter run is a gap or a doubled slice.
SHORTEST_RUN = 3
#: Planned distances differ by less than this factor.
MOST_CHANGE = 2.5
AIR_HU = -1000.0


def is_planned(heights: np.ndarray) -> bool:
    """Whether slice heights (mm, rising) are as a scanner plans them: in runs of one distance.

    Where a slice is missing or doubled, one distance stands alone among others.
    """
    runs = _runs(np.diff(heights))
    lengths = [length for length, _ in runs]
    steps = [step for _, step in runs]
    return bool(
        runs
        and min(steps) > PLACE_MM
        and (len(runs) == 1 or min(lengths) >= SHORTEST_RUN)
        and max(steps) <= MOST_CHANGE * min(steps)
    )


def _runs(steps: np.ndarray) -> List[Tuple[int, float]]:
    """How often each distance occurs in a row, and the distance."""
    runs: List[Tuple[int, float]] = []
    for step in steps:
        if runs and abs(step - runs[-1][1]) <= PLACE_MM:
            runs[-1] = (runs[-1][0] + 1, runs[-1][1])
        else:
            runs.append((1, float(step)))
    return runs


def upright_grid(series: Series) -> Geometry:
    """A grid that covers all slices of a series.

    Its slice distance is the smallest of the series', made to end at the last slice.
    """
    heights, low, high = series.heights, *_reach(series)
    count = int(np.ceil(heights[-1] / np.diff(heights).min() - 1e-3)) + 1
    rows, columns = np.asarray(series.first.size) + (high - low)
    origin = series.positions[0] + (low * series.first.spacing) @ series.axes[1:]
    spacing = (float(heights[-1]) / (count - 1), *series.first.spacing)
    return grid((count, rows, columns), spacing, origin, series.axes)


def upright(stack: np.ndarray, series: Series, onto: Geometry) -> np.ndarray:
    """The slices [k, j, i] (HU) of a series on its upright grid; air where no slice reaches."""
    low, _ = _reach(series)
    by = series.shifts / series.first.spacing - low
    moved = np.stack([_moved(one, shift, onto.shape[1:]) for one, shift in zip(stack, by)])
    planes = [_between(moved, series.heights, k * onto.spacing[0]) for k in range(onto.shape[0])]
    return np.rint(np.stack(planes))


def _reach(series: Series) -> Tuple[np.ndarray, np.ndarray]:
    """The whole pixels (j, i) by which slices reach below and above the first one's."""
    shifts = series.shifts / series.first.spacing
    return np.floor(shifts.min(axis=0) + 1e-6), np.ceil(shifts.max(axis=0) - 1e-6)


def _moved(one: np.ndarray, by: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """A slice moved by so many pixels along j and i into a larger one, float32."""
    larger = np.full(shape, AIR_HU, np.float32)
    larger[: one.shape[0], : one.shape[1]] = one
    if not by.any():
        return larger
    return np.asarray(ndimage.shift(larger, by, order=1, mode="constant", cval=AIR_HU))


def _between(stack: np.ndarray, heights: np.ndarray, height: float) -> np.ndarray:
    """The plane at a height, from the slices below and above it."""
    above = int(np.clip(np.searchsorted(heights, height), 1, len(heights) - 1))
    share = (height - heights[above - 1]) / (heights[above] - heights[above - 1])
    share = float(np.clip(share, 0.0, 1.0))
    return np.asarray((1.0 - share) * stack[above - 1] + share * stack[above])


def resampling_note(series: Series) -> str:
    """Why and how a series was resampled."""
    steps = np.diff(series.heights)
    why = []
    if np.abs(series.shifts).max() > PLACE_MM:
        why.append("are sheared (a tilted gantry or a moved couch)")
    if np.ptp(steps) > PLACE_MM:
        why.append(f"lie {steps.min():.2f} to {steps.max():.2f} mm apart")
    return (
        f"{series.where}: the slices {' and '.join(why)}; they were resampled to an upright grid "
        f"with {upright_grid(series).spacing[0]:.2f} mm between slices. Compare it with the "
        "original images."
    )
