"""Tiny cases and recipes that train within a second; needs no torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence

import numpy as np

from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.recipes import Augmentation, Recipe

#: The least augmentation that draws from every kind of random number.
SOME = Augmentation(rotate=0.2, scale=0.1, mirror=0.5, elastic_mm=2.0, noise_hu=10.0, streaks=0.3)


def tiny_recipe(**changes: Any) -> Recipe:
    """Two levels, patches of 8 x 16 x 16 voxels of 2 mm, three epochs of four steps."""
    plain = Recipe(
        spacing=(2.0, 2.0, 2.0), patch=(8, 16, 16), widths=(8, 16), batch=2, warmup_steps=2,
        epochs=3, steps_per_epoch=4, validate_every=2,
    )
    return replace(plain, **changes)


def cube_case(
    name: str = "cube",
    corners: Sequence[Sequence[int]] = ((3, 6, 4), (3, 6, 14)),
    drawn: Sequence[bool] = (True, True),
    shape: Sequence[int] = (12, 20, 24),
    side: int = 5,
) -> Case:
    """Bright cubes (200 HU) in water (0 HU); cube n is structure n, labelled where it is drawn."""
    image = np.zeros(tuple(shape), dtype=np.int16)
    labels = np.zeros(tuple(shape), dtype=np.int32)
    for bit, (k, j, i) in enumerate(corners):
        place = (slice(k, k + side), slice(j, j + side), slice(i, i + side))
        image[place] = 200
        labels[place] |= int(drawn[bit]) << bit
    return Case(name, image, labels, tuple(drawn))
