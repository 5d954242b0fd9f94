"""A training within a second: its data, and a script that runs it.

    python tiny_training.py FOLDER [--batch N] [--wait-at STEP] [--float32]

The script prints `STEP LOSS` for every step, resumes where FOLDER holds a checkpoint, and joins
the process group where torchrun starts it. Its clock moves by 25 s a step.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from pathlib import Path

import torch

from AutoContourRTCore.nn import processes, training
from AutoContourRTCore.nn.training import Trainer, TrainingData
from tiny_cases import SOME, cube_case, tiny_recipe


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
