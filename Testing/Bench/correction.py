"""Corrective training timed: steps against a bare loop, and "save and next" without the drawing.

The bare loop trains the same network on one batch of tensors in memory, with the same loss and
optimiser; ours draws, deforms and cuts each patch from the project on disk. Save and next: the
corrections of one case are saved, the next one's image, prediction and annotations are read (a CT
of 512 x 512 x 128). Prints Markdown lines as JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, List

import numpy as np
import torch

from AutoContourRTCore.correction.annotation import FOREGROUND
from AutoContourRTCore.correction.oracle import draw_whole
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import Project, case_folder
from AutoContourRTCore.correction.setup import correction_recipe, create_project
from AutoContourRTCore.nn.correction_training import CorrectionTrainer
from AutoContourRTCore.nn.devices import autocast, choose_device
from AutoContourRTCore.nn.losses import LOSS_FUNCTIONS
from AutoContourRTCore.nn.schedule import make_optimizer
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

STRUCTURES = ("Bone_Mandible", "Parotid_L")
CASES = 4


def main() -> None:
    """See the top of the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--full", action="store_true", help="the recipes' own network and patch")
    options = parser.parse_args()
    device = choose_device(options.device)
    with tempfile.TemporaryDirectory() as folder:
        lines = steps(Path(folder), device, options.steps, not options.full)
        lines += [save_and_next(Path(folder))]
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

            ours, plain = in_turns([trained._one_step, bare], count)
            lines.append(
                f"| training step, {name}, {device.type} | {1 / ours:.2f}/s | bare loop "
                f"{1 / plain:.2f}/s | {plain / ours:.0%} |"
            )
    return lines


def in_turns(actions: List[Callable[[], object]], count: int) -> List[float]:
    """Median seconds of each action, done in turns: the machine's other work then hits all."""
    times: List[List[float]] = [[] for _ in actions]
    for turn in range(count + 2):
        for action, found in zip(actions, times):
            began = time.perf_counter()
            action()
            if turn >= 2:
                found.append(time.perf_counter() - began)
    return [statistics.median(found) for found in times]


def draw(project: Project, folder: Path, number: int) -> None:
    volume, truth = make_phantom((2.5, 2.0, 2.0), seed=number)
    path = folder / f"phantom{number}.nrrd"
    if not path.exists():
        write_volume(volume, path)
    case_id = project.add_image(path)
    for name, correction in project.correct(case_id).items():
        draw_whole(correction, truth.masks[name])
    project.save(case_id)


def save_and_next(folder: Path) -> str:
    """Seconds from the click to the next case in memory."""
    grid = Geometry((128, 512, 512), (2.5, 1.0, 1.0))
    rng = np.random.default_rng(0)
    image = rng.integers(-100, 100, grid.shape, dtype=np.int16)
    write_volume(Volume(image, grid), folder / "large.nrrd")
    mask = np.zeros(grid.shape, dtype=bool)
    mask[40:90, 150:350, 150:350] = True
    recipe = correction_recipe("default")
    with create_project(folder / "next", STRUCTURES, recipe) as project:
        ids = [project.add_image(folder / "large.nrrd") for _ in range(4)]
        for case_id in ids:
            masks = {name: mask for name in STRUCTURES}
            write_prediction(Prediction(masks, grid, "m"), case_folder(project.folder, case_id))
        seconds = []
        for case_id, following in zip(ids, ids[1:]):
            stroke = np.zeros(grid.shape, dtype=bool)
            stroke[60, 100:140, 100:140] = True
            project.correct(case_id)[STRUCTURES[0]].paint(stroke, FOREGROUND)
            began = time.perf_counter()
            project.save(case_id)
            for correction in project.correct(following).values():
                assert correction.corrected.any()
            seconds.append(time.perf_counter() - began)
    return (
        f"| save and next, 512x512x128, 2 structures, without reading the image | "
        f"{statistics.median(seconds):.2f} s | limit 1 s | |"
    )


if __name__ == "__main__":
    sys.exit(main())
