"""Where the patches of corrective training lie, and the random numbers that deform them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Tuple

import numpy as np

from AutoContourRTCore.nn.annotated_cases import AnnotatedCases
from AutoContourRTCore.nn.annotated_patches import (
    Center,
    aligned,
    annotated_center,
    case_number,
)
from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.recipes import Recipe


@dataclass(frozen=True)
class PatchPlace:
    """Where a patch lies (voxel indices k, j, i), and the random numbers that deform it."""

    case: Case
    center: Center
    rng: np.random.Generator


def place_of(
    cases: AnnotatedCases,
    recipe: Recipe,
    mistakes: Mapping[str, np.ndarray],
    numbers: Tuple[int, int, int],
) -> PatchPlace:
    """The place of a patch; the same cases and numbers (seed, step, sample of the step) always
    give the same. mistakes: case id -> voxels [n, 3] that recipe.on_false_positive of the patches
    are centred on. Raises InputError for a case that cannot be used.
    """
    seed, step, number = numbers
    rng, train = np.random.default_rng(numbers), cases.train
    wrong = sorted(case for case in mistakes if case in train)
    if wrong and rng.random() < recipe.on_false_positive:
        case_id = wrong[int(rng.integers(len(wrong)))]
        voxels = mistakes[case_id]
        middle = voxels[rng.integers(len(voxels))].astype(float)
        return PatchPlace(cases.load(case_id).case, aligned(middle, recipe.patch), rng)
    sample = step * recipe.batch + number
    found = cases.load(train[case_number(sample, len(train), seed)])
    return PatchPlace(found.case, annotated_center(found, recipe, rng), rng)
