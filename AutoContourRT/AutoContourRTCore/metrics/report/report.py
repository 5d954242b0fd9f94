"""The report of a cohort: one HTML page that a physicist can file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import List, Optional, Sequence, Tuple

from AutoContourRTCore.metrics.choices.matching import MATCHED
from AutoContourRTCore.metrics.cohort.cohort import Cohort
from AutoContourRTCore.metrics.cohort.outliers import FEWEST as FEWEST_VALUES
from AutoContourRTCore.metrics.cohort.outliers import STANDS_OUT, find_outliers
from AutoContourRTCore.metrics.cohort.paired import FEWEST, PairedResult
from AutoContourRTCore.metrics.cohort.summary import (
    MEASURES,
    Summary,
    pooled_by_structure,
    summarise,
)
from AutoContourRTCore.metrics.compare.columns import column
from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, Limits, pass_rates
from AutoContourRTCore.metrics.compare.ratings import GRADES, Rating, count_ratings
from AutoContourRTCore.metrics.compare.rows import FAILED_STATES, Row
from AutoContourRTCore.metrics.report.html_page import (
    Cell,
    page,
    paragraph,
    provenance_section,
    section,
    table,
)
from AutoContourRTCore.metrics.report.svg_plots import Series, box_plot

#: So many of the worst figures are listed.
WORST = 15
MOST_OUTLIERS = 25
#: In the list of problems: what concerns them all.
EVERY_CASE = "all cases"
DEFINITIONS = (
    "Dice: 2 |A and B| / (|A| + |B|) of voxels. Surface Dice: share of both surfaces' area within "
    "the tolerance of the other (Nikolov 2021). MSD: mean of the two directed mean distances "
    "between surface voxels, not weighted by area (Sartor 2020). HD95: the larger of both "
    "directions' distance at which 95 % of the area is reached. Mean, SD and range leave out what "
    "is not finite (nan, inf) and count it as missing; in pass rates a structure that the test "
    "lacks has failed. Pooled Dice: sums over patients before the division. Intervals of means: "
    "percentile bootstrap over patients."
)


@dataclass(frozen=True)
class Evaluation:
    """All that a report shows. names: what the test, and the second method, are called; told:
    what is to be known of all cases."""

    cohort: Cohort
    limits: Limits = DEFAULT_LIMITS
    second: Optional[Cohort] = None
    paired: Tuple[PairedResult, ...] = ()
    ratings: Tuple[Rating, ...] = ()
    names: Tuple[str, str] = ("the test", "the second method")
    told: Tuple[str, ...] = ()
    measures: Tuple[str, ...] = field(default=MEASURES)

    @property
    def problems(self) -> Tuple[Tuple[str, str], ...]:
        """Case -> why it, or a part of it, is not in the rows; of both methods."""
        others = self.second.problems if self.second is not None else ()
        named = tuple((case, f"{self.names[1]}: {why}") for case, why in others)
        return tuple((EVERY_CASE, text) for text in self.told) + self.cohort.problems + named


def report(evaluation: Evaluation) -> str:
    """The page as text."""
    cohort = evaluation.cohort
    parts = [
        paragraph(
            f"{len(cohort.cases)} cases, {len(cohort.rows)} structures. Research use only, not a "
            "medical device."
        ),
        _summary_section(evaluation),
        _plots_section(evaluation),
        _worst_section(cohort.rows),
        _outlier_section(evaluation),
    ]
    parts += _dose_section(cohort) + _paired_section(evaluation) + _ratings_section(evaluation)
    parts += [
        _problems_section(evaluation.problems),
        _matching_section(cohort),
        section("Definitions", paragraph(DEFINITIONS)),
        provenance_section(cohort.provenance()),
        _inputs_section(cohort),
    ]
    return page(f"Contours: {evaluation.names[0]} against the reference", parts)


def number(value: float, name: str) -> str:
    """A figure for people, in the digits of its column."""
    return "-" if math.isnan(value) else f"{value:.{column(name).digits}f}"


def _summary_section(evaluation: Evaluation) -> str:
    cohort = evaluation.cohort
    found = summarise(cohort.rows, cohort.cases, evaluation.measures)
    rates = {rate.structure: rate for rate in pass_rates(cohort.rows, evaluation.limits)}
    pooled = pooled_by_structure(cohort.rows)
    head = ["structure", "n", "missing", "not in test", "tolerance mm"]
    head += [f"{_short(name)}, mean ± SD" for name in evaluation.measures]
    head += ["Dice, pooled", "passed"]
    rows: List[List[Cell]] = []
    for structure, rate in rates.items():
        own = [each for each in found if each.structure == structure]
        cells: List[Cell] = [(structure, ""), (str(own[0].what.n), "")]
        cells += [(str(own[0].what.missing), ""), (str(own[0].missing_in_test), "")]
        cells.append((_tolerances(cohort.rows, structure), ""))
        cells += [(_mean_sd(each) + _of(each, own[0].what.n), "") for each in own]
        cells.append((number(pooled.get(structure, math.nan), "dice"), ""))
        share = f"{rate.passed} of {rate.judged}" if rate.judged else "-"
        cells.append((share, ""))
        rows.append(cells)
    return section(
        "Per structure",
        table(head, rows, "n: cases with a finite Dice; missing: the others; n = 6 behind a mean: "
              "so many cases have that figure. What is not in the test counts with Dice 0, and "
              "has not passed. passed: by the limits below."),
        paragraph(_limits_text(evaluation.limits), "small"),
    )  # fmt: skip


def _plots_section(evaluation: Evaluation) -> str:
    names = list(dict.fromkeys(row.structure for row in evaluation.cohort.rows))
    plots = [
        box_plot([_series(evaluation, name, measure) for name in names], _titled(measure))
        for measure in evaluation.measures
    ]
    return section("Spread over cases", *plots, paragraph(
        "Box: quartiles and median; line: whole range; dots: cases (point at one for its name); "
        "dashed: the limit to pass; 3 of 5: cases with a finite figure, where others have none.",
        "small",
    ))  # fmt: skip


def _series(evaluation: Evaluation, structure: str, measure: str) -> Series:
    own = [row for row in evaluation.cohort.rows if row.structure == structure]
    values = [(row.case, row.judged(measure)) for row in own]
    finite, total = sum(math.isfinite(v) for _, v in values), len(evaluation.cohort.cases)
    name = structure if finite == total else f"{structure}, {finite} of {total}"
    limits = evaluation.limits.of(structure)
    passed = (limit.passed for limit in limits if limit.measure == measure)
    return Series(name, values, next(passed, math.nan))


def _worst_section(rows: Sequence[Row]) -> str:
    """Where to look first: what the test lacks, then what agrees least."""

    def standing(row: Row) -> Tuple[bool, float]:
        surface = row.judged("surface_dice")
        agreement = row.judged("dice") if math.isnan(surface) else surface
        return row.state not in FAILED_STATES, agreement

    judged = [row for row in rows if math.isfinite(standing(row)[1])]
    judged.sort(key=standing)
    lines: List[List[Cell]] = []
    for row in judged[:WORST]:
        place = row.worst_place
        where = ", ".join(f"{mm:.1f}" for mm in place) if place else "-"
        lines.append([
            (row.case, ""), (row.structure, "text"),
            (number(row["surface_dice"], "surface_dice"), ""), (number(row["dice"], "dice"), ""),
            (number(row["worst_mm"], "worst_mm"), ""), (where, ""), (row.state, "text"),
        ])  # fmt: skip
    head = ("case", "structure", "surface Dice", "Dice", "largest distance mm",
            "where (LPS mm)", "state")  # fmt: skip
    return section("Look here first", table(
        head, lines, "What the test lacks, then the lowest surface Dice (Dice where no tolerance "
        "is known).",
    ))  # fmt: skip


def _outlier_section(evaluation: Evaluation) -> str:
    found = find_outliers(evaluation.cohort.rows, evaluation.measures)
    if not found:
        return section("Outliers", paragraph(
            f"No figure has a robust |z| above {STANDS_OUT}. Structures of fewer than "
            f"{FEWEST_VALUES} cases were not looked at."
        ))  # fmt: skip
    caption = f"Robust |z| above {STANDS_OUT}: {len(found)}; the first {MOST_OUTLIERS} of them."
    rows = [
        [(each.case, ""), (each.structure, "text"), (_short(each.measure), "text"),
         (number(each.value, each.measure), ""), (number(each.median, each.measure), ""),
         (f"{each.z:+.1f}", "")]
        for each in found[:MOST_OUTLIERS]
    ]  # fmt: skip
    head = ("case", "structure", "measure", "value", "median", "robust z")
    return section("Outliers", table(head, rows, caption))


def _dose_section(cohort: Cohort) -> List[str]:
    """Differences of dose per structure; [] where no dose was given."""
    measures = [name for name in cohort.dose_columns if "_difference_" in name]
    if not measures:
        return []
    found = summarise(cohort.rows, cohort.cases, measures)
    rows: List[List[Cell]] = []
    for structure in dict.fromkeys(each.structure for each in found):
        own = [each for each in found if each.structure == structure]
        rows.append([(structure, ""), (str(own[0].what.n), "")])
        rows[-1] += [(_spread(each, own[0].what.n), "") for each in own]
    head = ("structure", "n", *[_short(name) for name in measures])
    return [section(
        "Dose, test - reference",
        table(head, rows, "Mean ± SD (lowest to highest); n: cases in which the dose covers both "
              "contours. The dose of either contour is in summary.csv."),
    )]  # fmt: skip


def _paired_section(evaluation: Evaluation) -> List[str]:
    if not evaluation.paired:
        return []
    told = {True: ("yes", "pass"), False: ("not shown", "fail"), None: ("", "")}
    rows = [
        [(each.structure, ""), (_short(each.measure), "text"), (str(each.n), ""),
         (str(each.left_out), ""), (number(each.mean_first, each.measure), ""),
         (number(each.mean_second, each.measure), ""),
         (f"{each.difference:+.3f} ({each.low:+.3f} to {each.high:+.3f})", ""),
         (f"{each.p:.3g}", ""), ("" if math.isnan(each.p_holm) else f"{each.p_holm:.3g}", ""),
         ("" if math.isnan(each.margin) else f"{each.margin:g}", ""),
         ("too few", "") if each.n < FEWEST and each.margin >= 0 else told[each.non_inferior]]
        for each in evaluation.paired
    ]  # fmt: skip
    first, second = evaluation.names
    head = ("structure", "measure", "n", "left out", first, second,
            "difference (95 % interval)", "p", "p, Holm", "margin", "not inferior")  # fmt: skip
    return [section(
        f"{first} against {second}, same patients",
        table(head, rows, "Wilcoxon signed-rank test, Holm over structures; intervals: bootstrap "
              "over patients; not inferior: the interval stays within the margin, and no figure is "
              f"missing that the other method has; not stated for fewer than {FEWEST} patients."),
    )]  # fmt: skip


def _ratings_section(evaluation: Evaluation) -> List[str]:
    if not evaluation.ratings:
        return []
    rows = [
        [(line.set or "-", ""), (line.structure, "text"), *[(text, "") for text in line.texts],
         (str(line.total), "")]
        for line in count_ratings(evaluation.ratings)
    ]  # fmt: skip
    return [section("Ratings, n (%)", table(("set", "structure", *GRADES, "rated"), rows))]


def _problems_section(problems: Sequence[Tuple[str, str]]) -> str:
    if not problems:
        return section("Problems", paragraph("None."))
    rows = [[(case, ""), (why, "text")] for case, why in problems]
    return section("Problems", table(("case", "what"), rows))


def _matching_section(cohort: Cohort) -> str:
    odd = [
        [(case, ""), (m.reference_name or "-", "text"), (m.test_name or "-", "text"),
         (m.state, "text"), (m.how, "text"), (m.note, "text")]
        for case, matches in cohort.matches.items()
        for m in matches
        if m.state != MATCHED or not m.known
    ]  # fmt: skip
    if not odd:
        return section("Matching", paragraph("Every contour was matched by a known name."))
    head = ("case", "reference", "test", "state", "how", "note")
    return section("Matching: one side only, or unknown", table(head, odd))


def _inputs_section(cohort: Cohort) -> str:
    rows = [
        [(r.name, ""), (r.provenance.reference_file, "text"), (r.provenance.reference_id, "text"),
         (r.provenance.test_file, "text"), (r.provenance.test_id, "text")]
        for r in cohort.results
    ]  # fmt: skip
    head = ("case", "reference", "id", "test", "id")
    return section("Input files", table(head, rows))


def _short(name: str) -> str:
    return column(name).head


def _titled(name: str) -> str:
    kind = column(name)
    return f"{kind.title}, {kind.unit}" if kind.unit else kind.title


def _mean_sd(summary: Summary) -> str:
    name = summary.measure
    return f"{number(summary.what.mean, name)} ± {number(summary.what.sd, name)}"


def _spread(summary: Summary, usual: int) -> str:
    """Mean, SD and range."""
    name, what = summary.measure, summary.what
    told = f"{number(what.lowest, name)} to {number(what.highest, name)}"
    return f"{_mean_sd(summary)} ({told}){_of(summary, usual)}"


def _of(summary: Summary, usual: int) -> str:
    """Of how many cases a mean is, where that is not the usual number."""
    return "" if summary.what.n == usual else f" (n = {summary.what.n})"


def _tolerances(rows: Sequence[Row], structure: str) -> str:
    """The tolerances used, which differ between cases where they are rounded."""
    used = {row["tolerance_used_mm"] for row in rows if row.structure == structure}
    finite = [mm for mm in used if math.isfinite(mm)]
    texts = [f"{mm:.3g}" for mm in (min(finite), max(finite))] if finite else ["-"]
    return " to ".join(dict.fromkeys(texts))


def _limits_text(limits: Limits) -> str:
    told = [
        f"{structure}: {_short(limit.measure)} {limit.passed:g} to pass, {limit.borderline:g} for "
        "borderline"
        for structure, those in limits.by_structure.items()
        for limit in those
    ]
    return "Limits (* is every other structure). " + "; ".join(told) + "."
