"""``autocontourrt evaluate``: the contours of a whole cohort against a reference."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from AutoContourRTCore.cli.metric_options import add_metric_options, limits_of, settings_of
from AutoContourRTCore.cli.outputs import refuse_existing
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.progress import Progress, part_of

if TYPE_CHECKING:
    from AutoContourRTCore.metrics.cohort.cohort import Cohort
    from AutoContourRTCore.metrics.cohort.paired import PairedResult
    from AutoContourRTCore.metrics.report.report import Evaluation


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "evaluate", parents=[common], help="compare the contours of many patients",
        description="Compare the cases of two folders (sub-folders or files of the same name) and "
        "write tables and a report. Research use only.",
    )
    parser.add_argument("reference", type=Path, metavar="REFERENCE_DIR")
    parser.add_argument("test", type=Path, metavar="TEST_DIR")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT_DIR")
    parser.add_argument("--second", type=Path, metavar="DIR",
                        help="another method's contours, compared pairwise with TEST_DIR's")
    parser.add_argument("--names", type=_two_names, metavar="TEST,SECOND",
                        help="what both methods are called in the report")
    parser.add_argument("--margin", type=float, default=5.0, metavar="POINTS",
                        help="of non-inferiority, in percentage points of Dice and surface Dice "
                        "(default: %(default)g)")
    parser.add_argument("--margin-mm", type=float, metavar="MM",
                        help="of non-inferiority for distances; default: no statement")
    parser.add_argument("--dose", default="", metavar="NAME",
                        help="name of the dose file in each case of REFERENCE_DIR")
    parser.add_argument("--drawn-slices", type=Path, metavar="FILE",
                        help="CSV case,structure,slices: the reference's slices that were drawn, "
                        "for the pooled Dice")
    parser.add_argument("--ratings", type=Path, metavar="FILE",
                        help="CSV case,structure,grade: a table of n (%%) for the report")
    add_metric_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Compare all cases and write everything into the folder."""
    from AutoContourRTCore.metrics.report import cohort_files

    if options.output.exists() and not options.output.is_dir():
        raise InputError(f"{options.output} is a file; give a folder.")
    refuse_existing(options.output / cohort_files.REPORT, options.force)
    with screen.progress("Evaluating") as progress:
        evaluation = evaluate(options, progress)
        written = cohort_files.write_evaluation(options.output, evaluation)
        progress(1.0, "done")
    cohort = evaluation.cohort
    for case, why in cohort.problems:
        screen.note(f"Warning: {case}: {why}")
    for line in summary_lines(evaluation):
        screen.say(line)
    screen.say(f"{len(cohort.cases)} cases, {len(cohort.rows)} structures compared.")
    screen.say(f"Written: {options.output / cohort_files.REPORT} and {len(written) - 1} tables. "
               "Research use only.")
    screen.done({
        "output": str(options.output), "cases": len(cohort.cases),
        "structures": len(cohort.rows),
        "problems": [f"{case}: {why}" for case, why in cohort.problems],
    })  # fmt: skip
    return 0


def evaluate(options: argparse.Namespace, progress: Progress) -> Evaluation:
    """Everything that is written, computed."""
    from AutoContourRTCore.metrics.cohort.paired import compare_methods
    from AutoContourRTCore.metrics.compare.ratings import read_ratings
    from AutoContourRTCore.metrics.report.report import Evaluation

    ratings = read_ratings(options.ratings) if options.ratings else ()
    limits = limits_of(options)
    whole = 0.5 if options.second else 1.0
    cohort = _cohort(options, options.test, part_of(progress, 0.0, whole))
    second: Optional[Cohort] = None
    paired: Tuple[PairedResult, ...] = ()
    if options.second:
        second = _cohort(options, options.second, part_of(progress, 0.5, 1.0))
        paired = compare_methods(
            cohort.rows, second.rows, margin_points=options.margin, margin_mm=options.margin_mm
        )
    names = options.names or tuple(
        path.resolve().name if path else "" for path in (options.test, options.second)
    )
    return Evaluation(cohort, limits, second, paired, ratings, names)


def summary_lines(evaluation: Evaluation) -> List[str]:
    """Mean and SD of the main measures per structure."""
    from AutoContourRTCore.metrics.cohort.summary import summarise
    from AutoContourRTCore.metrics.compare.columns import column

    cohort = evaluation.cohort
    lines: Dict[str, str] = {}
    for each in summarise(cohort.rows, cohort.cases, evaluation.measures):
        digits = column(each.measure).digits
        text = f"{each.what.mean:.{digits}f} ± {each.what.sd:.{digits}f}"
        start = f"{each.structure:<16} {each.what.n:>3} {each.what.missing:>7}"
        lines[each.structure] = lines.get(each.structure, start) + f"{text:>16}"
    heads = "".join(f"{column(name).head:>16}" for name in evaluation.measures)
    return [f"{'structure':<16}   n missing{heads}", *lines.values()]


def _cohort(options: argparse.Namespace, test: Path, progress: Progress) -> Cohort:
    from AutoContourRTCore.metrics.choices.drawn_slices import read_drawn_slices
    from AutoContourRTCore.metrics.choices.provenance import provenance_of
    from AutoContourRTCore.metrics.cohort.cohort import CohortOptions, evaluate_cohort
    from AutoContourRTCore.metrics.inputs.cases import pair_cases

    settings = settings_of(options)
    drawn = read_drawn_slices(options.drawn_slices) if options.drawn_slices else {}
    return evaluate_cohort(
        pair_cases(options.reference, test),
        CohortOptions(settings, options.dose, options.dose_unit, drawn, options.labels),
        provenance_of(settings, options.model), progress,
    )


def _two_names(text: str) -> tuple[str, ...]:
    names = tuple(word.strip() for word in text.split(","))
    if len(names) != 2 or not all(names):
        raise argparse.ArgumentTypeError(f"{text!r}: write two names, such as radiographer,model")
    return names
