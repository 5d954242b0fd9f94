"""``autocontourrt compare``: two contour sets of one patient, figure by figure."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, List

from AutoContourRTCore.cli.metric_options import add_metric_options, limits_of, settings_of
from AutoContourRTCore.cli.outputs import check_table
from AutoContourRTCore.cli.terminal import Console

if TYPE_CHECKING:
    from AutoContourRTCore.metrics.compare.file_comparison import FileComparison

_SHOWN = ("dice", "surface_dice", "tolerance_used_mm", "msd_mm", "hd95_mm", "apl_mm",
          "volume_reference_ml", "volume_test_ml")  # fmt: skip
_OF_A_DOSE = "dose_mean_difference_gy"
_HEADS = ("Dice", "sDice", "tau mm", "MSD mm", "HD95 mm", "APL mm", "ref ml", "test ml")


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "compare", parents=[common], help="compare two contour sets of one patient",
        description="Compare two contour sets: .seg.nrrd, RTSTRUCT, a label image with a table of "
        "its labels, or a folder with one mask per structure. Research use only.",
    )
    parser.add_argument("reference", type=Path, metavar="REFERENCE",
                        help="contours: .seg.nrrd, label image with a table, RTSTRUCT, SEG, or a "
                        "folder of one mask a structure")
    parser.add_argument("test", type=Path, metavar="TEST", help="likewise")
    parser.add_argument("-o", "--output", type=Path, metavar="TABLE.csv",
                        help="write all figures; the matching goes to <TABLE>_matching.csv, which "
                        "is only ever added to")
    parser.add_argument("--dose", type=Path, metavar="FILE",
                        help="dose on which both sets are judged: an image or RTDOSE; prints the "
                        "difference of mean dose (test - reference), -o writes all points")
    parser.add_argument("--ct", type=Path, metavar="FOLDER",
                        help="the image of RTSTRUCT files, where it does not lie beside them")
    parser.add_argument("--case", default="", metavar="NAME",
                        help="the case's name in the table; default: that of REFERENCE")
    add_metric_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Compare, print, and write the table where one is asked for."""
    if options.output:
        check_table(options.output, options.force)
    from AutoContourRTCore.metrics.compare.file_comparison import (
        Files,
        add_to_audit,
        compare_files,
        write_rows,
    )
    from AutoContourRTCore.metrics.inputs.cases import case_name

    files = Files(
        options.reference, options.test, options.labels, options.labels, options.ct, options.dose,
        options.dose_unit, options.case or case_name(options.reference.absolute()), options.model,
    )
    settings, limits = settings_of(options), limits_of(options)
    with screen.progress("Comparing") as progress:
        found = compare_files(files, settings, limits, progress)
        progress(1.0, "done")
    for line in (*matching_lines(found), "", *table(found)):
        screen.say(line)
    for warning in found.warnings:
        screen.note(f"Warning: {warning}")
    if options.output:
        write_rows(options.output, found)
        audit = options.output.with_name(f"{options.output.stem}_matching.csv")
        add_to_audit(audit, found, files.case)
        screen.say(f"Written: {options.output} and {audit}. Research use only.")
    screen.done({
        "output": str(options.output or ""), "structures": len(found.comparison.rows),
        "warnings": list(found.warnings),
    })  # fmt: skip
    return 0


def matching_lines(found: FileComparison) -> List[str]:
    """The matches that a person should look at: by hand, one side only, or unknown."""
    from AutoContourRTCore.metrics.choices.matching import BY_HAND, MATCHED

    lines = []
    for match in found.comparison.matches:
        if match.state == MATCHED and match.known and match.how != BY_HAND:
            continue
        names = " = ".join(name for name in (match.reference_name, match.test_name) if name)
        told = [part for part in (match.state, match.how, match.note) if part]
        lines.append(f"{names}: {', '.join(told)}")
    matched = sum(match.state == MATCHED for match in found.comparison.matches)
    return [f"{matched} structures matched", *lines]


def table(found: FileComparison) -> List[str]:
    """Lines with the main figures of each structure."""
    rows = found.comparison.rows
    width = max([len("structure"), *(len(row.structure) for row in rows)])
    has_dose = any(_OF_A_DOSE in row.figures for row in rows)
    shown = [*_SHOWN, *([_OF_A_DOSE] if has_dose else [])]
    heads = [*_HEADS, *(["dDmean Gy"] if has_dose else [])]
    lines = [f"{'structure':<{width}}" + "".join(f"{head:>10}" for head in heads) + "  verdict"]
    for row in rows:
        figures = "".join(_figure(row[name], name) for name in shown)
        verdict = found.limits.judge(row)
        told = "; ".join(
            part for part in (verdict, row.state if row.state != "compared" else "", *row.notes)
            if part
        )
        lines.append(f"{row.structure:<{width}}{figures}  {told}")
    return lines


def _figure(value: float, name: str) -> str:
    from AutoContourRTCore.metrics.compare.columns import column

    return f"{'-':>10}" if math.isnan(value) else f"{value:>10.{column(name).digits}f}"
