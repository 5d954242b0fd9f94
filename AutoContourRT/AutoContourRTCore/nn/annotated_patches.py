"""Where the next patch of a corrected case lies: only where something is annotated."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.nn.case_cache import AnnotatedCase
from AutoContourRTCore.nn.inference import OVERLAP
from AutoContourRTCore.nn.recipes import Recipe

Center = Tuple[float, float, float]
#: A patch around a voxel is moved by up to this share of its side: in a prediction, whose windows
#: overlap, a voxel lies no farther off the middle of one.
REACH = (1 - OVERLAP) / 2


def case_number(sample: int, cases: int, seed: int) -> int:
    """Which of so many cases sample number `sample` takes.

    All are equally likely, and none comes again before the others came (Smith 2021: without
    replacement). The same numbers always give the same case.
    """
    turn, place = divmod(sample, cases)
    return int(np.random.default_rng([seed, turn, cases]).permutation(cases)[place])


def annotated_place(
    found: AnnotatedCase, recipe: Recipe, rng: np.random.Generator
) -> Tuple[Center, Optional[int]]:
    """The middle (voxel indices k, j, i) of a patch that holds annotation; and the number of the
    structure that the patch is for, None where it is for any."""
    if recipe.corrections == "anywhere":
        return anywhere(found, recipe.patch, rng), None
    bits = sorted({*found.inside, *found.outside})
    bit = bits[int(rng.integers(len(bits)))]
    return around_structure(found, bit, recipe, rng), bit


def anywhere(
    found: AnnotatedCase, patch: Sequence[int], rng: np.random.Generator
) -> Center:
    """A random place that contains an annotated voxel (Smith 2021)."""
    groups = [*found.inside.values(), *found.outside.values()]
    sizes = np.array([len(group) for group in groups])
    voxels = groups[int(rng.choice(len(groups), p=sizes / sizes.sum()))]
    return _containing(voxels[rng.integers(len(voxels))], found.case.image.shape, patch, rng)


def around_structure(
    found: AnnotatedCase, bit: int, recipe: Recipe, rng: np.random.Generator
) -> Center:
    """recipe.on_structure of the patches inside a structure, the others on its annotated
    background."""
    first, second = found.inside.get(bit), found.outside.get(bit)
    if rng.random() >= recipe.on_structure:
        first, second = second, first
    voxels = first if first is not None else second
    assert voxels is not None  # one of both, else the bit would not be there
    reach = REACH * np.asarray(recipe.patch)
    center = voxels[rng.integers(len(voxels))] + rng.uniform(-reach, reach)
    return aligned(center, recipe.patch)


def _containing(
    voxel: np.ndarray, shape: Sequence[int], patch: Sequence[int], rng: np.random.Generator
) -> Center:
    """The middle of a patch, anywhere in the volume, that contains the voxel."""
    size, side = np.asarray(shape), np.asarray(patch)
    low = np.maximum(voxel - side + 1, np.minimum(0, size - side))
    high = np.minimum(voxel, np.maximum(size - side, 0))
    start = rng.integers(low, high + 1)
    k, j, i = start + (side - 1) / 2
    return (float(k), float(j), float(i))


def aligned(center: np.ndarray, patch: Sequence[int]) -> Center:
    """The next middle that puts the patch's voxels onto the case's."""
    middle = (np.asarray(patch) - 1) / 2
    k, j, i = np.rint(center - middle) + middle
    return (float(k), float(j), float(i))
