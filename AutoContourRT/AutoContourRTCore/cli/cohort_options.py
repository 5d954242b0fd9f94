"""What the commands that work on many cases have in common."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from AutoContourRTCore.errors import Cancelled, InputError

if TYPE_CHECKING:
    from AutoContourRTCore.cohorts.run import Pool

#: The exit code where a case has failed.
SOME_FAILED = 3


def add_cohort_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `pool_of` reads."""
    parser.add_argument("--workers", type=_count, metavar="N",
                        help="processes on this machine, which share its cores; each needs the "
                        "memory of a case of its own (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS",
                        help="of a dask.distributed cluster, in place of processes here; all its "
                        "machines must see all folders under the same paths")


def check_cohort_options(options: argparse.Namespace) -> None:
    """Raise InputError for options that do not go together, and for an output that is no folder."""
    if options.workers and options.scheduler:
        raise InputError("Give --workers or --scheduler, not both: a cluster brings its workers.")
    if options.output.exists() and not options.output.is_dir():
        raise InputError(f"{options.output} is a file; give a folder.")


def check_beside(output: Path, source: Path) -> None:
    """Raise InputError where a folder of results lies in one whose folders are cases."""
    inner, outer = output.resolve(), source.resolve()
    if inner == outer or outer in inner.parents:
        raise InputError(
            f"{output} lies in {source}, whose folders are cases; choose a folder beside it."
        )


@contextmanager
def pool_of(options: argparse.Namespace) -> Iterator[Pool]:
    """The workers that are asked for; Cancelled out of the block says how to go on."""
    try:
        if options.scheduler:
            from AutoContourRTCore.cohorts.dask_cluster import DaskCluster

            with DaskCluster(options.scheduler) as cluster:
                yield cluster
        else:
            from AutoContourRTCore.cohorts.local_workers import LocalWorkers
            from AutoContourRTCore.cohorts.run import LOGS

            yield LocalWorkers(options.workers or 1, options.output / LOGS)
    except (KeyboardInterrupt, Cancelled):
        raise Cancelled(
            f"cancelled; what is done lies in {options.output}. The same command "
            + ("begins again: --force does all anew." if options.force else "goes on from there.")
        ) from None


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers; give 1 or more.")
    return number
