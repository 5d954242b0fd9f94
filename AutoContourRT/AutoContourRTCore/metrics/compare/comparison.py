"""Two contour sets of one patient -> a row for each structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional, Sequence, Tuple, Union

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import LEFT_OUT, MATCHED, Match, match_names
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.parallel import on_threads
from AutoContourRTCore.metrics.compare.rows import Row, column_names
from AutoContourRTCore.metrics.compare.structure import Task, compare_structure
from AutoContourRTCore.metrics.contours import Contour, ContourSet, contours_of
from AutoContourRTCore.metrics.dose import check_dose, dose_columns
from AutoContourRTCore.metrics.grids import (
    Pair,
    check_frames,
    comparison_grid,
    on_grid,
    paired,
)
from AutoContourRTCore.metrics.inputs.dose_files import Dose, check_same_frame
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

Contours = Union[LabelMap, ContourSet]
#: By TG-263 name (or "*" for all others): indices of the reference's axial slices that were drawn.
DrawnSlices = Mapping[str, Sequence[int]]
ALL = "*"


@dataclass(frozen=True)
class Comparison:
    """What was found: a row for each structure, the matching table, and what to look at.

    columns: the names of the table's columns, in order.
    """

    rows: Tuple[Row, ...]
    matches: Tuple[Match, ...]
    columns: Tuple[str, ...]
    warnings: Tuple[str, ...] = ()


def compare(
    reference: Contours,
    test: Contours,
    settings: Optional[Settings] = None,
    progress: Progress = ignore_progress,
    dose: Optional[Union[Dose, Volume]] = None,
    case: str = "",
    drawn: Optional[DrawnSlices] = None,
    need_common: bool = True,
) -> Comparison:
    """Compare two contour sets, all structures at once.

    dose: in Gy. case: its name in the rows. drawn: for a reference of which only some slices were
    drawn; needs the reference's grid. need_common: whether no common structure is an error.
    Raises InputError for sets that cannot be compared, Cancelled when the callback raises it.
    """
    settings = settings or Settings()
    left, right = _set_of(reference, "the reference"), _set_of(test, "the test")
    given = Dose(dose) if isinstance(dose, Volume) else dose
    warnings = (*left.notes, *right.notes)
    check_frames(left, right)
    if given is not None:
        check_same_frame(given, left)
        warnings += (*given.notes, *check_dose(given.volume))
    if drawn and settings.grid != "reference":
        raise InputError("Drawn slices are counted on the reference's grid: leave out --grid.")
    matches = match_names(left.names, right.names, settings.by_hand)
    if need_common and not any(match.state == MATCHED for match in matches):
        raise InputError(no_common_structure(left, right))
    warnings += _check_drawn(drawn or {}, left, matches)
    volume = given.volume if given is not None else None
    tasks = _tasks(left, right, matches, settings, volume, case, drawn or {})
    rows = tuple(_all_rows(tasks, settings, progress))
    columns = column_names()
    if given is not None:
        warnings += _coverage(rows)
        columns = column_names(dose_columns(settings.points))
    return Comparison(rows, matches, columns, (*warnings, *_unused(left, right, settings)))


def pair_of(
    reference: Contours, test: Contours, match: Match, settings: Optional[Settings] = None
) -> Pair:
    """Both masks of one match on the comparison grid, for whoever wants to draw them."""
    settings = settings or Settings()
    left, right = _set_of(reference, "the reference"), _set_of(test, "the test")
    grid = comparison_grid(left, right, settings.grid)
    a = on_grid(left.contours[match.reference_name], grid)[0]
    b = on_grid(right.contours[match.test_name], grid)[0]
    return paired(a, b)


def no_common_structure(reference: ContourSet, test: ContourSet) -> str:
    """What to tell of two sets without a match."""
    return (
        f"{reference.source} and {test.source} have no structure in common. One has "
        f"{_listed(reference.names)}; the other {_listed(test.names)}. Match them by hand with "
        "--map FILE (CSV: reference_name,test_name)."
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "none"


def _set_of(contours: Contours, source: str) -> ContourSet:
    return contours_of(contours, source) if isinstance(contours, LabelMap) else contours


def _tasks(
    left: ContourSet,
    right: ContourSet,
    matches: Sequence[Match],
    settings: Settings,
    dose: Optional[Volume],
    case: str,
    drawn: DrawnSlices,
) -> List[Task]:
    grid = comparison_grid(left, right, settings.grid)
    return [
        Task(
            case, match, left.contours.get(match.reference_name),
            right.contours.get(match.test_name), grid, (left.rasterisation, right.rasterisation),
            dose, drawn.get(match.kind, drawn.get(ALL)),
        )
        for match in matches
        if match.state != LEFT_OUT
    ]


def _check_drawn(
    drawn: DrawnSlices, reference: ContourSet, matches: Sequence[Match]
) -> Tuple[str, ...]:
    """Warnings about structures that are not there; InputError for slices that are not there."""
    count = reference.grid.shape[reference.grid.long_axis]
    for name, slices in drawn.items():
        beyond = [index for index in slices if not 0 <= index < count]
        if beyond:
            raise InputError(
                f"The drawn slice {beyond[0]} of {name} is not there: {reference.source} has "
                f"{count} axial slices, counted from 0."
            )
    known = {ALL, *(match.kind for match in matches)}
    return tuple(
        f"The drawn slices of {name!r} were not used: there is no such structure."
        for name in drawn if name not in known
    )  # fmt: skip


def _all_rows(tasks: Sequence[Task], settings: Settings, progress: Progress) -> List[Row]:
    """The rows in the order of the tasks."""
    order = sorted(range(len(tasks)), key=lambda n: -_size(tasks[n]))
    found = on_threads(
        lambda n: compare_structure(tasks[n], settings), order, progress,
        lambda n: tasks[n].match.title, settings.workers,
    )
    return [row for _, row in sorted(zip(order, found), key=lambda pair: pair[0])]


def _size(task: Task) -> int:
    """The largest first, so that no core waits for one that came last."""
    contours: List[Optional[Contour]] = [task.reference, task.test]
    return sum(contour.mask.size for contour in contours if contour is not None)


def _coverage(rows: Sequence[Row]) -> Tuple[str, ...]:
    """Which contours the dose does not cover; InputError where it covers none of any."""
    shares = [
        (row.structure, side, row[f"dose_coverage_{side}"])
        for row in rows
        for side in ("reference", "test")
        if row[f"dose_coverage_{side}"] == row[f"dose_coverage_{side}"]
    ]
    if shares and all(share == 0 for _, _, share in shares):
        raise InputError(
            "The dose covers 0 % of every contour: it lies elsewhere. Is it of the same patient?"
        )
    return tuple(
        f"{structure}: the dose covers {100 * share:.1f} % of the {side} contour; its dose "
        "figures are left out."
        for structure, side, share in shares
        if share < 1
    )


def _unused(left: ContourSet, right: ContourSet, settings: Settings) -> Tuple[str, ...]:
    """Matches by hand that name a contour which is not there."""
    return tuple(
        f"The match by hand {a!r} = {b!r} was not used: "
        f"{a if a and a not in left.names else b!r} is not there."
        for a, b in settings.by_hand
        if (a and a not in left.names) or (b and b not in right.names)
    )
