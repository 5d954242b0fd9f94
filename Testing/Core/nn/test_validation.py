from __future__ import annotations

import math
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.nn.validation import dice_per_structure, predict_case
from tiny_cases import cube_case, tiny_recipe

CPU = torch.device("cpu")


class Bright(torch.nn.Module):
    """Sees both structures wherever the image is brighter than 100 HU."""

    def forward(self, x: Tensor) -> Tensor:
        return ((x > 100 / 250).float() * 40 - 20).expand(-1, 2, -1, -1, -1)


BRIGHT = cast(ResidualUNet, Bright())


def test_probabilities_lie_on_the_case_s_own_grid() -> None:
    case = cube_case()
    found = predict_case(BRIGHT, case, tiny_recipe(), CPU).numpy()
    assert found.shape == (2, *case.image.shape)
    assert np.array_equal(found[0] > 0.5, case.image == 200)


def test_dice_is_that_of_the_drawn_structures_over_the_cases_that_have_them() -> None:
    # The other cube is as large and is taken for the structure too: Dice 2 / 3.
    right_only = cube_case(drawn=(True, False))
    dice = dice_per_structure(BRIGHT, [cube_case(), right_only], ("R", "L"), tiny_recipe(), CPU)
    assert dice == pytest.approx({"R": 2 / 3, "L": 2 / 3})
    alone = cube_case(corners=((3, 6, 4),), drawn=(True, False))
    dice = dice_per_structure(BRIGHT, [alone, right_only], ("R", "L"), tiny_recipe(), CPU)
    assert dice["R"] == pytest.approx((1 + 2 / 3) / 2)
    assert math.isnan(dice["L"])


def test_validation_tells_where_it_is_and_can_be_cancelled_between_two_cases() -> None:
    told = []

    def progress(share: float, message: str) -> None:
        told.append((share, message))
        if len(told) == 2:
            raise Cancelled

    cases = [cube_case(), cube_case(), cube_case()]
    with pytest.raises(Cancelled):
        dice_per_structure(BRIGHT, cases, ("R", "L"), tiny_recipe(), CPU, progress)
    assert told == [(0.0, "validating case 1 of 3"), (1 / 3, "validating case 2 of 3")]
