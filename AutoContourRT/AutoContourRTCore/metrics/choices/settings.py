"""What a comparison is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

from AutoContourRTCore.metrics.choices.matching import NameMap
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerances
from AutoContourRTCore.metrics.dose import DEFAULT_POINTS, DvhPoint
from AutoContourRTCore.metrics.grids import GridChoice

#: Long organs whose ends are a convention.
LONG_ORGANS = ("SpinalCord", "SpinalCanal", "Esophagus")


@dataclass(frozen=True)
class Settings:
    """How two contour sets are compared.

    round_tolerance: round each tolerance to a distance that the grid allows (Nikolov 2021).
    grid: "reference", "test" or a spacing in mm (k, j, i) along the reference's axes.
    by_hand: matches that a person made. common_range: structures that are also compared over
    their common craniocaudal range. dvh_points: as in dose.DvhPoint. workers: threads, 0 for one
    a core. Raises InputError for a DVH point that is unknown.
    """

    tolerances: Tolerances = field(default_factory=Tolerances)
    round_tolerance: bool = False
    grid: GridChoice = "reference"
    by_hand: NameMap = ()
    common_range: Tuple[str, ...] = LONG_ORGANS
    dvh_points: Tuple[str, ...] = DEFAULT_POINTS
    workers: int = 0

    def __post_init__(self) -> None:
        for text in self.dvh_points:
            DvhPoint(text)

    @property
    def points(self) -> Tuple[DvhPoint, ...]:
        """The DVH points."""
        return tuple(DvhPoint(text) for text in self.dvh_points)

    def to_dict(self) -> Dict[str, Any]:
        """What every table says of the settings; the tolerance file has a hash of its own."""
        return {
            "grid": self.grid if isinstance(self.grid, str) else list(self.grid),
            "round_tolerance": self.round_tolerance,
            "matched_by_hand": [list(pair) for pair in self.by_hand],
            "common_range": list(self.common_range),
            "dvh_points": list(self.dvh_points),
        }
