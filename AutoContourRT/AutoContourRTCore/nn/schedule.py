"""Optimisers and how the learning rate moves."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Sequence, Tuple

import torch
from torch import nn

from AutoContourRTCore.nn.recipes import Recipe

PLATEAU_EPOCHS = 10
PLATEAU_FACTOR = 0.5


def make_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over all weights."""
    weights, decay = list(network.parameters()), recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            weights, recipe.lr, momentum=recipe.momentum, nesterov=True, weight_decay=decay
        )
    kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "nadam": torch.optim.NAdam}
    optimizer: torch.optim.Optimizer = kinds[recipe.optimizer](
        weights, recipe.lr, weight_decay=decay
    )
    return optimizer


def rate(recipe: Recipe, step: int, history: Sequence[Dict[str, Any]]) -> float:
    """Learning rate of a step; depends on nothing but the step and the epochs' lines so far."""
    warm = min(1.0, (step + 1) / recipe.warmup_steps) if recipe.warmup_steps else 1.0
    share = step / (recipe.epochs * recipe.steps_per_epoch)
    if recipe.schedule == "cosine":
        return recipe.lr * warm * (0.5 + 0.5 * math.cos(math.pi * share) + 1e-3)
    if recipe.schedule == "steps":
        return recipe.lr * warm * ([f for start, f in recipe.steps if share >= start] or [1.0])[-1]
    if recipe.schedule == "plateau":
        return recipe.lr * warm * PLATEAU_FACTOR ** _plateaus(history)
    return recipe.lr * warm


def _plateaus(history: Sequence[Dict[str, Any]]) -> int:
    """How often PLATEAU_EPOCHS epochs passed without a better score."""
    best, since, count = -math.inf, 0, 0
    for epoch, score in _scores(history):
        if score > best:
            best, since = score, epoch
        elif epoch - since >= PLATEAU_EPOCHS:
            count, since = count + 1, epoch
    return count


def _scores(history: Sequence[Dict[str, Any]]) -> List[Tuple[int, float]]:
    """Epochs and mean validation Dice; without any validation, epochs and minus the loss.

    The two are never mixed: a validated epoch would always look better than the others.
    """
    judged = [(h["epoch"], h["validation_mean"]) for h in history if "validation_mean" in h]
    return judged or [(h["epoch"], -h["loss"]) for h in history]
