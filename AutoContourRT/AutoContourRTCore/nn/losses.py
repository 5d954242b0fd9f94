"""Losses that leave out what nobody has drawn.

Shapes: logits and target [batch, channels, k, j, i]; known broadcasts to them and is 1 where the
truth is known, 0 where it is not. Each returns the mean over the samples of a batch of each
sample's own loss, so that a batch split over processes has the loss of the whole.
"""

from __future__ import annotations

from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from AutoContourRTCore.nn.recipes import Recipe

Loss = Callable[[Tensor, Tensor, Tensor, Recipe], Tensor]
_SPACE = (2, 3, 4)
LEAST_VOXELS = 1000.0  # stands in for the size of a structure that is small or not in the patch


def probabilities(logits: Tensor, activation: str) -> Tensor:
    """Logits [batch, channels, ...] as probabilities; softmax has an implied background of 0."""
    if activation == "sigmoid":
        return torch.sigmoid(logits)
    return torch.softmax(F.pad(logits, _background_pad(logits)), dim=1)[:, 1:]


def bce_dice(logits: Tensor, target: Tensor, known: Tensor, recipe: Recipe) -> Tensor:
    """Binary cross-entropy plus soft Dice per channel, over its known voxels.

    The cross-entropy is summed and divided by the structure's own voxels, so that those of a small
    organ count. (Divided by all voxels of the patch it left the larynx at Dice 0 for 1,200 steps.)
    Where fewer voxels than that are known, as in a corrected case, it is their mean. The Dice term
    of a channel counts only where the patch holds some of the structure.
    """
    known = known.expand_as(target)
    own = (target * known).sum(_SPACE).clamp(min=LEAST_VOXELS)
    size = torch.minimum(own, known.sum(_SPACE).clamp(min=1))
    return _cross_entropy_and_dice(logits, target, known, size, recipe)


def annotated_dice_ce(logits: Tensor, target: Tensor, known: Tensor, recipe: Recipe) -> Tensor:
    """Smith 2021: soft Dice + 0.3 mean cross-entropy on annotated voxels; cross-entropy alone where
    a patch holds no foreground. Unannotated voxels enter neither term."""
    known = known.expand_as(target)
    size = known.sum(_SPACE).clamp(min=1)
    return _cross_entropy_and_dice(logits, target, known, size, recipe)


def _cross_entropy_and_dice(
    logits: Tensor, target: Tensor, known: Tensor, size: Tensor, recipe: Recipe
) -> Tensor:
    """Summed cross-entropy over size [batch, channels], plus 1 - Dice where there is foreground."""
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    bce = (bce * known).sum(_SPACE) / size
    dice, present = _soft_dice(torch.sigmoid(logits), target, known)
    per_channel = recipe.cross_entropy_weight * bce + (1 - dice) * present
    return _mean_over(per_channel, known.sum(_SPACE) > 0)


def merged_background(logits: Tensor, target: Tensor, known: Tensor, recipe: Recipe) -> Tensor:
    """Sartor 2020: softmax; a structure that is not known at a voxel is merged with background.

    A voxel where nothing is known costs nothing, and has no gradient.
    """
    known = known.expand_as(target)
    log_p = torch.log_softmax(F.pad(logits, _background_pad(logits)), dim=1)
    drawn = target * known
    nothing = (drawn.sum(1, keepdim=True) == 0).to(logits.dtype)
    allowed = torch.cat([nothing, drawn + (1 - known) * nothing], dim=1)
    nll = -torch.logsumexp(log_p.masked_fill(allowed == 0, -torch.inf), dim=1)
    return torch.where(known.amax(1) > 0, nll, torch.zeros_like(nll)).mean()


def top_k_bce(logits: Tensor, target: Tensor, known: Tensor, recipe: Recipe) -> Tensor:
    """Nikolov 2021: mean cross-entropy of the worst share ``recipe.top_k`` of each channel's
    known voxels."""
    known = known.expand_as(target)
    voxels = known.sum(_SPACE)
    counts = (recipe.top_k * voxels).round().clamp(min=1)
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    bce = bce.masked_fill(known == 0, -1.0)  # below every real one: chosen last
    worst = bce.flatten(2).topk(int(counts.max()), dim=2).values
    chosen = torch.arange(worst.shape[2], device=worst.device) < counts[..., None]
    return _mean_over((worst * chosen).sum(2) / counts, voxels > 0)


def disagreement(logits: Tensor, activation: str) -> Tensor:
    """How differently a network sees two looks at one place: 1 - soft Dice of the probabilities of
    samples 0 and 1, 2 and 3..., mean over channels and pairs; 0 where they are the same."""
    first, second = probabilities(logits, activation).unflatten(0, (-1, 2)).unbind(1)
    both = 2 * (first * second).sum(_SPACE) + 1
    return (1 - both / ((first**2).sum(_SPACE) + (second**2).sum(_SPACE) + 1)).mean()


LOSS_FUNCTIONS: Dict[str, Loss] = {
    "bce_dice": bce_dice,
    "annotated_dice_ce": annotated_dice_ce,
    "merged_background": merged_background,
    "top_k_bce": top_k_bce,
}


def _soft_dice(p: Tensor, target: Tensor, known: Tensor) -> "tuple[Tensor, Tensor]":
    both = (p * target * known).sum(_SPACE)
    total = (p * known).sum(_SPACE) + (target * known).sum(_SPACE)
    present = ((target * known).sum(_SPACE) > 0).to(p.dtype)
    return 2 * both / total.clamp(min=1e-6), present


def _mean_over(values: Tensor, drawn: Tensor) -> Tensor:
    """Mean over a sample's drawn channels, then over samples; [batch, channels] -> scalar."""
    drawn = drawn.to(values.dtype)
    return ((values * drawn).sum(1) / drawn.sum(1).clamp(min=1)).mean()


def _background_pad(logits: Tensor) -> "list[int]":
    """Padding for F.pad that puts one channel of zeros in front."""
    return [0, 0] * (logits.dim() - 2) + [1, 0]
