"""Corrective training timed: steps against a bare loop, and "save and next" (save_and_next.py).

The bare loop trains the same network on one batch of tensors in memory, with the same loss and
optimiser; ours draws, deforms and cuts each patch from the project on disk, averages the weights
and limits the gradient. Prints Markdown lines as JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, List, NamedTuple

import torch

from AutoContourRTCore.allocation import keep_freed_memory
from AutoContourRTCore.correction.oracle import draw_whole
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.setup import correction_recipe, create_project
from AutoContourRTCore.nn.correction_training import CorrectionTrainer
from AutoContourRTCore.nn.devices import autocast, choose_device
from AutoContourRTCore.nn.losses import LOSS_FUNCTIONS
from AutoContourRTCore.nn.schedule import make_optimizer
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.volumes.files import write_volume

STRUCTURES = ("Bone_Mandible", "Parotid_L")
CASES = 4
BLOCK = 4  # steps of one kind at a time


def main() -> None:
    """See the top of the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--full", action="store_true", help="the recipes' own network and patch")
    options = parser.parse_args()
    keep_freed_memory()  # as the command line and the worker do; for the bare loop too
    device = choose_device(options.device)
    with tempfile.TemporaryDirectory() as folder:
        lines = steps(Path(folder), device, options.steps, not options.full)
    lines += save_and_next()
    print(json.dumps(lines))


def steps(folder: Path, device: torch.device, count: int, small: bool) -> List[str]:
    """Seconds a step of both recipes, ours and bare."""
    lines = []
    for name in ("default", "rootpainter3d"):
        recipe = correction_recipe(name, small=small)
        with create_project(folder / name, STRUCTURES, recipe) as project:
            for number in range(CASES):
                draw(project, folder, number)
            trained = CorrectionTrainer(project.folder, device)
            trained.unit()  # prepares the cases
            trained.state.epoch_steps = sys.maxsize  # steps only, no validation
            for case in trained.cases.train:
                trained.cases.load(case)
            batch = trained._batch()
            network = ResidualUNet(len(STRUCTURES), recipe.widths).to(
                device, memory_format=torch.channels_last_3d
            )
            optimizer = make_optimizer(network, recipe)

            def bare(
                network: ResidualUNet = network, optimizer: torch.optim.Optimizer = optimizer,
                batch: tuple = batch, recipe: object = recipe,
            ) -> None:
                optimizer.zero_grad(set_to_none=True)
                with autocast(device):
                    logits = network(batch[0])
                loss = LOSS_FUNCTIONS[recipe.loss](logits.float(), batch[1], batch[2], recipe)
                loss.backward()
                optimizer.step()
                float(loss.detach())

            ours, plain = in_blocks([trained.unit, bare], count)
            lines.append(
                f"| training step, {name}, {device.type} | {1 / ours.wall:.2f}/s | bare loop "
                f"{1 / plain.wall:.2f}/s | {plain.wall / ours.wall:.0%} by the clock, "
                f"{plain.cpu / ours.cpu:.0%} by processor time; limit 80 % |"
            )
            trained.close()
    return lines


class Seconds(NamedTuple):
    """Of one step: by the clock, and of all this process's processors together."""

    wall: float
    cpu: float


def in_blocks(actions: List[Callable[[], object]], count: int) -> List[Seconds]:
    """Median seconds of each action, done in turns of BLOCK: the machine's other work then hits
    all."""
    times: List[List[Seconds]] = [[] for _ in actions]
    for _ in range(max(1, -(-count // BLOCK))):
        for action, found in zip(actions, times):
            action()
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(BLOCK):
                action()
            found.append(
                Seconds(
                    (time.perf_counter() - wall) / BLOCK, (time.process_time() - cpu) / BLOCK
                )
            )
    return [Seconds(*(statistics.median(one) for one in zip(*found))) for found in times]


def draw(project: Project, folder: Path, number: int) -> None:
    volume, truth = make_phantom((2.5, 2.0, 2.0), seed=number)
    path = folder / f"phantom{number}.nrrd"
    if not path.exists():
        write_volume(volume, path)
    case_id = project.add_image(path)
    for name, correction in project.correct(case_id).items():
        draw_whole(correction, truth.masks[name])
    project.save(case_id)


def save_and_next() -> List[str]:
    """In a process of its own: the harness is for one that has no torch."""
    finished = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("save_and_next.py"))],
        check=True, capture_output=True, text=True, encoding="utf-8",
    )
    lines: List[str] = json.loads(finished.stdout.splitlines()[-1])
    return lines


if __name__ == "__main__":
    sys.exit(main())
