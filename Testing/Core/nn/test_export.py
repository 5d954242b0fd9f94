"""From a training folder to a model folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import read_model
from AutoContourRTCore.nn.checkpoint import save_checkpoint
from AutoContourRTCore.nn.export import export_model, half_precision
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import ResidualUNet

RECIPE = Recipe(widths=(8, 16), patch=(16, 16, 16))


def training(folder: Path) -> Path:
    """What a trainer leaves: the last state and, one epoch before, the best weights."""
    weights = ResidualUNet(3, RECIPE.widths).state_dict()
    last = {"network": weights, "structures": ["Parotid_L", "Esophagus", "Larynx"]}
    dice = {"Parotid_L": 0.8, "Esophagus": None, "Larynx": 0.6}
    chosen = {**weights, "head.bias": torch.tensor([0.5, 1.0, 1e-3])}
    best = {"network": chosen, "epoch": {"validation_dice": dice}}
    save_checkpoint(last, folder)
    save_checkpoint(best, folder, "best.pt")
    (folder / "recipe.json").write_text(json.dumps(RECIPE.to_dict()), encoding="utf-8")
    return folder


def test_a_model_holds_the_best_weights_the_figures_and_the_recipe(tmp_path: Path) -> None:
    drawn = {"Parotid_L": 4, "Larynx": 2}
    export_model(training(tmp_path / "t"), tmp_path / "m", "mine", drawn, data="ten CTs")
    manifest, weights = read_model(tmp_path / "m")
    assert weights["head.bias"].dtype == np.float16
    assert np.allclose(weights["head.bias"], [0.5, 1.0, 1e-3], rtol=1e-3)
    assert manifest.structures == ("Parotid_L", "Esophagus", "Larynx")
    assert manifest.validation["Parotid_L"]["dice_mean"] == 0.8
    assert [manifest.validation[s]["n"] for s in manifest.structures] == [4, 0, 2]
    assert manifest.validation["Esophagus"]["dice_mean"] is None
    assert Recipe.from_dict(manifest.recipe) == RECIPE
    assert manifest.region == "head and neck"  # where most of them lie
    card = (tmp_path / "m" / "CARD.md").read_text("utf-8")
    assert "| Parotid_L | 4 | 0.800 |" in card and "| Esophagus | 0 | - |" in card
    assert "ten CTs" in card and "not a medical device" in card


def test_an_earlier_model_is_replaced_only_when_asked(tmp_path: Path) -> None:
    folder = training(tmp_path / "t")
    export_model(folder, tmp_path / "m", "mine", {})
    with pytest.raises(InputError, match="exists already"):
        export_model(folder, tmp_path / "m", "mine", {})
    export_model(folder, tmp_path / "m", "mine", {}, name="Newer", overwrite=True)
    assert read_model(tmp_path / "m")[0].name == "Newer"


def test_a_training_without_a_finished_epoch_says_how_to_go_on(tmp_path: Path) -> None:
    (training(tmp_path / "t") / "best.pt").unlink()
    with pytest.raises(InputError, match="--resume"):
        export_model(tmp_path / "t", tmp_path / "m", "mine", {})


def test_weights_too_large_for_float16_stay_float32() -> None:
    arrays = half_precision({"a": torch.tensor([1e6]), "b": torch.tensor([1.0])})
    assert (arrays["a"].dtype, arrays["b"].dtype) == (np.float32, np.float16)
    assert arrays["a"][0] == 1e6
