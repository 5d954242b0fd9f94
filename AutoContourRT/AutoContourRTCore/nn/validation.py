"""How good a network is on whole cases, on its own grid."""

from __future__ import annotations

from typing import Dict, List, Sequence

import numpy as np
import torch
from torch import Tensor

from AutoContourRTCore.nn.augment import normalised
from AutoContourRTCore.nn.cases import AIR, Case, unpack
from AutoContourRTCore.nn.devices import autocast
from AutoContourRTCore.nn.losses import probabilities
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.nn.windows import slide
from AutoContourRTCore.progress import Progress, ignore_progress


def dice_per_structure(
    network: ResidualUNet,
    cases: Sequence[Case],
    structures: Sequence[str],
    recipe: Recipe,
    device: torch.device,
    progress: Progress = ignore_progress,
) -> Dict[str, float]:
    """Mean Dice over the cases where a structure is drawn; NaN where it is drawn in none."""
    scores: Dict[str, List[float]] = {name: [] for name in structures}
    for done, case in enumerate(cases):
        progress(done / len(cases), f"validating case {done + 1} of {len(cases)}")
        found = predict_case(network, case, recipe, device).numpy() >= 0.5
        truth = unpack(case.labels, len(structures))
        for n, name in enumerate(structures):
            if case.drawn[n] and truth[n].any():
                both = (found[n] & truth[n]).sum()
                scores[name].append(2 * both / (found[n].sum() + truth[n].sum()))
    return {name: float(np.mean(s)) if s else float("nan") for name, s in scores.items()}


def predict_case(
    network: ResidualUNet, case: Case, recipe: Recipe, device: torch.device
) -> Tensor:
    """Probabilities [structures, k, j, i] on the case's grid."""

    def predict(window: Tensor) -> Tensor:
        window = normalised(window.to(device), recipe.intensity)
        with torch.inference_mode(), autocast(device):
            logits = network(window.contiguous(memory_format=torch.channels_last_3d))
        return probabilities(logits.float(), recipe.activation)

    image = torch.from_numpy(case.image.astype(np.float32))
    return slide(predict, image, recipe.patch, len(case.drawn), 0.0, AIR, lambda done, total: None)
