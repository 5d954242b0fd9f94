"""Tiny cases and recipes that train within a second, and a script that trains them.

    python tiny_training.py FOLDER [--batch N] [--wait-at STEP] [--float32]

The script prints `STEP LOSS` for every step, resumes where FOLDER holds a checkpoint, and joins
the process group where torchrun starts it. Its clock moves by 25 s a step.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import torch

from AutoContourRTCore.nn import processes, training
from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.recipes import Augmentation, Recipe
from AutoContourRTCore.nn.training import Trainer, TrainingData

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


def tiny_data() -> TrainingData:
    """Three training cases, in one of which the left cube is not drawn, and one for validation."""
    train = (cube_case("a"), cube_case("b", drawn=(True, False)), cube_case("c", side=4))
    return TrainingData(train, (cube_case("v", side=6),), ("right", "left"), (1, 0))


class PrintingTrainer(Trainer):
    """Prints every step's loss to the last digit."""

    def _one_step(self) -> float:
        loss = super()._one_step()
        os.write(1, f"{self.step} {loss!r}\n".encode())  # whole lines, also from two processes
        return loss


def main() -> None:
    """See the top of the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--wait-at", type=int, default=-1)
    parser.add_argument("--float32", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.float32:  # bfloat16 would hide small differences
        training.autocast = lambda device: contextlib.nullcontext()
    device, now = torch.device("cpu"), [0.0]
    processes.join_group(device)
    recipe = tiny_recipe(batch=arguments.batch, augmentation=SOME)
    trainer = PrintingTrainer(tiny_data(), recipe, arguments.folder, device, lambda: now[0])

    def after_step(share: float, message: str) -> None:
        now[0] += 25.0
        while trainer.step == arguments.wait_at:
            time.sleep(1)  # until somebody kills this process

    trainer.resume()
    trainer.run(progress=after_step)
    processes.leave_group()


if __name__ == "__main__":
    main()
