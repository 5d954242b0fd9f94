"""``autocontourrt evaluate``: the contours of a whole cohort against a reference."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from AutoContourRTCore.cli.cohort_options import (
    SOME_FAILED,
    add_cohort_options,
    check_beside,
    check_cohort_options,
    pool_of,
)
from AutoContourRTCore.cli.metric_options import add_metric_options, limits_of, settings_of
from AutoContourRTCore.cli.outputs import refuse_existing
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.progress import Progress, part_of

if TYPE_CHECKING:
    from AutoContourRTCore.cohorts.run import Pool
    from AutoContourRTCore.cohorts.summary import Row
    from AutoContourRTCore.metrics.cohort.cohort import Cohort
    from AutoContourRTCore.metrics.cohort.paired import PairedResult
    from AutoContourRTCore.metrics.report.report import Evaluation


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "evaluate", parents=[common], help="compare the contours of many patients",
        description="Compare the cases of two folders (sub-folders or files of the same name) and "
        "write tables and a report. Stopped at any time, the same command goes on where it was; "
        "repeated, it compares again only what was changed. With --force it compares all again, "
        "from the first case, also after a stop. A case that fails does not stop the others; the "
        "exit code is then 3 (2 where none could be compared). Research use only.",
    )
    parser.add_argument("reference", type=Path, metavar="REFERENCE_DIR",
                        help="the contours to be compared with")
    parser.add_argument("test", type=Path, metavar="TEST_DIR", help="the contours to be judged")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT_DIR",
                        help="made if it is not there; cases.csv there tells what became of each "
                        "case")
    add_cohort_options(parser)
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
    """Compare the cases that are not done and write everything into the folder."""
    from AutoContourRTCore.cohorts.summary import FAILED
    from AutoContourRTCore.metrics.report import cohort_files

    asked = _asked(options)
    _check(options, asked)
    with pool_of(options) as pool, screen.progress("Evaluating") as progress:
        evaluation, states = evaluate(options, pool, progress)
        written = cohort_files.write_evaluation(options.output, evaluation, asked)
        progress(1.0, "done")
    cohort = evaluation.cohort
    problems = [f"{case}: {why}" for case, why in evaluation.problems]
    for each in problems:
        screen.note(f"Warning: {each}")
    for line in summary_lines(evaluation):
        screen.say(line)
    failed = sum(row.state == FAILED for row in states)
    told = f", {failed} cases failed" if failed else ""
    screen.say(f"{len(cohort.cases)} cases, {len(cohort.rows)} structures compared{told}.")
    screen.say(f"Written: {options.output / cohort_files.REPORT} and {len(written) - 1} tables. "
               "Research use only.")
    screen.done({
        "output": str(options.output), "cases": len(cohort.cases), "failed": failed,
        "structures": len(cohort.rows), "problems": problems,
    })  # fmt: skip
    return SOME_FAILED if failed else 0


def _check(options: argparse.Namespace, asked: Dict[str, Any]) -> None:
    """InputError for folders that will not do: the report of another evaluation is kept."""
    from AutoContourRTCore.metrics.report import cohort_files

    check_cohort_options(options)
    for each in _sources(options):
        check_beside(options.output, each)
    path, earlier = options.output / cohort_files.REPORT, cohort_files.asked_of(options.output)
    changed = [name for name in asked if earlier.get(name) != asked[name]]
    if earlier and changed and path.exists() and not options.force:
        raise InputError(
            f"{path} exists already, of another evaluation ({', '.join(changed)}); choose another "
            "folder with -o, or replace it with --force."
        )
    if changed:
        refuse_existing(path, options.force)


def _sources(options: argparse.Namespace) -> List[Path]:
    return [each for each in (options.reference, options.test, options.second) if each]


def _asked(options: argparse.Namespace) -> Dict[str, Any]:
    """What was asked for, as JSON: all but the contours that figures and verdicts depend on.

    Raises InputError for a bad file.
    """
    from AutoContourRTCore.metrics.choices.drawn_slices import read_drawn_slices

    settings = settings_of(options)
    asked: Dict[str, Any] = {
        "folders": [str(each.resolve()) for each in _sources(options)],
        **settings.to_dict(),
        "tolerances": settings.tolerances.sha256,
        "limits": asdict(limits_of(options)),
        "margins": [options.margin, options.margin_mm],
        "dose": [options.dose, options.dose_unit],
        "labels": str(options.labels.resolve()) if options.labels else "",
        "drawn_slices": read_drawn_slices(options.drawn_slices) if options.drawn_slices else {},
        "model": options.model,
    }
    as_read_back: Dict[str, Any] = json.loads(json.dumps(asked))
    return as_read_back


def evaluate(
    options: argparse.Namespace, pool: Pool, progress: Progress
) -> Tuple[Evaluation, List[Row]]:
    """Everything that is written, computed; and the states of the cases (of both methods)."""
    from AutoContourRTCore.metrics.cohort.paired import compare_methods
    from AutoContourRTCore.metrics.compare.ratings import read_ratings
    from AutoContourRTCore.metrics.compare.without_effect import lines_without_effect
    from AutoContourRTCore.metrics.report.report import Evaluation

    ratings = read_ratings(options.ratings) if options.ratings else ()
    limits = limits_of(options)
    whole = 0.5 if options.second else 1.0
    states, cohort = _cohort(
        options, options.test, options.model, options.output, pool,
        part_of(progress, 0.0, whole),
    )  # fmt: skip
    second: Optional[Cohort] = None
    paired: Tuple[PairedResult, ...] = ()
    if options.second:
        others, second = _cohort(
            options, options.second, "", options.output / "second", pool,
            part_of(progress, 0.5, 1.0),
        )  # fmt: skip
        states += others
        paired = compare_methods(
            cohort.rows, second.rows, margin_points=options.margin, margin_mm=options.margin_mm
        )
    names = options.names or tuple(
        path.resolve().name if path else "" for path in (options.test, options.second)
    )
    matches = [match for own in cohort.matches.values() for match in own]
    told = lines_without_effect(matches, settings_of(options), limits)
    rated = tuple(rating for rating in ratings if rating.case in cohort.cases)
    unknown = dict.fromkeys(each.case for each in ratings if each.case not in cohort.cases)
    told += tuple(f"the ratings of {case!r} were left out: no such case was compared"
                  for case in unknown)  # fmt: skip
    return Evaluation(cohort, limits, second, paired, rated, names, told), states


def summary_lines(evaluation: Evaluation) -> List[str]:
    """Mean and SD of the main measures per structure; n: cases in which it was drawn."""
    from AutoContourRTCore.metrics.cohort.summary import summarise
    from AutoContourRTCore.metrics.compare.columns import column

    cohort = evaluation.cohort
    lines: Dict[str, str] = {}
    usual: Dict[str, int] = {}
    for each in summarise(cohort.rows, cohort.cases, evaluation.measures):
        digits = column(each.measure).digits
        text = f"{each.what.mean:.{digits}f} ± {each.what.sd:.{digits}f}"
        start = f"{each.structure:<16} {each.what.n:>3} {each.missing_in_test:>11}"
        usual.setdefault(each.structure, each.what.n)
        if each.what.n != usual[each.structure]:
            text += f" (n={each.what.n})"
        lines[each.structure] = lines.get(each.structure, start) + f"{text:>21}"
    heads = "".join(f"{column(name).head:>21}" for name in evaluation.measures)
    return [f"{'structure':<16}   n not in test{heads}", *lines.values()]


def _cohort(
    options: argparse.Namespace, test: Path, model: str, folder: Path, pool: Pool,
    progress: Progress,
) -> Tuple[List[Row], Cohort]:  # fmt: skip
    """model: what made the contours of this test, "" where that is not told."""
    from AutoContourRTCore.cohorts.evaluating import Evaluating, evaluate_cohort
    from AutoContourRTCore.metrics.choices.drawn_slices import read_drawn_slices
    from AutoContourRTCore.metrics.choices.provenance import provenance_of
    from AutoContourRTCore.metrics.cohort.cohort import CohortOptions

    settings = settings_of(options)
    drawn = read_drawn_slices(options.drawn_slices) if options.drawn_slices else {}
    wanted = Evaluating(
        options.reference, test, folder,
        CohortOptions(settings, options.dose, options.dose_unit, drawn, options.labels),
        provenance_of(settings, model), options.force,
    )  # fmt: skip
    rows, cohort = evaluate_cohort(wanted, pool, progress)
    return list(rows), cohort


def _two_names(text: str) -> tuple[str, ...]:
    names = tuple(word.strip() for word in text.split(","))
    if len(names) != 2 or not all(names):
        raise argparse.ArgumentTypeError(f"{text!r}: write two names, such as radiographer,model")
    return names
