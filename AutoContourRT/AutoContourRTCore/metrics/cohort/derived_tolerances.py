"""Tolerances from several observers' contours of the same patients (Nikolov 2021).

For each structure the surface distances of all pairs of observers, both ways, over all cases are
pooled; the tolerance is the percentile of them, weighted by area. Which percentile is a choice:
95 is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import MATCHED, NameMap, match_names
from AutoContourRTCore.metrics.choices.provenance import Provenance
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerance, write_tolerances
from AutoContourRTCore.metrics.contours import ContourSet
from AutoContourRTCore.metrics.grids import check_frames, on_grid, paired
from AutoContourRTCore.metrics.inputs.cases import find_cases
from AutoContourRTCore.metrics.inputs.contour_files import read_one_of
from AutoContourRTCore.metrics.inputs.hashes import joint_identity
from AutoContourRTCore.metrics.surfaces import SurfaceDistances, surface_distances
from AutoContourRTCore.progress import Progress

DEFAULT_PERCENT = 95.0


@dataclass
class _Pool:
    """The distances of one structure, with their areas and where they come from."""

    distances: List[np.ndarray] = field(default_factory=list)
    areas: List[np.ndarray] = field(default_factory=list)
    cases: List[str] = field(default_factory=list)
    pairs: int = 0


class ObserverPools:
    """Takes in one case after the other; gives a tolerance for each structure."""

    def __init__(self) -> None:
        self._pools: Dict[str, _Pool] = {}
        self._identities: Dict[str, List[str]] = {}
        self._left_out: Dict[str, List[str]] = {}

    @property
    def left_out(self) -> Tuple[str, ...]:
        """What no tolerance rests on, and in which cases."""
        return tuple(f"{why}: {', '.join(cases)}" for why, cases in self._left_out.items())

    def leave_out(self, case: str, why: str) -> None:
        """Note what is passed over."""
        cases = self._left_out.setdefault(why, [])
        if case not in cases:
            cases.append(case)

    def add(self, case: str, observers: Sequence[ContourSet], by_hand: NameMap = ()) -> None:
        """Add the contours that two or more observers drew of one case.

        Each pair is compared on the grid of the one that comes first. A structure that one of
        them did not draw, and one that several contours stand for, is left out and noted. Raises
        InputError for fewer than two observers, and for sets that cannot be compared.
        """
        if len(observers) < 2:
            raise InputError(f"{case}: tolerances need the contours of two observers or more.")
        for n, first in enumerate(observers):
            for second in observers[n + 1 :]:
                self._add_pair(case, first, second, by_hand)
        self._identities[case] = [observer.identity for observer in observers]

    def tolerances(self, percent: float = DEFAULT_PERCENT) -> Dict[str, Tolerance]:
        """The tolerance (mm) of each structure, with a source that tells how it was found.

        Raises InputError for a percentile outside 0..100 (exclusive of 0).
        """
        if not 0 < percent <= 100:
            raise InputError(f"The percentile {percent:g} must lie above 0, up to 100.")
        return {
            name: Tolerance(
                _percentile(pool, percent),
                f"derived: {percent:g}th area-weighted percentile of the surface distances of "
                f"{pool.pairs} observer pairs in {len(pool.cases)} cases",
            )
            for name, pool in self._pools.items()
        }

    def write(self, path: Path, provenance: Provenance, percent: float = DEFAULT_PERCENT) -> None:
        """Write a tolerance file, with the cases and files that each tolerance came from."""
        more: Dict[str, Mapping[str, str]] = {}
        for name, pool in self._pools.items():
            ids = joint_identity(one for case in pool.cases for one in self._identities[case])
            more[name] = {
                "cases": " ".join(pool.cases), "observer_pairs": str(pool.pairs),
                "percent": f"{percent:g}", "inputs": ids,
                "software": provenance.software, "user": provenance.user,
                "time": provenance.time,
            }  # fmt: skip
        write_tolerances(path, self.tolerances(percent), more)

    def _add_pair(
        self, case: str, first: ContourSet, second: ContourSet, by_hand: NameMap
    ) -> None:
        check_frames(first, second)
        for match in match_names(first.names, second.names, by_hand):
            if match.state != MATCHED or match.apart:
                self.leave_out(case, f"{match.title} ({match.note or match.state})")
                continue
            a = first.contours[match.reference_name]
            b = on_grid(second.contours[match.test_name], a.grid)[0]
            if a.empty or b.empty:
                self.leave_out(case, f"{match.title} (empty)")
                continue
            pair = paired(a, b)
            found = surface_distances(pair.a, pair.b, pair.grid.spacing)
            self._keep(match.kind, case, found)

    def _keep(self, structure: str, case: str, found: SurfaceDistances) -> None:
        pool = self._pools.setdefault(structure, _Pool())
        pool.distances += [found.a_to_b, found.b_to_a]
        pool.areas += [found.area_a, found.area_b]
        pool.pairs += 1
        if case not in pool.cases:
            pool.cases.append(case)


def _percentile(pool: _Pool, percent: float) -> float:
    """The first distance at which the area's share of the whole reaches the percentage."""
    distances, areas = np.concatenate(pool.distances), np.concatenate(pool.areas)
    order = np.argsort(distances, kind="stable")
    share = np.cumsum(areas[order]) / areas.sum()
    index = int(np.searchsorted(share, percent / 100))
    return float(distances[order][min(index, len(order) - 1)])



def pools_of_folders(
    observers: Sequence[Path], by_hand: NameMap, progress: Progress, labels: Optional[Path] = None
) -> ObserverPools:
    """The pools of all cases that every observer's folder has. labels: the table of label files,
    where none lies beside them.

    Cases that an observer lacks are noted. Raises InputError where they have none in common;
    Cancelled when the callback raises it.
    """
    cases = [find_cases(folder) for folder in observers]
    common = [name for name in cases[0] if all(name in other for other in cases)]
    if not common:
        raise InputError("The observers have no case in common; name the cases alike.")
    pools = ObserverPools()
    for name in dict.fromkeys(name for own in cases for name in own):
        if name not in common:
            pools.leave_out(name, "cases that not every observer has")
    for n, name in enumerate(common):
        progress(n / len(common), name)
        pools.add(name, [read_one_of(own[name], labels) for own in cases], by_hand)
    return pools
