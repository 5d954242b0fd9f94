"""Where the patches of corrective training lie, and the random numbers that deform them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

import numpy as np

from AutoContourRTCore.nn.annotated_cases import AnnotatedCases
from AutoContourRTCore.nn.annotated_patches import (
    Center,
    aligned,
    annotated_place,
    case_number,
)
from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.recipes import Recipe


@dataclass(frozen=True)
class PatchPlace:
    """Where a patch lies (voxel indices k, j, i), and the random numbers that deform it; structure:
    the number of the one that it is for, None for any."""

    case: Case
    center: Center
    rng: np.random.Generator
    structure: Optional[int] = None


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
    center, structure = annotated_place(found, recipe, rng)
    return PatchPlace(found.case, center, rng, structure)
