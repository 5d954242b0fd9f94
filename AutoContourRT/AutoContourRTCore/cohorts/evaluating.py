"""The contours of two folders -> a cohort's figures: the order of `autocontourrt evaluate`."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import List, Sequence, Tuple

from AutoContourRTCore import __version__
from AutoContourRTCore.cohorts.evaluate_request import EvaluateCaseRequest
from AutoContourRTCore.cohorts.record import read_record
from AutoContourRTCore.cohorts.request import RECORDS
from AutoContourRTCore.cohorts.run import LOGS, Order, Pool, run_cohort
from AutoContourRTCore.cohorts.summary import DONE, FAILED, LEFT_OUT, SUMMARY, Row
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.provenance import Provenance
from AutoContourRTCore.metrics.cohort.cohort import CaseResult, Cohort, CohortOptions, check_any
from AutoContourRTCore.metrics.cohort.packed import packed_options, result_of
from AutoContourRTCore.metrics.compare.comparison import ALL
from AutoContourRTCore.metrics.inputs.cases import pair_cases
from AutoContourRTCore.progress import Progress

#: The table of states; summary.csv is that of the figures.
STATES = "cases.csv"


@dataclass(frozen=True)
class Evaluating:
    """What is wanted. reference, test: folders, see pair_cases. folder: for what is known so far.

    provenance: what is known before any file is read. force: compare anew what is done already.
    """

    reference: Path
    test: Path
    folder: Path
    options: CohortOptions
    provenance: Provenance
    force: bool = False


def evaluate_cohort(
    wanted: Evaluating, pool: Pool, progress: Progress
) -> Tuple[Tuple[Row, ...], Cohort]:
    """Compare the cases that are not done yet; returns the states of all, and what was found.

    A case that cannot be compared is a problem, and does not stop the others. Raises InputError
    when no case could be compared, or none has a common structure, and what `run_cohort` raises.
    """
    rows = run_cohort(_order(wanted), pool, progress)
    results = [_result(wanted.folder, row.case) for row in rows if row.state == DONE]
    problems: List[Tuple[str, str]] = [
        (row.case, row.message) for row in rows if row.state in (LEFT_OUT, FAILED)
    ]
    for each in results:
        problems += [(each.name, warning) for warning in each.comparison.warnings]
    problems += [
        (case, "the drawn slices of this case were not used: there is no such case")
        for case in wanted.options.drawn if case not in (ALL, *(row.case for row in rows))
    ]  # fmt: skip
    check_any(results, problems)
    return rows, Cohort(tuple(results), tuple(problems), wanted.provenance)


def _order(wanted: Evaluating) -> Order:
    paired = pair_cases(wanted.reference, wanted.test, _no_case)
    run, told = secrets.token_hex(8), asdict(wanted.provenance)
    place = str(wanted.folder.resolve())
    requests = tuple(
        EvaluateCaseRequest(
            pair.name, place, __version__, run, wanted.force, 1, str(pair.reference.resolve()),
            str(pair.test.resolve()), packed_options(wanted.options, pair.name), told,
        )
        for pair in paired.pairs
    )  # fmt: skip
    left_out = _left_out(wanted.reference, paired.only_reference, "the test")
    left_out += _left_out(wanted.test, paired.only_test, "the reference")
    return Order(wanted.folder, requests, left_out, STATES)


def _left_out(folder: Path, names: Sequence[str], other: str) -> Tuple[Row, ...]:
    """Rows of the cases of a folder that the other side lacks."""
    message = f"{other} has no such case: left out"
    return tuple(Row(name, LEFT_OUT, 0.0, message) for name in names)


def _no_case(path: Path) -> bool:
    """Whether a folder is one of segment-cohort's own, beside the contours that it wrote."""
    return path.name in (RECORDS, LOGS) and (path.parent / SUMMARY).is_file()


def _result(folder: Path, case: str) -> CaseResult:
    record = read_record(folder, case)
    if record is None:
        raise InputError(
            f"What was found in {case} cannot be read from {folder} any more; repeat the command."
        )
    return result_of(case, record.details)
