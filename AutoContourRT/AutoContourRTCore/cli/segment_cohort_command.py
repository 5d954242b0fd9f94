"""``autocontourrt segment-cohort``: contour many CTs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Sequence

from AutoContourRTCore.cli.cohort_options import (
    SOME_FAILED,
    add_cohort_options,
    check_beside,
    check_cohort_options,
    pool_of,
)
from AutoContourRTCore.cli.dicom_options import (
    add_dicom_options,
    check_names,
    name_map,
    refuse_dicom_options,
    write_names,
)
from AutoContourRTCore.cli.segment_options import add_segment_options, model_of, structures_of
from AutoContourRTCore.cli.terminal import Console

if TYPE_CHECKING:
    from AutoContourRTCore.cohorts.run import Order
    from AutoContourRTCore.cohorts.segmenting import Wanted
    from AutoContourRTCore.cohorts.summary import Row


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "segment-cohort", parents=[common], help="contour the CTs of many patients",
        description="Contour every CT in a folder: image files, sub-folders with a ct.nrrd (or "
        "ct.nii.gz, ct.mha), sub-folders with a DICOM series. Writes <case>.seg.nrrd, for DICOM "
        "<case>.dcm (RTSTRUCT) too, and summary.csv. Stopped at any time, the same command goes on "
        "where it was. A case that fails does not stop the others; the exit code is then 3.",
    )
    parser.add_argument("input", type=Path, metavar="IN_DIR", help="a file or folder a case")
    parser.add_argument("output", type=Path, metavar="OUT_DIR",
                        help="made if it is not there; contours in it that were edited are kept")
    add_cohort_options(parser)
    add_segment_options(parser)
    parser.add_argument("--write", choices=("auto", "seg", "rtstruct"), default="auto",
                        help="auto: .seg.nrrd, and RTSTRUCT too for DICOM where that can be; seg: "
                        ".seg.nrrd alone; rtstruct: both, and a case without an RTSTRUCT has "
                        "failed (default: %(default)s)")
    parser.add_argument("--force", action="store_true",
                        help="contour every case anew, also after a stop, and replace edited "
                        "contours too")
    add_dicom_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Contour what is not done, print what came of it."""
    from AutoContourRTCore.cohorts.run import run_cohort

    wanted = _wanted(options)
    if options.write_names:
        screen.say(write_names(options, wanted.structures or wanted.model.structures))
        return 0
    check_cohort_options(options)
    order = _order(options, wanted, screen)
    with pool_of(options) as pool, screen.progress("Contouring") as progress:
        rows = run_cohort(order, pool, progress)
        progress(1.0, "done")
    return _report(rows, options.output, screen)


def _wanted(options: argparse.Namespace) -> Wanted:
    """What is the same for all cases; InputError for what is wrong with it."""
    from AutoContourRTCore.cohorts.segmenting import Wanted

    model, structures = model_of(options), structures_of(options)
    if options.write == "seg":
        refuse_dicom_options(options, ("body", "names", "label"), "leave out --write seg")
    # With auto a model's own name that will not do costs the structure set alone, and the table
    # says so; names that somebody gave are looked at before hours are spent.
    named = options.names or options.write == "rtstruct"
    check_names(options, structures or model.structures if named else ())
    names = name_map(options)
    return Wanted(
        model, structures, options.device, options.series, options.write, options.label,
        None if names is None else {name: asdict(each) for name, each in names.items()},
        options.body,
    )  # fmt: skip


def _order(options: argparse.Namespace, wanted: Wanted, screen: Console) -> Order:
    """All that can be found out before a worker starts; InputError for what is wrong with it."""
    from AutoContourRTCore.cohorts.cases import find_cases
    from AutoContourRTCore.cohorts.segmenting import segment_order

    check_beside(options.output, options.input)
    cases, passed_over = find_cases(options.input)
    if passed_over:
        some = ", ".join(passed_over[:4]) + (", ..." if len(passed_over) > 4 else "")
        screen.note(f"Passed over, as no CT: {len(passed_over)} files ({some}).")
    return segment_order(cases, options.output, wanted, options.force)


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
