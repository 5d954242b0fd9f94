"""Where a network sees structures that nobody drew."""

from __future__ import annotations

from typing import Dict, Sequence

import numpy as np
import torch

from AutoContourRTCore.nn.cases import Case, unpack
from AutoContourRTCore.nn.patches import some_voxels
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.nn.validation import predict_case
from AutoContourRTCore.progress import Progress, ignore_progress


def false_positives(
    network: ResidualUNet,
    cases: Sequence[Case],
    recipe: Recipe,
    device: torch.device,
    progress: Progress = ignore_progress,
) -> Dict[int, np.ndarray]:
    """Case number -> some voxels int16 [n, 3] (k, j, i) that the network wrongly fills.

    A case without any is left out. After Sartor 2020, who centres a share of the next patches
    there. A structure that is not drawn in a case cannot be wrong in it.
    """
    found = {}
    for n, case in enumerate(cases):
        progress(n / len(cases), f"looking for mistakes in case {n + 1} of {len(cases)}")
        predicted = predict_case(network, case, recipe, device).numpy() >= 0.5
        wrong = wrongly_filled(predicted, case)
        if wrong.any():
            found[n] = some_voxels(wrong).astype(np.int16)
    return found


def wrongly_filled(predicted: np.ndarray, case: Case) -> np.ndarray:
    """Voxels bool [k, j, i] where a drawn structure is predicted (bool [structures, k, j, i])
    outside its contour, and that is known there."""
    drawn = np.asarray(case.drawn)[:, None, None, None]
    if case.known is not None:
        drawn = drawn & unpack(case.known, len(case.drawn))
    wrong: np.ndarray = (predicted & ~unpack(case.labels, len(case.drawn)) & drawn).any(axis=0)
    return wrong
