"""Where a network is wrong in the training cases of a project (Sartor 2020)."""

from __future__ import annotations

from typing import Dict, Iterator

import numpy as np
import torch

from AutoContourRTCore.nn.annotated_cases import AnnotatedCases
from AutoContourRTCore.nn.mistakes import wrongly_filled
from AutoContourRTCore.nn.patches import some_voxels
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.nn.validation import predict_case


def find_mistakes(
    network: ResidualUNet,
    cases: AnnotatedCases,
    recipe: Recipe,
    device: torch.device,
    found: Dict[str, np.ndarray],
) -> Iterator[str]:
    """Put into `found`: case id -> some voxels int16 [n, 3] (k, j, i) that are wrongly filled.

    A case without any is left out. Yields a sentence after each case.
    """
    for n, case_id in enumerate(cases.train):
        yield f"looking for mistakes in image {n + 1} of {len(cases.train)}"
        usable = cases.usable(case_id)
        if usable is None:
            continue
        case = usable.case
        predicted = predict_case(network, case, recipe, device).numpy() >= 0.5
        wrong = wrongly_filled(predicted, case)
        if wrong.any():
            found[case_id] = some_voxels(wrong).astype(np.int16)
