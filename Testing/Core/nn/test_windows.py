from __future__ import annotations

from typing import List, Tuple

import numpy as np
import pytest
import torch
from torch import Tensor

from AutoContourRTCore.nn.windows import importance, slide, window_slices, window_starts

AIR = -1000.0


def nothing(done: int, total: int) -> None:
    """An after_window that does nothing."""


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
def test_windows_cover_every_voxel_and_stay_inside(overlap: float) -> None:
    for window in (1, 2, 7, 8, 16):
        for size in range(1, 80):
            starts = window_starts(size, window, overlap)
            covered = np.zeros(max(size, window), dtype=bool)
            for start in starts:
                assert 0 <= start and start + window <= len(covered)
                covered[start : start + window] = True
            assert covered.all(), (window, size)


def test_neighbours_overlap_at_least_as_far_as_asked_for() -> None:
    for size in range(17, 200):
        starts = window_starts(size, 16, 0.25)
        assert np.diff(starts).max() <= 12


def test_windows_of_a_volume_cover_it_in_three_directions() -> None:
    seen = np.zeros((9, 20, 33), dtype=bool)
    for place in window_slices(seen.shape, (8, 8, 16), 0.25):
        assert seen[place].shape == (8, 8, 16)
        seen[place] = True
    assert seen.all()


def test_the_middle_of_a_window_counts_most_and_its_corner_still_a_little() -> None:
    weight = importance((8, 16, 4))
    assert weight.shape == (8, 16, 4) and weight.dtype == np.float32
    for axis in range(3):
        assert np.allclose(weight, np.flip(weight, axis))
    assert weight.max() == weight[4, 8, 2] and weight.min() >= 0.01


@pytest.mark.parametrize("shape", [(8, 16, 16), (13, 29, 40), (3, 40, 7), (1, 1, 1)])
@pytest.mark.parametrize("overlap", [0.0, 0.25])
def test_blending_reproduces_constant_and_linear_images(
    shape: Tuple[int, int, int], overlap: float
) -> None:
    k, j, i = torch.meshgrid(*[torch.arange(float(n)) for n in shape], indexing="ij")
    image = 1.0 + 2 * k - 3 * j + 0.5 * i

    def predict(window: Tensor) -> Tensor:
        return torch.cat([torch.full_like(window, 0.7), window], dim=1)

    found = slide(predict, image, (8, 16, 16), 2, overlap, AIR, nothing)
    assert found.shape == (2, *shape) and found.dtype == torch.float32
    assert torch.allclose(found[0], torch.tensor(0.7))
    assert torch.allclose(found[1], image, atol=1e-4)


def test_a_small_volume_lies_in_the_middle_of_its_window_padded_with_air() -> None:
    seen: List[Tensor] = []

    def predict(window: Tensor) -> Tensor:
        seen.append(window)
        return window

    slide(predict, torch.zeros(4, 6, 3), (8, 8, 8), 1, 0.25, AIR, nothing)
    assert len(seen) == 1 and seen[0].shape == (1, 1, 8, 8, 8)
    assert torch.all(seen[0][0, 0, 2:6, 1:7, 2:5] == 0)
    assert (seen[0] == AIR).sum() == 8**3 - 4 * 6 * 3


def test_windows_of_nothing_but_air_are_not_computed_and_hold_nothing() -> None:
    image = torch.full((8, 8, 32), AIR)
    image[:, :, :5] = 0.0
    calls: List[Tuple[int, int]] = []
    computed: List[Tensor] = []

    def predict(window: Tensor) -> Tensor:
        computed.append(window)
        return torch.ones_like(window)

    found = slide(predict, image, (8, 8, 8), 1, 0.0, AIR, lambda a, b: calls.append((a, b)))
    assert len(computed) == 1
    assert torch.all(found[..., :8] == 1) and torch.all(found[..., 8:] == 0)
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
