"""What the panel shows of a result: chosen columns, sorted, coloured; and of each row in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.metrics.compare.columns import column
from AutoContourRTCore.metrics.compare.limits import BORDERLINE, FAIL, NOT_JUDGED, PASS, Limits
from AutoContourRTCore.metrics.compare.rows import COMPARED, UNJUDGED_STATES, Row
from MetricsModuleLib import Results

#: Backgrounds (0..255) on which black text can be read, told apart also without red and green.
COLORS = {PASS: (190, 232, 190), BORDERLINE: (255, 226, 140), FAIL: (255, 170, 160)}
NUMBER, VERDICT, STRUCTURE, CASE, STATE = "#", "verdict", "structure", "case", "state"


@dataclass(frozen=True)
class Item:
    """One cell. row: the row of the table node that it belongs to."""

    text: str
    toolTip: str = ""
    color: Optional[Tuple[int, int, int]] = None
    row: int = 0


def columnsShown(limits: Limits, isCohort: bool, hasDose: bool = False) -> List[str]:
    """The columns of the panel: what is limited first, then what everybody asks for."""
    limited = [limit.measure for those in limits.by_structure.values() for limit in those]
    usual = ["surface_dice", "tolerance_used_mm", "dice", "hd95_mm", "msd_mm", "worst_mm",
             "volume_difference_percent"]  # fmt: skip
    if hasDose:
        usual.append("dose_mean_difference_gy")
    figures = list(dict.fromkeys(["surface_dice", "tolerance_used_mm", *limited, *usual]))
    return [NUMBER, *([CASE] if isCohort else []), STRUCTURE, VERDICT, *figures, STATE]


def header(name: str) -> Tuple[str, str]:
    """A short title, and what it means."""
    own = {
        NUMBER: ("#", _("Number of the structure in the plots.")),
        CASE: (_("Case"), ""),
        STRUCTURE: (_("Structure"), _("TG-263 name where the structure is known.")),
        VERDICT: (_("Verdict"), _("By the limits below; a structure that the test lacks fails.")),
        STATE: (_("Remarks"), ""),
    }
    short = {
        "surface_dice": _("Surface\nDice"), "tolerance_used_mm": _("at tol.\n[mm]"),
        "dice": _("Dice"), "hd95_mm": _("HD95\n[mm]"), "msd_mm": _("MSD\n[mm]"),
        "worst_mm": _("Largest\n[mm]"), "volume_difference_percent": _("Volume\ndiff. [%]"),
        "hd_mm": _("HD\n[mm]"), "apl_mm": _("APL\n[mm]"),
        "dose_mean_difference_gy": _("Mean dose\ndiff. [Gy]"),
    }  # fmt: skip
    if name in own:
        return own[name]
    return short.get(name, Results.title(name)), Results.title(name)


def items(rows: Sequence[Row], verdicts: Sequence[str], limits: Limits, names: Sequence[str]
          ) -> List[List[Item]]:
    """The cells of all rows in the order of the table."""
    return [
        [_item(number, row, verdict, limits, name) for name in names]
        for number, (row, verdict) in enumerate(zip(rows, verdicts))
    ]


def order(
    rows: Sequence[Row], verdicts: Sequence[str], name: str, descending: bool
) -> List[int]:
    """The numbers of the rows sorted by a column; what has no figure comes last, either way."""
    severity = {FAIL: 0, BORDERLINE: 1, PASS: 2, NOT_JUDGED: 3}
    texts = {STRUCTURE: "structure", CASE: "case", STATE: "state"}

    def value(number: int) -> Any:
        if name == NUMBER:
            return number
        if name == VERDICT:
            return severity[verdicts[number]]
        if name in texts:
            return getattr(rows[number], texts[name]).lower()
        return rows[number][name]

    numbers = range(len(rows))
    known = [n for n in numbers if value(n) == value(n)]
    return [
        *sorted(known, key=value, reverse=descending), *(n for n in numbers if n not in known)
    ]


def figureText(row: Row, name: str) -> str:
    """A figure in the digits that people read; a dash where there is none."""
    value = row[name]
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if name.startswith("tolerance"):
        return f"{value:.2f}"
    sign = "+" if name.startswith(("volume_difference", "shift_")) or "difference" in name else ""
    return f"{value:{sign}.{column(name).digits}f}"


def summary(verdicts: Sequence[str]) -> str:
    """How many passed."""
    parts = [(PASS, _("pass")), (BORDERLINE, _("borderline")), (FAIL, _("fail")),
             (NOT_JUDGED, _("not judged"))]  # fmt: skip
    counts = [f"{verdicts.count(kind)} {text}" for kind, text in parts if kind in verdicts]
    return ", ".join(counts)


def basis(row: Row) -> str:
    """What the figures of a row were computed from."""
    source = row.tolerance_source or _("none known")
    tolerance = figureText(row, "tolerance_mm")
    rounded = ""
    if row["tolerance_used_mm"] != row["tolerance_mm"] and row["tolerance_mm"] >= 0:
        used = figureText(row, "tolerance_used_mm")
        rounded = _(", rounded to {mm} mm for this grid").format(mm=used)
    lines = [
        _("Tolerance {mm} mm{rounded}; source: {source}").format(
            mm=tolerance, rounded=rounded, source=source
        ),
        _("Computed on the grid {grid}; {how}").format(grid=row.grid, how=row.rasterisation),
    ]
    return "\n".join([*lines, *row.notes])


def provenanceText(provenance: Dict[str, str]) -> str:
    """What a whole table was computed from."""
    lines = [
        (_("Reference"), "reference"), (_("Test"), "test"), (_("Dose"), "dose"),
        (_("Tolerances"), "tolerance"),
    ]  # fmt: skip
    told = [
        f"{word}: {provenance[f'{key}_file']} {_short(provenance.get(f'{key}_id', ''))}".strip()
        for word, key in lines
        if provenance.get(f"{key}_file")
    ]
    made = [provenance.get(name, "") for name in ("software", "user", "time")]
    if provenance.get("model"):
        told.append(_("Test made by: {model}").format(model=provenance["model"]))
    return "\n".join([*told, ", ".join(part for part in made if part)])


def _short(identity: str) -> str:
    """The beginning of a hash; the whole one is in the table."""
    return f"[{identity[:18]}…]" if identity.startswith("sha256:") else f"[{identity}]" * bool(
        identity
    )


def _item(number: int, row: Row, verdict: str, limits: Limits, name: str) -> Item:
    color = COLORS.get(verdict)
    if name == NUMBER:
        return Item(str(number + 1), row=number)
    if name == CASE:
        return Item(row.case, row=number)
    if name == STRUCTURE:
        names = _("Reference: {a}\nTest: {b}").format(
            a=row.reference_name or "–", b=row.test_name or "–"
        )
        return Item(row.structure, names, color, number)
    if name == VERDICT:
        words = {PASS: _("pass"), BORDERLINE: _("borderline"), FAIL: _("fail"), NOT_JUDGED: "–"}
        text = words[verdict]
        if row.state != COMPARED:
            text = f"{text}: {row.state}" if verdict else row.state
        return Item(text, _limitText(row, limits), color, number)
    if name == STATE:
        text = "; ".join(row.notes)
        return Item(text, text, None, number)
    return _figure(number, row, limits, name)


def _figure(number: int, row: Row, limits: Limits, name: str) -> Item:
    """A figure; coloured where it has a limit of its own."""
    judged = row.state not in UNJUDGED_STATES
    own = [limit.judge(row[name]) for limit in limits.of(row.structure) if limit.measure == name]
    worst = next((v for v in (FAIL, BORDERLINE, PASS) if v in own), "") if judged else ""
    toolTip = f"{Results.title(name)}: {row[name]!r}"
    if name.startswith("tolerance"):
        toolTip += f"\n{row.tolerance_source}"
    return Item(figureText(row, name), toolTip, COLORS.get(worst), number)


def _limitText(row: Row, limits: Limits) -> str:
    told = [
        _("{measure}: pass at {passed:g}, borderline at {borderline:g}").format(
            measure=Results.title(limit.measure), passed=limit.passed, borderline=limit.borderline
        )
        for limit in limits.of(row.structure)
    ]
    return "\n".join(told) or _("No limit is set for this structure.")
