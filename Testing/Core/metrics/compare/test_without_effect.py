from __future__ import annotations

from AutoContourRTCore.metrics.choices.matching import match_names
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import ANY, Tolerance, Tolerances
from AutoContourRTCore.metrics.compare.limits import Limit, Limits
from AutoContourRTCore.metrics.compare.without_effect import lines_without_effect


def settings(*names: str) -> Settings:
    return Settings(Tolerances({name: Tolerance(2.0, "ours") for name in names}))


def limits(*names: str) -> Limits:
    return Limits({name: (Limit("dice", 0.9, 0.8),) for name in names})


def test_misspelt_names_are_told_with_the_nearest_known_one():
    matches = match_names(["Parotid_L"], ["Left Parotid"])
    told = lines_without_effect(matches, settings("Parotidd_L"), limits("Parotid", "MyPTV"))
    assert [text.partition(" had no effect")[0] for text in told] == [
        "the tolerance of 'Parotidd_L'", "the limits of 'Parotid'", "the limits of 'MyPTV'",
    ]  # fmt: skip
    assert "Nearest: Parotid_L" in told[0] and "Parotid_L, Parotid_R" in told[1]
    assert "Nearest" not in told[2]


def test_names_in_use_and_known_structures_that_are_not_compared_are_not():
    matches = match_names(["Parotid_L", "MyPTV", "Ring"], ["MyPTV", "Ring"], [("Ring", "")])
    assert not lines_without_effect(
        matches, settings("Parotid_L", "MyPTV", "Brain", ANY, "Ring"), limits("MyPTV", "Heart", ANY)
    )
