"""The patches of a step, drawn in a thread of their own while the step before computes.

What is drawn follows from its place, its recipe and its random numbers alone, and it is always
drawn in that thread and on one core: whether it was drawn ahead or not changes no digit, so that a
training that was stopped goes on exactly.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Hashable, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from AutoContourRTCore.nn.annotated_cases import AnnotatedCases
from AutoContourRTCore.nn.annotated_patches import (
    Center,
    aligned,
    annotated_center,
    case_number,
)
from AutoContourRTCore.nn.augment import training_patch
from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.recipes import Recipe

Batch = Tuple[Tensor, Tensor, Tensor]


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


def draw(
    places: Sequence[PatchPlace], recipe: Recipe, partner: Sequence[int], device: torch.device
) -> Batch:
    """Image, target and known of a batch, see training_patch."""
    images, targets, knowns = [], [], []
    for place in places:
        image, target, known = training_patch(
            place.case, place.center, recipe, partner, place.rng, device
        )
        images.append(image)
        targets.append(target)
        knowns.append(known.expand_as(target))
    image = torch.stack(images).contiguous(memory_format=torch.channels_last_3d)
    return image, torch.stack(targets), torch.stack(knowns)


class AheadDrawer:
    """Draws one batch at a time; `key` tells which one is under way or waits to be taken."""

    def __init__(self) -> None:
        self.key: Optional[Hashable] = None
        self._future: Optional["Future[Batch]"] = None
        self._thread: Optional[ThreadPoolExecutor] = None

    def begin(
        self,
        key: Hashable,
        places: Sequence[PatchPlace],
        recipe: Recipe,
        partner: Sequence[int],
        device: torch.device,
    ) -> None:
        """Draw this batch; one that was drawn before and not taken is forgotten."""
        self.forget()
        if self._thread is None:
            self._thread = _one_core_thread()
        self._future = self._thread.submit(draw, places, recipe, partner, device)
        self.key = key

    def take(self) -> Batch:
        """The batch that was begun, once it is there. Raises what drawing it raised."""
        future = self._future
        assert future is not None, "begin comes first"
        self.key = self._future = None
        return future.result()

    def forget(self) -> None:
        """What is under way is not needed."""
        if self._future is not None:
            self._future.cancel()
        self.key = self._future = None

    def close(self) -> None:
        """End the thread; `begin` makes another."""
        self.forget()
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None


def _one_core_thread() -> ThreadPoolExecutor:
    """A thread whose torch operations stay in it: the cores belong to the step."""
    cores = torch.get_num_threads()
    thread = ThreadPoolExecutor(1, "patches")
    thread.submit(_use_one_core).result()
    torch.set_num_threads(cores)  # that call had also changed what later threads begin with
    return thread


def _use_one_core() -> None:
    torch.get_num_threads()  # a thread takes the program's number at its first look
    torch.set_num_threads(1)
