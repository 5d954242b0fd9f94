"""Limits as texts, and what is no limit."""

from __future__ import annotations

from typing import Any

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, Limit, Limits
from MetricsModuleLib import LimitsText


def test_limits_come_back_from_their_text() -> None:
    limits = Limits({"*": (Limit("surface_dice", 0.9, 0.1 + 0.2),),
                     "Brain": (Limit("hd95_mm", 2.0, 3.0), Limit("dice", 0.9, 0.8))})  # fmt: skip
    assert LimitsText.limitsFrom(LimitsText.textOf(limits)) == limits
    assert LimitsText.limitsFrom("") == DEFAULT_LIMITS
    assert LimitsText.limitsFrom(LimitsText.textOf(Limits({}))) == Limits({})


@pytest.mark.parametrize(
    "line, why",
    [(("*", "surface_dice", "much", "0.9"), "must be numbers"),
     (("*", "surface_dice", "0.8", "0.9"), "wrong order"), (("*", "", "1", "1"), "is no column")],
)  # fmt: skip
def test_lines_that_are_no_limits_say_why(line: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        LimitsText.fromLines([line])


def test_synonyms_of_structures_are_understood_in_limits() -> None:
    limits = LimitsText.fromLines([("Left parotid", "hd95_mm", "3", "5")])
    assert list(limits.by_structure) == ["Parotid_L"]
