"""Limits as a text, for parameter nodes and attributes."""

from __future__ import annotations

import json
from typing import Dict, List, Sequence, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.tolerance_files import standard_or_written
from AutoContourRTCore.metrics.compare.columns import FIGURES
from AutoContourRTCore.metrics.compare.limits import ANY, DEFAULT_LIMITS, Limit, Limits

#: Structure, measure, limit to pass, limit for borderline; as typed.
Line = Tuple[str, str, str, str]
#: What is offered to set limits for; a file may name any other column.
MEASURES = tuple(
    figure.name for figure in FIGURES
    if figure.better or figure.name.startswith(("volume_difference", "shift_"))
)  # fmt: skip


def linesOf(limits: Limits) -> List[Line]:
    """A line for each limit."""
    return [
        (structure, limit.measure, repr(limit.passed), repr(limit.borderline))
        for structure, those in limits.by_structure.items()
        for limit in those
    ]


def fromLines(lines: Sequence[Line]) -> Limits:
    """The limits that lines stand for. Raises InputError for what is no limit."""
    found: Dict[str, List[Limit]] = {}
    for structure, measure, passed, borderline in lines:
        name = ANY if structure.strip() in ("", ANY) else standard_or_written(structure)
        try:
            numbers = float(passed), float(borderline)
        except ValueError as error:
            text = _("The limits of {name}, {passed!r} and {borderline!r}, must be numbers.")
            told = text.format(name=name, passed=passed, borderline=borderline)
            raise InputError(told) from error
        found.setdefault(name, []).append(Limit(measure, *numbers))
    return Limits({name: tuple(those) for name, those in found.items()})


def textOf(limits: Limits) -> str:
    """The limits as JSON."""
    return json.dumps(linesOf(limits), ensure_ascii=False)


def limitsFrom(text: str) -> Limits:
    """The limits of a text by textOf; the default ones for ""."""
    return fromLines([tuple(line) for line in json.loads(text)]) if text else DEFAULT_LIMITS
