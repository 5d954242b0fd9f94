from __future__ import annotations

import json
from typing import Any

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.recipes import RECIPES, Recipe, recipe
from tiny_cases import tiny_recipe


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_survives_a_journey_through_json(name: str) -> None:
    text = json.dumps(recipe(name).to_dict())
    assert Recipe.from_dict(json.loads(text)) == recipe(name)


def test_missing_settings_take_their_defaults() -> None:
    assert Recipe.from_dict({"lr": 0.5}) == Recipe(lr=0.5)


def test_an_unknown_recipe_is_answered_with_those_that_exist() -> None:
    with pytest.raises(InputError, match="sartor2021.*sartor2020"):
        recipe("sartor2021")


@pytest.mark.parametrize(
    "values", [{"bacth": 2}, {"intensity": {"lo": 1}}, {"augmentation": {"rotation": 0.1}}]
)
def test_a_misspelt_setting_is_named(values: "dict[str, Any]") -> None:
    with pytest.raises(InputError, match="bacth|'lo'|rotation"):
        Recipe.from_dict(values)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("loss", "mse"), ("activation", "tanh"), ("optimizer", "lion"), ("schedule", "step"),
        ("patch", (8, 16, 15)), ("patch", (16, 16)), ("patch", (0, 16, 16)), ("widths", (8, 12)),
        ("widths", ()), ("spacing", (2.0, 0.0, 2.0)), ("top_k", 0.0), ("average", 1.0),
        ("lr", 0.0), ("batch", 0), ("epochs", 0), ("steps_per_epoch", 0), ("validate_every", 0),
        ("on_structure", 1.5), ("on_false_positive", -0.1),
    ],
)
def test_an_impossible_setting_is_named_with_its_value(setting: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        tiny_recipe(**{setting: value})
    assert setting in str(caught.value) and repr(value) in str(caught.value)
