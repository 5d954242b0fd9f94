"""Spacings and matches as users type them."""

from __future__ import annotations

from typing import Any

import pytest

from AutoContourRTCore.errors import InputError
from MetricsModuleLib import OptionTexts


@pytest.mark.parametrize(
    "text, wanted",
    [("1 x 1 x 2.5", (2.5, 1, 1)), ("0,9 0.9 3 mm", (3, 0.9, 0.9)), ("2", (2, 2, 2))],
)
def test_a_spacing_is_written_along_i_j_k_and_used_along_k_j_i(text: str, wanted: Any) -> None:
    assert OptionTexts.gridFrom("spacing", text) == wanted


@pytest.mark.parametrize("text", ["", "1 2", "1 x 0 x 2", "1 x x 2", "a", "1 1 nan", "inf"])
def test_what_is_no_spacing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="three lengths"):
        OptionTexts.gridFrom("spacing", text)
    assert OptionTexts.gridFrom("test", text) == "test"


def test_a_later_match_by_hand_takes_the_names_from_earlier_ones() -> None:
    pairs = OptionTexts.withPair((("a", "x"), ("b", "y"), ("c", "")), "b", "x")
    assert pairs == (("c", ""), ("b", "x"))
    assert OptionTexts.withPair(pairs, "c", "z") == (("b", "x"), ("c", "z"))
    assert OptionTexts.without(pairs, "b", "") == (("c", ""),)
    assert OptionTexts.pairsFrom(OptionTexts.textOfPairs(pairs)) == pairs
    assert OptionTexts.textOfPairs(()) == "" and OptionTexts.pairsFrom("") == ()
