"""Lines of tolerance and limits files that no structure answers to: most likely misspelt."""

from __future__ import annotations

from typing import Iterable, List, Tuple

from AutoContourRTCore.anatomy.catalogue import UnknownStructure, find
from AutoContourRTCore.metrics.choices.matching import Match
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import ANY
from AutoContourRTCore.metrics.compare.limits import Limits


def lines_without_effect(
    matches: Iterable[Match], settings: Settings, limits: Limits
) -> Tuple[str, ...]:
    """A warning for each name that is neither a TG-263 structure nor that of a contour.

    A known structure that is not compared is no mistake: such files serve many comparisons.
    """
    compared = {name for match in matches for name in (match.kind, match.title)}
    return (
        *_warnings("tolerance", settings.tolerances.own, compared),
        *_warnings("limits", limits.by_structure, compared),
    )


def _warnings(kind: str, names: Iterable[str], compared: Iterable[str]) -> List[str]:
    told = []
    for name in names:
        if name == ANY or name in compared:
            continue
        try:
            find(name)
        except UnknownStructure as unknown:
            near = f" Nearest: {', '.join(unknown.candidates)}." if unknown.candidates else ""
            told.append(
                f"the {kind} of {name!r} had no effect: no structure here is called so, and it is "
                f"no known name.{near}"
            )
    return told
