"""Judging a network by annotated validation voxels, and when it takes the place of the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Sequence

import numpy as np
import torch

from AutoContourRTCore.nn.annotated_cases import AnnotatedCases, padded, padded_shape
from AutoContourRTCore.nn.augment import normalised
from AutoContourRTCore.nn.cases import AIR, Case, unpack
from AutoContourRTCore.nn.devices import autocast
from AutoContourRTCore.nn.losses import probabilities
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.nn.windows import Slices

#: Smith 2021: the epoch (samples) as long as there is no validation image; else max(64, 2 v).
SAMPLES_WITHOUT_VALIDATION = 128
FEWEST_SAMPLES = 64
#: Smith 2021: epochs without progress after which training starts anew.
PATIENCE = 60


def epoch_samples(validation_images: int, validation_patches: int) -> int:
    """Samples in an epoch (Smith 2021); patches: validation patches that hold annotation."""
    if not validation_images:
        return SAMPLES_WITHOUT_VALIDATION
    return max(FEWEST_SAMPLES, 2 * validation_patches)


@dataclass
class PooledCounts:
    """True positives, false positives and false negatives of annotated voxels, int64 [structures],
    summed over all validation images; annotated: voxels looked at."""

    true: np.ndarray
    false: np.ndarray
    missed: np.ndarray
    annotated: np.ndarray

    @classmethod
    def empty(cls, structures: int) -> "PooledCounts":
        """Nothing counted yet."""
        zeros = [np.zeros(structures, dtype=np.int64) for _ in range(4)]
        return cls(zeros[0], zeros[1], zeros[2], zeros[3])

    def add(self, found: np.ndarray, truth: np.ndarray, known: np.ndarray) -> None:
        """Count more voxels; bool [structures, ...] each."""
        axes = tuple(range(1, found.ndim))
        self.true += (found & truth & known).sum(axes)
        self.false += (found & ~truth & known).sum(axes)
        self.missed += (~found & truth & known).sum(axes)
        self.annotated += known.sum(axes)

    def dice(self, structures: Sequence[str]) -> Dict[str, Optional[float]]:
        """Dice of each structure; None where nothing was to be found and nothing was."""
        total = 2 * self.true + self.false + self.missed
        return {
            name: float(2 * self.true[n] / total[n]) if total[n] else None
            for n, name in enumerate(structures)
        }

    def score(self) -> Optional[float]:
        """Mean Dice over the annotated structures; None where nothing is annotated.

        Structures count the same, so that a small one does not drown in a large one. One where
        nothing was to be found and nothing was counts as 1, so that the mean of two networks is
        over the same structures.
        """
        total = 2 * self.true + self.false + self.missed
        judged = self.annotated > 0
        if not judged.any():
            return None
        dice = np.where(total > 0, 2 * self.true / np.maximum(total, 1), 1.0)
        return float(dice[judged].mean())


def judge(
    network: ResidualUNet, cases: AnnotatedCases, recipe: Recipe, device: torch.device,
    counts: PooledCounts,
) -> Iterator[str]:
    """Count on all annotated validation patches; yields a sentence after each, and may then be
    left standing for as long as need be."""
    validation = cases.validation
    for n, case_id in enumerate(validation):
        found = cases.usable(case_id)
        if found is None:
            continue
        case, windows = found.case, cases.annotated_windows(case_id, recipe.patch)
        seen = np.zeros(padded_shape(case.image.shape, recipe.patch), bool)
        for window in windows:
            _count(network, case, window, recipe, device, counts, ~seen[window])
            seen[window] = True
            yield f"validating image {n + 1} of {len(validation)}"


def _count(
    network: ResidualUNet, case: Case, window: Slices, recipe: Recipe, device: torch.device,
    counts: PooledCounts, fresh: np.ndarray,
) -> None:
    """fresh: the voxels of the window that no window before held; bool [k, j, i]."""
    hu = padded(case.image, window, int(AIR)).astype(np.float32)
    found = predict_window(network, hu, recipe, device) >= 0.5
    number = len(case.drawn)
    truth = unpack(padded(case.labels, window, 0), number)
    inside = padded(np.broadcast_to(np.True_, case.image.shape), window, 0)
    drawn = np.asarray(case.drawn)[:, None, None, None]
    known = np.broadcast_to(drawn & inside & fresh, truth.shape)
    if case.known is not None:
        known = known & unpack(padded(case.known, window, 0), number)
    counts.add(found, truth, known)


def predict_window(
    network: ResidualUNet, hu: np.ndarray, recipe: Recipe, device: torch.device
) -> np.ndarray:
    """Probabilities float32 [structures, k, j, i] of one window of HU [k, j, i]."""
    image = normalised(torch.from_numpy(hu).to(device), recipe.intensity)[None, None]
    with torch.inference_mode(), autocast(device):
        logits = network(image.contiguous(memory_format=torch.channels_last_3d))
    result: np.ndarray = probabilities(logits.float(), recipe.activation)[0].cpu().numpy()
    return result
