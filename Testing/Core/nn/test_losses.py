from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from AutoContourRTCore.nn.losses import (
    LEAST_VOXELS,
    LOSS_FUNCTIONS,
    annotated_dice_ce,
    bce_dice,
    disagreement,
    merged_background,
    probabilities,
    top_k_bce,
)
from tiny_cases import tiny_recipe

SHAPE = (2, 3, 4, 4, 4)
SIGMOID_LOSSES = ["bce_dice", "annotated_dice_ce", "top_k_bce"]


def case(known: Tensor) -> "tuple[Tensor, Tensor, Tensor]":
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(SHAPE, generator=generator, requires_grad=True)
    target = (torch.rand(SHAPE, generator=generator) < 0.3).float()
    return logits, target, known


def channels_known(*flags: float) -> Tensor:
    return torch.tensor(flags).reshape(1, -1, 1, 1, 1).expand(2, -1, 1, 1, 1)


def loss_of(name: str, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    recipe = tiny_recipe(top_k=0.3, cross_entropy_weight=0.3)
    return LOSS_FUNCTIONS[name](logits, target, known, recipe)


@pytest.mark.parametrize("name", SIGMOID_LOSSES)
def test_an_undrawn_channel_has_no_gradient_and_no_say(name: str) -> None:
    logits, target, known = case(channels_known(1, 0, 1))
    loss = loss_of(name, logits, target, known)
    loss.backward()
    assert logits.grad is not None
    assert torch.all(logits.grad[:, 1] == 0)
    assert logits.grad[:, 0].abs().max() > 0 and logits.grad[:, 2].abs().max() > 0
    other = logits.detach().clone()
    other[:, 1] = 50 * torch.randn(other[:, 1].shape)
    assert loss_of(name, other, target, known) == loss.detach()
    assert loss_of(name, logits.detach(), torch.rand(SHAPE).round(), known) != loss.detach()


@pytest.mark.parametrize("name", SIGMOID_LOSSES)
def test_unannotated_voxels_enter_no_term(name: str) -> None:
    annotated = torch.zeros(2, 1, 4, 4, 4)
    annotated[:, :, 1:3] = 1
    logits, target, known = case(annotated)
    loss = loss_of(name, logits, target, known)
    loss.backward()
    assert logits.grad is not None and torch.all(logits.grad[:, :, (0, 3)] == 0)
    only = (slice(None), slice(None), slice(1, 3))
    inside = loss_of(name, logits.detach()[only], target[only], torch.ones(2, 1, 1, 1, 1))
    assert torch.allclose(loss.detach(), inside, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(LOSS_FUNCTIONS))
def test_a_batch_has_the_mean_loss_of_its_samples(name: str) -> None:
    logits, target, known = case(channels_known(1, 0, 1).clone())
    known = known.clone()
    known[1, 1] = 1
    alone = [loss_of(name, logits[n : n + 1], target[n : n + 1], known[n : n + 1]) for n in (0, 1)]
    assert torch.allclose(loss_of(name, logits, target, known), torch.stack(alone).mean())


@pytest.mark.parametrize("name", sorted(LOSS_FUNCTIONS))
def test_a_batch_in_which_nothing_is_known_costs_nothing(name: str) -> None:
    logits, target, known = case(channels_known(0, 0, 0))
    loss = loss_of(name, logits, target * 0, known)
    loss.backward()
    assert abs(loss.item()) < 1e-6
    assert logits.grad is not None and logits.grad.abs().max() < 1e-6


@pytest.mark.parametrize("name", sorted(LOSS_FUNCTIONS))
def test_a_perfect_prediction_costs_almost_nothing_and_a_wrong_one_much(name: str) -> None:
    target = torch.zeros(1, 2, 4, 4, 4)
    target[0, 0, 0], target[0, 1, 2] = 1, 1
    known = torch.ones(1, 2, 1, 1, 1)
    assert loss_of(name, (target - 0.5) * 60, target, known) < 1e-4
    assert loss_of(name, (0.5 - target) * 60, target, known) > 1


COST = -(math.log(0.9) + math.log(0.6) + math.log(0.8) + math.log(0.9))  # of the four voxels
DICE = 2 * (0.9 + 0.6) / (1.8 + 2)


def four_voxels(times: int) -> "tuple[Tensor, Tensor, Tensor]":
    """Two voxels of a structure and two others, several times over."""
    p = torch.tensor([0.9, 0.6, 0.2, 0.1]).repeat(times).reshape(1, 1, -1, 2, 2)
    target = torch.tensor([1.0, 1.0, 0.0, 0.0]).repeat(times).reshape(1, 1, -1, 2, 2)
    return torch.logit(p), target, torch.ones(1, 1, 1, 1, 1)


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_smith_s_loss_is_mean_cross_entropy_plus_one_minus_dice(weight: float) -> None:
    loss = annotated_dice_ce(*four_voxels(1), tiny_recipe(cross_entropy_weight=weight))
    assert loss.item() == pytest.approx(weight * COST / 4 + 1 - DICE, rel=1e-5)


@pytest.mark.parametrize("times", [1, 400, int(LEAST_VOXELS)])
def test_bce_dice_divides_the_cross_entropy_by_the_size_of_the_structure(times: int) -> None:
    loss = bce_dice(*four_voxels(times), tiny_recipe(cross_entropy_weight=1.0))
    size = min(max(2 * times, LEAST_VOXELS), 4 * times)  # no more voxels than are known
    assert loss.item() == pytest.approx(times * COST / size + 1 - DICE, rel=1e-4)


def test_without_foreground_the_annotated_loss_is_cross_entropy_alone() -> None:
    logits, _, known = case(torch.ones(2, 1, 1, 1, 1))
    recipe = tiny_recipe(cross_entropy_weight=0.3)
    loss = annotated_dice_ce(logits, torch.zeros(SHAPE), known, recipe)
    assert loss.item() == pytest.approx(0.3 * torch.nn.functional.softplus(logits).mean().item())


def test_a_structure_that_was_not_drawn_is_merged_with_the_background() -> None:
    logits = torch.tensor([1.0, -0.5]).reshape(1, 2, 1, 1, 1)
    total = 1 + math.exp(1.0) + math.exp(-0.5)  # the background's logit is 0
    background = torch.zeros(1, 2, 1, 1, 1)
    first = torch.tensor([1.0, 0.0]).reshape(1, 2, 1, 1, 1)

    def loss(target: Tensor, *drawn: float) -> float:
        known = torch.tensor(drawn).reshape(1, 2, 1, 1, 1)
        return merged_background(logits, target, known, tiny_recipe()).item()

    assert loss(background, 1, 1) == pytest.approx(math.log(total))
    assert loss(background, 1, 0) == pytest.approx(math.log(total / (1 + math.exp(-0.5))))
    assert loss(background, 0, 0) == pytest.approx(0.0, abs=1e-6)
    assert loss(first, 1, 1) == pytest.approx(math.log(total) - 1.0)
    assert loss(first, 1, 0) == pytest.approx(math.log(total) - 1.0)


def test_predicting_background_or_the_missing_label_costs_the_same() -> None:
    target, known = torch.zeros(1, 2, 1, 1, 1), channels_known(1, 0)[:1]
    as_missing = torch.tensor([-9.0, 9.0]).reshape(1, 2, 1, 1, 1)
    as_background = torch.tensor([-18.0, -9.0]).reshape(1, 2, 1, 1, 1)
    one, other = (
        merged_background(logits, target, known, tiny_recipe())
        for logits in (as_missing, as_background)
    )
    assert torch.allclose(one, other, atol=1e-7)


def test_top_k_averages_the_worst_voxels_of_each_channel() -> None:
    logits = torch.arange(20.0).reshape(1, 2, 1, 2, 5) / 4
    cost = torch.nn.functional.softplus(logits).flatten(2)[0]  # nothing is there
    expected = torch.stack([cost[0, -3:].mean(), cost[1, -3:].mean()]).mean()
    target, known = torch.zeros(1, 2, 1, 2, 5), torch.ones(1, 2, 1, 1, 1)
    assert torch.allclose(top_k_bce(logits, target, known, tiny_recipe(top_k=0.3)), expected)


def test_top_k_counts_its_share_among_the_annotated_voxels_only() -> None:
    logits = torch.arange(10.0).reshape(1, 1, 1, 2, 5)
    known = torch.zeros(1, 1, 1, 2, 5)
    known[..., 0, :] = 1  # five voxels with logits 0..4; 40 % of them are those of 3 and 4
    expected = torch.nn.functional.softplus(torch.tensor([3.0, 4.0])).mean()
    loss = top_k_bce(logits, torch.zeros_like(logits), known, tiny_recipe(top_k=0.4))
    assert torch.allclose(loss, expected)


def test_softmax_probabilities_leave_room_for_the_background() -> None:
    logits = torch.log(torch.tensor([2.0, 5.0])).reshape(1, 2, 1, 1, 1)
    assert probabilities(logits, "softmax").flatten().tolist() == pytest.approx([2 / 8, 5 / 8])
    assert probabilities(logits, "sigmoid").flatten().tolist() == pytest.approx([2 / 3, 5 / 6])


def test_two_looks_that_give_the_same_do_not_disagree() -> None:
    logits = torch.randn(2, 3, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    twice = logits.repeat_interleave(2, dim=0)
    assert disagreement(twice, "sigmoid") == pytest.approx(0, abs=1e-6)
    assert disagreement(logits.repeat(2, 1, 1, 1, 1), "sigmoid") > 0.1  # other pairs


def test_the_disagreement_is_one_minus_the_soft_dice() -> None:
    first, second = torch.full((3, 1, 4, 4, 4), 0.8), torch.full((3, 1, 4, 4, 4), 0.4)
    logits = torch.logit(torch.stack([first, second], dim=1).flatten(0, 1))
    expected = 1 - (2 * 64 * 0.8 * 0.4 + 1) / (64 * (0.64 + 0.16) + 1)
    assert float(disagreement(logits, "sigmoid")) == pytest.approx(expected, rel=1e-4)
