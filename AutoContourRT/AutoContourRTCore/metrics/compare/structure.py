"""All figures of one structure, from its two contours: distances once, everything derived."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.metrics.choices.matching import DOUBTFUL, Match
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.common_range import common_slices, on_slices
from AutoContourRTCore.metrics.compare import rows
from AutoContourRTCore.metrics.contours import Contour
from AutoContourRTCore.metrics.dose import dose_figures
from AutoContourRTCore.metrics.grids import (
    AS_STORED,
    Pair,
    beside_grid,
    on_grid,
    paired,
    spacing_text,
)
from AutoContourRTCore.metrics.measures import (
    average_surface_distances,
    dice,
    hausdorff_distance,
    mean_surface_distance,
    surface_dice,
    surface_overlaps,
)
from AutoContourRTCore.metrics.path_length import added_path_length
from AutoContourRTCore.metrics.pooled import overlap
from AutoContourRTCore.metrics.surfaces import SurfaceDistances, surface_distances
from AutoContourRTCore.metrics.tolerances import rounded_tolerance
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume


@dataclass(frozen=True)
class Task:
    """What is needed to compare one structure.

    reference, test: None where the set has no such contour. grid: that of the comparison.
    slices: indices of the reference's axial slices that were drawn; None for all.
    """

    case: str
    match: Match
    reference: Optional[Contour]
    test: Optional[Contour]
    grid: Geometry
    rasterisation: Tuple[str, str]
    dose: Optional[Volume] = None
    slices: Optional[Sequence[int]] = None


def compare_structure(task: Task, settings: Settings) -> rows.Row:
    """The row of one structure; a side that is missing counts as empty.

    Where the reference does not have the structure (nobody drew it, which says nothing about the
    patient) only the test's volume is given; where several names read as one structure, that of
    each contour.
    """
    state = _state(task)
    figures = _own_figures(task)
    notes = [task.match.note] if task.match.note else []
    tolerance = settings.tolerances.of(task.match.kind)
    ways = ["", ""]
    if state not in (rows.NOT_IN_REFERENCE, rows.UNMATCHED):
        pair, ways = _on_one_grid(task)
        tau = tolerance.mm if tolerance else math.nan
        figures.update(_pair_figures(pair, tau, settings, task))
        if settings.round_tolerance and tolerance:
            figures["tolerance_used_mm"] = rounded_tolerance(tau, task.grid.spacing)
        notes += _dose(figures, pair, task, settings)
        notes += _remarks(pair, task)
    if tolerance is None:
        notes.append("no tolerance is known for this structure: give one in a tolerance file")
    return rows.Row(
        task.case, task.match.title, task.match.reference_name, task.match.test_name, state,
        figures, tolerance.source if tolerance else "", spacing_text(task.grid),
        _rasterisation(task, ways), tuple(notes),
    )


def worst_place(pair: Pair, distances: SurfaceDistances) -> Tuple[float, Optional[np.ndarray]]:
    """The largest distance (mm) of both directions, and where it is (LPS mm; None: nowhere)."""
    ends = [
        (float(values[-1]), places[-1])
        for values, places in (
            (distances.a_to_b, distances.place_a), (distances.b_to_a, distances.place_b)
        )
        if len(values) and math.isfinite(values[-1])
    ]
    if len(ends) < 2:
        return math.nan, None
    largest, place = max(ends, key=lambda end: end[0])
    return largest, pair.to_lps(place)


def _state(task: Task) -> str:
    if task.match.state == DOUBTFUL:
        return rows.UNMATCHED
    if task.reference is None:
        return rows.NOT_IN_REFERENCE
    if task.reference.empty:
        nothing = task.test is None or task.test.empty
        return rows.EMPTY_IN_BOTH if nothing else rows.EMPTY_IN_REFERENCE
    if task.test is None:
        return rows.MISSING_IN_TEST
    return rows.EMPTY_IN_TEST if task.test.empty else rows.COMPARED


def _own_figures(task: Task) -> Dict[str, float]:
    """What is known of each contour on the grid it was stored on."""
    volumes = [0.0 if c is None else c.volume_ml for c in (task.reference, task.test)]
    figures = {"volume_reference_ml": volumes[0], "volume_test_ml": volumes[1]}
    if task.reference is None:
        figures["volume_reference_ml"] = math.nan
        return figures
    if task.match.state == DOUBTFUL:
        figures["volume_test_ml"] = math.nan
        return figures
    difference = volumes[1] - volumes[0]
    figures["volume_difference_ml"] = difference
    if volumes[0]:
        figures["volume_difference_percent"] = 100 * difference / volumes[0]
    if task.test is not None and not task.reference.empty and not task.test.empty:
        shift = task.test.center - task.reference.center  # LPS
        for axis, mm in zip(("lr", "ap", "si"), shift):
            figures[f"shift_{axis}_mm"] = float(mm)
    return figures


def _on_one_grid(task: Task) -> Tuple[Pair, List[str]]:
    """Both contours on the comparison grid, and how each came there."""
    moved, ways = [], []
    for contour in (task.reference, task.test):
        nothing = Contour(np.zeros((0, 0, 0), bool), (0, 0, 0), task.grid)
        found, way = on_grid(contour or nothing, task.grid)
        moved.append(found)
        ways.append(way)
    return paired(moved[0], moved[1]), ways


def _pair_figures(
    pair: Pair, tau: float, settings: Settings, task: Task
) -> Dict[str, float]:
    spacing, axis = pair.grid.spacing, pair.grid.long_axis
    distances = surface_distances(pair.a, pair.b, spacing)
    figures = {"apl_mm": added_path_length(pair.a, pair.b, spacing, axis)}
    figures.update(_distance_figures(pair.a, pair.b, distances, tau, settings.round_tolerance))
    largest, place = worst_place(pair, distances)
    if place is not None:
        figures["worst_mm"] = largest
        figures.update({f"worst_{n}_mm": float(mm) for n, mm in zip("xyz", place)})
    if task.match.kind in settings.common_range:
        figures.update(_common_figures(pair, axis, tau, settings.round_tolerance))
    figures.update(_counts(pair, axis, task))
    return figures


def _distance_figures(
    a: np.ndarray, b: np.ndarray, distances: SurfaceDistances, tau: float, round_tau: bool
) -> Dict[str, float]:
    there, back = average_surface_distances(distances)
    figures = {
        "dice": dice(a, b),
        "msd_mm": mean_surface_distance(a, b, distances.spacing),
        "asd_reference_to_test_mm": there,
        "asd_test_to_reference_mm": back,
        "hd_mm": hausdorff_distance(distances),
        "hd95_mm": hausdorff_distance(distances, 95),
        "tolerance_mm": tau,
        "tolerance_used_mm": tau,
    }
    if math.isfinite(tau):
        figures["surface_dice"] = surface_dice(distances, tau, round_tau)
        near = surface_overlaps(distances, tau, round_tau)
        figures["surface_overlap_reference"], figures["surface_overlap_test"] = near
    return figures


def _common_figures(pair: Pair, axis: int, tau: float, round_tau: bool) -> Dict[str, float]:
    """On the slices that both have; without such a slice as where one contour is missing."""
    common = common_slices(pair.a, pair.b, axis)
    if common is None:
        a, b, length = pair.a, np.zeros_like(pair.a), 0
    else:
        a, b = on_slices(pair.a, pair.b, common, axis)
        length = common.stop - common.start
    distances = surface_distances(a, b, pair.grid.spacing)
    found = _distance_figures(a, b, distances, tau, round_tau)
    return {
        "common_range_mm": length * pair.grid.spacing[axis],
        "dice_common_range": found["dice"],
        "msd_common_range_mm": found["msd_mm"],
        "surface_dice_common_range": found.get("surface_dice", math.nan),
        "hd95_common_range_mm": found["hd95_mm"],
    }


def _counts(pair: Pair, axis: int, task: Task) -> Dict[str, float]:
    """Voxels for the Dice that is pooled over patients; on the drawn slices."""
    slices = None
    if task.slices is not None:
        drawn = (index - pair.start[axis] for index in task.slices)
        slices = [index for index in drawn if 0 <= index < pair.a.shape[axis]]
    found = overlap(pair.a, pair.b, slices, axis)
    return {
        "voxels_both": found.both,
        "voxels_reference": found.reference,
        "voxels_test": found.test,
    }


def _dose(
    figures: Dict[str, float], pair: Pair, task: Task, settings: Settings
) -> Tuple[str, ...]:
    if task.dose is None:
        return ()
    found, remarks = dose_figures(pair, task.dose, settings.points)
    figures.update(found)
    return remarks


def _remarks(pair: Pair, task: Task) -> List[str]:
    """Contours that the comparison grid is too coarse for."""
    notes = []
    for side, contour, mask in (("reference", task.reference, pair.a), ("test", task.test, pair.b)):
        if contour is None or contour.empty:
            continue
        if not mask.any():
            notes.append(f"the {side} contour is too small for the comparison grid: it vanishes")
        beside = beside_grid(contour, task.grid)
        if beside:
            notes.append(
                f"the {side} contour's voxels lie {beside:.2g} mm beside the grid's, and "
                "distances may be wrong by as much: compare on a finer grid"
            )
    return notes


def _rasterisation(task: Task, ways: Sequence[str]) -> str:
    told = []
    for side, stored, way in zip(("reference", "test"), task.rasterisation, ways):
        told.append(f"{side}: {stored}" + (f", {way}" if way not in ("", AS_STORED) else ""))
    return "; ".join(told)
