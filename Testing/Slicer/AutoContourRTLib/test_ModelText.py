"""What is said of a model stands in its manifest, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.store import ModelStore


@pytest.fixture()
def manifest(scene: Any) -> Manifest:
    return ModelStore().manifest("head_neck_7")


def with_figures(manifest: Manifest, **figures: Any) -> Manifest:
    """Figures of one structure; those that are not given are not known."""
    row = {"dice_mean": 0.5, "dice_sd": None, "surface_dice_mean": None, "tolerance_mm": None}
    return replace(manifest, validation={"Larynx": {**row, "n": 3, **figures}})


def test_what_others_wrote_is_shown_as_text_not_as_markup(manifest: Manifest) -> None:
    from AutoContourRTLib import ModelText

    bad = replace(
        manifest, anatomy="<img src=x>", data="<b>", known_failures=("a < b",), licence="&"
    )
    text = ModelText.modelSummary(bad) + ModelText.modelDetails(bad)
    assert "&lt;img src=x&gt;" in text and "<img" not in text and "a &lt; b" in text
    assert "<i>" not in ModelText.brokenModels({Path("x"): "<i>"})


@pytest.mark.parametrize(
    "figures, text",
    [
        ({"dice_mean": 0.5, "dice_sd": 0.125, "n": 3}, "0.50 ± 0.12 (n = 3)"),
        ({"dice_mean": 0.5, "dice_sd": None, "n": 1}, "0.50 (n = 1)"),
        ({"dice_mean": None, "n": 3}, "not validated"),
        ({"n": 0}, "not validated"),
    ],
)
def test_figures_are_those_of_the_manifest(manifest: Manifest, figures: Any, text: str) -> None:
    from AutoContourRTLib.ModelText import validationText

    changed = with_figures(manifest, **figures)
    assert validationText(changed, "Larynx") == text
    assert validationText(changed, "Brainstem") == "not validated"


def test_the_surface_dice_is_told_with_its_tolerance(manifest: Manifest) -> None:
    from AutoContourRTLib.ModelText import validationToolTip

    changed = with_figures(manifest, surface_dice_mean=0.25, tolerance_mm=3.0)
    assert "25 % of both surfaces lay within 3 mm" in validationToolTip(changed, "Larynx")
    assert "surfaces" not in validationToolTip(changed, "Brainstem")


def test_a_structure_that_nobody_knows_keeps_its_name_in_grey(scene: Any) -> None:
    from AutoContourRTLib import ModelText

    assert ModelText.structureTitle("Parotid_L") == "Left parotid gland (Parotid_L)"
    assert ModelText.structureTitle("Brainstem") == "Brainstem"
    assert ModelText.structureTitle("Our organ") == "Our organ"
    assert ModelText.structureColor("Our organ") == (128, 128, 128)
