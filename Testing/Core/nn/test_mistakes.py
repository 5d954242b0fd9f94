from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from AutoContourRTCore.nn.mistakes import false_positives, wrongly_filled
from AutoContourRTCore.nn.unet import ResidualUNet
from tiny_cases import cube_case, tiny_recipe


class SeesEachCubeAsTheFirstStructure(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        first = (x > 100 / 250).float() * 40 - 20
        return torch.cat([first, torch.full_like(first, -20)], dim=1)


def test_only_drawn_structures_can_be_wrong() -> None:
    case = cube_case(drawn=(True, False))
    everywhere = np.ones((2, *case.image.shape), dtype=bool)
    assert np.array_equal(wrongly_filled(everywhere, case), case.labels == 0)
    second = everywhere & np.array([False, True])[:, None, None, None]
    assert not wrongly_filled(second, case).any()


def test_what_is_drawn_and_predicted_is_no_mistake() -> None:
    case = cube_case()
    truth = np.stack([(case.labels & 1) > 0, (case.labels & 2) > 0])
    assert not wrongly_filled(truth, case).any()
    assert np.array_equal(wrongly_filled(truth[::-1], case), case.labels > 0)


def test_voxels_of_mistakes_are_found_case_by_case() -> None:
    network = cast(ResidualUNet, SeesEachCubeAsTheFirstStructure())
    one_cube = cube_case(corners=((3, 6, 4),), drawn=(True, False))
    cases = [one_cube, cube_case(), cube_case(drawn=(False, True))]
    found = false_positives(network, cases, tiny_recipe(), torch.device("cpu"))
    assert list(found) == [1]
    assert found[1].dtype == np.int16 and len(found[1]) == 5**3
    wrong = np.zeros(cases[1].image.shape, dtype=bool)
    wrong[tuple(found[1].T)] = True
    assert np.array_equal(wrong, cases[1].labels == 2)
