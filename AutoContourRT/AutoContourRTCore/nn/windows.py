"""Sliding a network over a volume that is larger than its window."""

from __future__ import annotations

import itertools
from typing import Callable, List, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Slices = Tuple[slice, slice, slice]


def window_starts(size: int, window: int, overlap: float) -> List[int]:
    """First voxels of the evenly spread windows that cover `size` voxels."""
    if size <= window:
        return [0]
    count = int(np.ceil((size - window) / (window * (1 - overlap)))) + 1
    return [int(round(s)) for s in np.linspace(0, size - window, count)]


def window_slices(shape: Sequence[int], window: Sequence[int], overlap: float) -> List[Slices]:
    """All windows over a volume [k, j, i]."""
    starts = [window_starts(n, w, overlap) for n, w in zip(shape, window)]
    return [
        (slice(k, k + window[0]), slice(j, j + window[1]), slice(i, i + window[2]))
        for k, j, i in itertools.product(*starts)
    ]


def importance(window: Sequence[int]) -> np.ndarray:
    """Weight of each voxel of a window, float32: a Gaussian of SD 1/4 side, at least 0.01."""
    axes = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n / 4)) ** 2) for n in window]
    weight = axes[0][:, None, None] * axes[1][:, None] * axes[2]
    return np.maximum(weight, 0.01).astype(np.float32)


def slide(
    predict: Callable[[Tensor], Tensor],
    image: Tensor,
    window: Sequence[int],
    channels: int,
    overlap: float,
    pad_value: float,
    after_window: Callable[[int, int], None],
) -> Tensor:
    """Probabilities [channels, k, j, i] of an image [k, j, i], float32 on the CPU.

    predict: [1, 1, window] -> [1, channels, window]. Where windows overlap, their probabilities
    are averaged with `importance`. after_window(done, all) is called after each window.
    """
    shape = image.shape
    short = [max(0, w - n) for w, n in zip(window, shape)]
    before = [n // 2 for n in short]
    pads = [p for b, s in zip(reversed(before), reversed(short)) for p in (b, s - b)]
    padded = F.pad(image, pads, value=pad_value)
    total = torch.zeros((channels, *padded.shape))
    weight = torch.zeros(tuple(padded.shape))
    gauss = torch.from_numpy(importance(window))
    places = window_slices(padded.shape, window, overlap)
    for done, place in enumerate(places, start=1):
        part = padded[place]
        if bool((part > pad_value).any()):  # a window of nothing but padding holds no organ
            result = predict(part[None, None])[0].float().cpu()
            total[(slice(None), *place)] += result * gauss
        weight[place] += gauss
        after_window(done, len(places))
    total /= weight
    inner = tuple(slice(b, b + n) for b, n in zip(before, shape))
    return total[(slice(None), *inner)]
