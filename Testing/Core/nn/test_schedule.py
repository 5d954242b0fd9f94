from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional

import pytest
import torch

from AutoContourRTCore.nn.recipes import NIKOLOV2021, ROOTPAINTER3D, SARTOR2020
from AutoContourRTCore.nn.schedule import PLATEAU_EPOCHS, make_optimizer, rate
from tiny_cases import tiny_recipe

PLATEAU = tiny_recipe(schedule="plateau", lr=1.0, warmup_steps=0)


def lines(losses: List[float], dice: Optional[Dict[int, float]] = None) -> List[Dict[str, Any]]:
    """An epoch's line for each loss; some epochs (from 1) were validated."""
    history: List[Dict[str, Any]] = [{"epoch": n, "loss": x} for n, x in enumerate(losses, 1)]
    for epoch, score in (dice or {}).items():
        history[epoch - 1]["validation_mean"] = score
    return history


def test_a_cosine_falls_from_the_full_rate_to_almost_nothing() -> None:
    recipe = tiny_recipe(lr=1.0, warmup_steps=0, epochs=10, steps_per_epoch=10)
    rates = [rate(recipe, step, []) for step in range(100)]
    assert rates[0] == pytest.approx(1.0, abs=2e-3)
    assert rates[50] == pytest.approx(0.5, abs=2e-3)
    assert 0 < rates[99] < 3e-3
    assert rates == sorted(rates, reverse=True)


def test_the_warm_up_is_linear() -> None:
    recipe = tiny_recipe(lr=1.0, schedule="constant", warmup_steps=4)
    assert [rate(recipe, step, []) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


def test_nikolov_s_rate_falls_at_24_60_108_and_114_thousand_steps() -> None:
    assert NIKOLOV2021.epochs * NIKOLOV2021.steps_per_epoch == 120_000
    for step, factor in ((24_000, 2), (60_000, 8), (108_000, 64), (114_000, 256)):
        assert rate(NIKOLOV2021, step, []) == pytest.approx(1e-4 / factor)
        assert rate(NIKOLOV2021, step - 1, []) > 1.9 * rate(NIKOLOV2021, step, [])
    assert rate(NIKOLOV2021, 0, []) == 1e-4


def test_a_plateau_halves_the_rate_once_per_ten_epochs_without_progress() -> None:
    improving = [1.0, 0.9, 0.8]
    for flat, factor in ((0, 1.0), (9, 1.0), (10, 0.5), (19, 0.5), (20, 0.25)):
        history = lines(improving + [0.8] * flat)
        assert rate(PLATEAU, 0, history) == factor, flat
    assert rate(PLATEAU, 0, lines(improving + [0.8] * 9 + [0.7] * 9)) == 1.0


def test_validation_decides_about_a_plateau_where_there_is_any() -> None:
    losses = [1.0 - 0.01 * n for n in range(30)]  # the training loss always improves
    assert rate(PLATEAU, 0, lines(losses)) == 1.0
    stuck = {epoch: 0.5 for epoch in range(5, 31, 5)}
    assert rate(PLATEAU, 0, lines(losses, stuck)) == 0.25
    better = {epoch: 0.01 * epoch for epoch in range(5, 31, 5)}
    assert rate(PLATEAU, 0, lines([1.0] * 30, better)) == 1.0


def test_epochs_between_two_validations_count_as_waiting() -> None:
    every_four = {4: 0.5, 8: 0.5, 12: 0.5, 16: 0.5}
    assert PLATEAU_EPOCHS == 10
    assert rate(PLATEAU, 0, lines([1.0] * 13, {4: 0.5, 8: 0.5, 12: 0.5})) == 1.0
    assert rate(PLATEAU, 0, lines([1.0] * 16, every_four)) == 0.5
    undecided = {epoch: score for epoch, score in every_four.items() if epoch < 16}
    assert rate(PLATEAU, 0, lines([1.0] * 15, undecided)) == 1.0


def test_each_recipe_gets_its_optimiser() -> None:
    network = torch.nn.Linear(1, 1)
    for recipe, kind in (
        (tiny_recipe(), torch.optim.AdamW), (SARTOR2020, torch.optim.NAdam),
        (NIKOLOV2021, torch.optim.Adam), (ROOTPAINTER3D, torch.optim.SGD),
    ):
        optimizer = make_optimizer(network, recipe)
        assert type(optimizer) is kind
        group = optimizer.param_groups[0]
        assert (group["lr"], group["weight_decay"]) == (recipe.lr, recipe.weight_decay)
    assert group["nesterov"] and group["momentum"] == 0.99


def test_weight_decay_reaches_the_optimiser() -> None:
    recipe = replace(tiny_recipe(), optimizer="sgd", weight_decay=0.5, lr=0.1, momentum=0.9)
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 1.0)
    (network.weight * 0).sum().backward()
    make_optimizer(network, recipe).step()
    assert network.weight.item() == pytest.approx(1 - 0.1 * (0.5 + 0.9 * 0.5))
