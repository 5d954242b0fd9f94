"""``autocontourrt segment-cohort``: contour many CTs."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Sequence, Tuple

from AutoContourRTCore.cli.segment_command import DEFAULT_MODEL, name_list
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import Cancelled, InputError

if TYPE_CHECKING:
    from AutoContourRTCore.cohorts.run import Order, Pool
    from AutoContourRTCore.cohorts.summary import Row

SOME_FAILED = 3


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "segment-cohort", parents=[common], help="contour the CTs of many patients",
        description="Contour every CT in a folder: image files, sub-folders with a ct.nrrd (or "
        "ct.nii.gz, ct.mha), sub-folders with a DICOM series. Writes <case>.seg.nrrd, for DICOM "
        "<case>.dcm (RTSTRUCT) too, and summary.csv. Stopped at any time, the same command goes on "
        "where it was. A case that fails does not stop the others; the exit code is then 3.",
    )
    parser.add_argument("input", type=Path, metavar="IN_DIR")
    parser.add_argument("output", type=Path, metavar="OUT_DIR",
                        help="made if it is not there; contours in it that were edited are kept")
    parser.add_argument("--workers", type=_count, metavar="N",
                        help="processes on this machine, which share its cores; each needs the "
                        "memory of a CT and a model of its own (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS",
                        help="of a dask.distributed cluster, in place of processes here; all its "
                        "machines must see both folders under the same paths")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID",
                        help="see `autocontourrt models`; default: %(default)s")
    parser.add_argument("--structures", type=name_list, metavar="A,B",
                        help="only these; default: all of the model's")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--force", action="store_true",
                        help="contour every case anew, and replace edited contours too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Contour what is not done, print what came of it."""
    if options.workers and options.scheduler:
        raise InputError("Give --workers or --scheduler, not both: a cluster brings its workers.")
    from AutoContourRTCore.cohorts.run import segment_cohort
    from AutoContourRTCore.cohorts.summary import SUMMARY

    order = _order(options, screen)
    try:
        with _pool(options) as pool, screen.progress("Contouring") as progress:
            rows = segment_cohort(order, pool, progress)
            progress(1.0, "done")
    except (KeyboardInterrupt, Cancelled):
        raise Cancelled(
            f"cancelled; {options.output / SUMMARY} says what is done. The same command goes on "
            "from there."
        ) from None
    return _report(rows, options.output, screen)


def _order(options: argparse.Namespace, screen: Console) -> Order:
    """All that can be found out before a worker starts; InputError for what is wrong with it."""
    from AutoContourRTCore.cohorts.cases import find_cases
    from AutoContourRTCore.cohorts.run import Order
    from AutoContourRTCore.models.store import ModelStore

    source, output = options.input.resolve(), options.output.resolve()
    if output == source or source in output.parents:
        raise InputError(
            f"{options.output} lies in {options.input}, whose folders are cases; choose a folder "
            "beside it."
        )
    if options.output.exists() and not options.output.is_dir():
        raise InputError(f"{options.output} is a file; give a folder.")
    manifest = ModelStore().manifest(options.model)
    structures = _structures(options.structures, manifest.structures, options.model)
    cases, passed_over = find_cases(options.input)
    if passed_over:
        some = ", ".join(passed_over[:4]) + (", ..." if len(passed_over) > 4 else "")
        screen.note(f"Passed over, as no CT: {len(passed_over)} files ({some}).")
    return Order(cases, options.output, manifest, structures, options.device, options.force)


def _structures(
    wanted: Optional[Sequence[str]], known: Sequence[str], model: str
) -> Optional[Tuple[str, ...]]:
    """Standard names in the model's order, None for all; InputError for one that it lacks."""
    from AutoContourRTCore.anatomy.catalogue import find

    if wanted is None:
        return None
    names = [find(name).name for name in wanted]
    for name in names:
        if name not in known:
            raise InputError(
                f"The model {model!r} does not know {name}; it covers {', '.join(known)}."
            )
    return tuple(name for name in known if name in names)


@contextmanager
def _pool(options: argparse.Namespace) -> Iterator[Pool]:
    if options.scheduler:
        from AutoContourRTCore.cohorts.dask_cluster import DaskCluster

        with DaskCluster(options.scheduler) as cluster:
            yield cluster
    else:
        from AutoContourRTCore.cohorts.local_workers import LocalWorkers

        yield LocalWorkers(options.workers or 1, options.output / "logs")


def _report(rows: Sequence[Row], folder: Path, screen: Console) -> int:
    from AutoContourRTCore.cohorts.summary import DONE, FAILED, KEPT, SUMMARY

    counts: Dict[str, int] = {
        state: sum(row.state == state for row in rows) for state in (DONE, KEPT, FAILED)
    }
    for row in rows:
        if row.state in (KEPT, FAILED):
            screen.note(f"{row.case}: {row.state}: {row.message}")
    noted = sum(row.state == DONE and bool(row.message) for row in rows)
    screen.say(f"{len(rows)} cases: " + ", ".join(f"{n} {state}" for state, n in counts.items()))
    if noted:
        screen.say(f"{noted} of those done have a remark; see the column message.")
    screen.say(f"Written: {folder / SUMMARY}. Research use only: check every contour.")
    screen.done({"output": str(folder), "summary": str(folder / SUMMARY), **counts})
    return SOME_FAILED if counts[FAILED] else 0


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers; give 1 or more.")
    return number
