"""A person's grade of each contour (Sartor 2020), and tables of n (%)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.tolerance_files import standard_or_written
from AutoContourRTCore.metrics.inputs.csv_files import read_csv

#: Sartor 2020: almost no modification; a limited number of slices; several slices; useless.
GRADES = ("excellent", "good", "acceptable", "not acceptable")
COLUMNS = ("case", "structure", "grade", "note", "rater", "time", "blinded", "order", "set")


@dataclass(frozen=True)
class Rating:
    """One grade. grade: one of GRADES, or "" for a note alone; Raises InputError for another.

    structure: TG-263 where known. rater: who; time: ISO 8601. blinded: "yes" where the rater was
    not told which set it was, else "no"; order: place in the row of presentation, from 1; set:
    which contour set, such as a file or method.
    """

    case: str
    structure: str
    grade: str
    note: str = ""
    rater: str = ""
    time: str = ""
    blinded: str = "no"
    order: str = ""
    set: str = ""

    def __post_init__(self) -> None:
        if self.grade and self.grade not in GRADES:
            raise InputError(f"The grade {self.grade!r} is unknown; write {', '.join(GRADES)}.")


@dataclass(frozen=True)
class RatingCounts:
    """How often each of GRADES was given to one structure of one contour set ("": not said)."""

    set: str
    structure: str
    counts: Tuple[int, ...]

    @property
    def total(self) -> int:
        """How many were graded."""
        return sum(self.counts)

    @property
    def percents(self) -> Tuple[int, ...]:
        """Whole percents of those graded, halves up, as in Sartor's Table 3."""
        return tuple(int(100 * n / self.total + 0.5) if self.total else 0 for n in self.counts)

    @property
    def texts(self) -> Tuple[str, ...]:
        """"n (%)" for each grade; blank for none."""
        return tuple(f"{n} ({p})" if n else "" for n, p in zip(self.counts, self.percents))


def count_ratings(ratings: Sequence[Rating]) -> Tuple[RatingCounts, ...]:
    """A line for each set and structure, sets sorted, structures in the order of the ratings; notes
    without a grade are left out."""
    lines: Dict[Tuple[str, str], List[int]] = {}
    for rating in ratings:
        if rating.grade:
            key = rating.set, standard_or_written(rating.structure)
            counts = lines.setdefault(key, [0] * len(GRADES))
            counts[GRADES.index(rating.grade)] += 1
    found = sorted(lines.items(), key=lambda line: line[0][0])
    return tuple(RatingCounts(*key, tuple(counts)) for key, counts in found)


def read_ratings(path: Path) -> Tuple[Rating, ...]:
    """Read ratings: CSV with case, structure and grade; the other COLUMNS may be missing.

    Raises InputError for an unknown grade, and where a rater grades one contour twice.
    """
    found: List[Rating] = []
    graded = set()
    for row in read_csv(path, COLUMNS[:3]):
        known = {name: cell for name, cell in row.items() if name in COLUMNS}
        known["grade"] = known["grade"].lower()
        try:
            rating = Rating(**known)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        key = (rating.case, rating.structure, rating.set, rating.rater)
        if key in graded:
            raise InputError(
                f"{path} holds two ratings of {rating.structure} of {rating.case} by the same "
                "rater; keep one."
            )
        graded.add(key)
        found.append(rating)
    return tuple(found)
