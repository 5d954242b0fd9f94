"""``autocontourrt tolerances``: tolerances from what several observers drew."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from AutoContourRTCore.cli.outputs import check_table
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "tolerances", parents=[common], help="derive tolerances from several observers' contours",
        description="For each structure the area-weighted percentile of the surface distances "
        "between observers, over all cases; written as a tolerance file.",
    )
    parser.add_argument("observers", type=Path, nargs="+", metavar="OBSERVER_DIR",
                        help="two folders or more, one an observer; cases as for `evaluate`")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.csv",
                        help="table to write")
    parser.add_argument("--percent", type=float, default=95.0, metavar="P",
                        help="which percentile (default: %(default)g, our choice)")
    parser.add_argument("--map", type=Path, metavar="FILE",
                        help="matches by hand: CSV reference_name,test_name")
    parser.add_argument("--labels", type=Path, metavar="FILE",
                        help="the table of label files, where none lies beside them")
    parser.add_argument("--force", action="store_true", help="replace an earlier output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Derive and write."""
    check_table(options.output, options.force)
    from AutoContourRTCore.metrics.choices.matching_files import read_name_map
    from AutoContourRTCore.metrics.choices.provenance import provenance_of
    from AutoContourRTCore.metrics.choices.settings import Settings
    from AutoContourRTCore.metrics.cohort.derived_tolerances import pools_of_folders

    if len(options.observers) < 2:
        raise InputError("Tolerances need the contours of two observers or more.")
    settings = Settings(by_hand=read_name_map(options.map) if options.map else ())
    with screen.progress("Comparing observers") as progress:
        pools = pools_of_folders(
            options.observers, settings.by_hand, progress, options.labels
        )
        found = pools.tolerances(options.percent)
        pools.write(options.output, provenance_of(settings), options.percent)
        progress(1.0, "done")
    for name, tolerance in found.items():
        screen.say(f"{name:<20} {tolerance.mm:6.2f} mm  {tolerance.source}")
    for each in pools.left_out:
        screen.note(f"Left out: {each}")
    screen.say(f"Written: {options.output}")
    screen.done({"output": str(options.output), "structures": len(found),
                 "left_out": list(pools.left_out)})  # fmt: skip
    return 0
