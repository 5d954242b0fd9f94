"""What the commands that compare contours have in common."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from AutoContourRTCore.errors import InputError

if TYPE_CHECKING:
    from AutoContourRTCore.metrics.choices.settings import Settings
    from AutoContourRTCore.metrics.compare.limits import Limits
    from AutoContourRTCore.metrics.grids import GridChoice


def add_metric_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `settings_of` and `limits_of` read."""
    parser.add_argument("--tolerances", type=Path, metavar="FILE",
                        help="CSV structure,tolerance_mm,source; default: the catalogue's")
    parser.add_argument("--round-tolerance", action="store_true",
                        help="round each tolerance to a distance that the grid allows")
    parser.add_argument("--grid", type=grid_choice, default="reference", metavar="GRID",
                        help="reference (default), test, or a spacing in mm: 1 or 1,1,2.5 (i,j,k)")
    parser.add_argument("--map", type=Path, metavar="FILE",
                        help="matches by hand: CSV reference_name,test_name (blank: leave out)")
    parser.add_argument("--limits", type=Path, metavar="FILE",
                        help="CSV structure,measure,pass,borderline (* for all others, which are "
                        "not judged without it); default: surface Dice 0.95 to pass, 0.90 for "
                        "borderline")
    parser.add_argument("--dose-unit", metavar="Gy|cGy",
                        help="unit of the dose; needed unless it is an RTDOSE file")
    parser.add_argument("--dvh", type=_names, metavar="A,B",
                        help="points of the dose-volume histogram, such as D95%%,D2cc,V20Gy")
    parser.add_argument("--labels", type=Path, metavar="FILE",
                        help="the table of label files, where none lies beside them")
    parser.add_argument("--model", default="", metavar="TEXT",
                        help="what made the test contours; written into every table")
    parser.add_argument("--threads", type=_count, default=0, metavar="N",
                        help="structures at once; default: one a core")
    parser.add_argument("--force", action="store_true", help="replace an earlier output")


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the options ask for; InputError for a bad file, or a dose that lacks."""
    if (options.dvh or options.dose_unit) and not options.dose:
        raise InputError("--dvh and --dose-unit are of a dose; name its file with --dose.")
    from AutoContourRTCore.metrics.choices.matching_files import read_name_map
    from AutoContourRTCore.metrics.choices.settings import Settings
    from AutoContourRTCore.metrics.choices.tolerance_files import Tolerances, read_tolerances
    from AutoContourRTCore.metrics.dose import DEFAULT_POINTS

    return Settings(
        tolerances=read_tolerances(options.tolerances) if options.tolerances else Tolerances(),
        round_tolerance=options.round_tolerance,
        grid=options.grid,
        by_hand=read_name_map(options.map) if options.map else (),
        dvh_points=options.dvh or DEFAULT_POINTS,
        workers=options.threads,
    )


def limits_of(options: argparse.Namespace) -> Limits:
    """The limits that the options ask for; InputError for a bad file."""
    from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, read_limits

    return read_limits(options.limits) if options.limits else DEFAULT_LIMITS


def grid_choice(text: str) -> GridChoice:
    """reference, test, or a spacing in mm: one number, or three along i, j, k."""
    if text in ("reference", "test"):
        return text
    try:
        numbers = [float(word) for word in text.replace("x", ",").split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) != 3 or not all(0 < mm < 1000 for mm in numbers):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no grid: write reference, test, or a spacing in mm such as 1 or 1,1,2.5."
        )
    i, j, k = numbers
    return (k, j, i)


def _names(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of threads; write 1 or more.")
    return int(text)
