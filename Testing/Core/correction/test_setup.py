from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore.correction.setup import (
    SMALL_BATCH,
    SMALL_PATCH,
    SMALL_WIDTHS,
    correction_recipe,
    create_project,
)
from AutoContourRTCore.correction.split import GROWING, ROTATING
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.nn.recipes import RECIPES, Recipe


def manifest(**changes: Any) -> Manifest:
    recipe = Recipe(widths=(8, 16), patch=(8, 16, 16), spacing=(4.0, 4.0, 4.0), **changes)
    return Manifest(
        id="m", version="1.0", name="m", structures=("Heart",), region="thorax", anatomy="thorax",
        recipe=recipe.to_dict(), network={}, training_spacing_mm=recipe.spacing, data="d",
        licence="l",
    )


def test_the_rules_of_smith_are_kept_to_the_letter() -> None:
    recipe = correction_recipe("rootpainter3d")
    assert recipe == RECIPES["rootpainter3d"]
    assert (recipe.batch, recipe.lr, recipe.momentum, recipe.optimizer) == (4, 0.01, 0.99, "sgd")
    assert recipe.corrections == "anywhere" and recipe.intensity.per_patch
    assert recipe.cross_entropy_weight == 0.3 and not any(
        vars(recipe.augmentation)[name] for name in ("rotate", "mirror", "elastic_mm", "noise_hu")
    )
    assert recipe.patch == (64, 240, 240)  # 52 x 228 x 228, up to the network's multiple


def test_a_training_without_end_has_a_constant_rate() -> None:
    assert RECIPES["default"].schedule == "cosine"
    ours = correction_recipe("default")
    assert ours.schedule == "constant"
    assert (ours.on_structure, ours.cross_entropy_weight) == (0.4, 1.0)
    assert correction_recipe("sartor2020").schedule == "plateau"


def test_a_start_model_gives_its_network_and_spacing_and_nothing_else() -> None:
    recipe = correction_recipe("default", manifest(loss="top_k_bce", lr=0.5))
    assert (recipe.widths, recipe.spacing) == ((8, 16), (4.0, 4.0, 4.0))
    assert (recipe.loss, recipe.lr, recipe.patch) == ("bce_dice", 1e-3, RECIPES["default"].patch)
    with pytest.raises(InputError, match="softmax.*choose another"):
        correction_recipe("default", manifest(activation="softmax"))


def test_for_a_cpu_all_recipes_have_one_network_and_patch() -> None:
    found = [correction_recipe(name, small=True) for name in ("default", "rootpainter3d")]
    assert all((r.widths, r.patch) == (SMALL_WIDTHS, SMALL_PATCH) for r in found)
    assert correction_recipe("default", manifest(), small=True).widths == (8, 16)


def test_the_split_follows_from_the_recipe(tmp_path: Path) -> None:
    for name, split in (("default", GROWING), ("sartor2020", ROTATING)):
        with create_project(tmp_path / name, ["heart"], correction_recipe(name)) as project:
            assert project.record.settings.split == split
            assert project.record.structures == ("Heart",)


def test_a_small_network_learns_from_small_batches() -> None:
    assert correction_recipe("sartor2020").batch == 50
    batches = {name: correction_recipe(name, small=True).batch for name in RECIPES}
    assert batches["sartor2020"] == SMALL_BATCH
    assert batches["default"] == 2 and batches["rootpainter3d"] == 4  # the paper's
