from __future__ import annotations

from pathlib import Path
from typing import Iterator, List, Tuple

import pytest
import torch
from torch import Tensor

from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.nn.augment import training_patch
from AutoContourRTCore.nn.correction_patches import place_of
from AutoContourRTCore.nn.correction_training import CorrectionTrainer
from correction_trainers import CPU, epochs, trainer
from tiny_cases import SOME
from tiny_projects import draw_truth, tiny_project

PARTNER = (1, 0)


@pytest.fixture()
def project(tmp_path: Path) -> Iterator[Project]:
    """Three images; the first is drawn (training), the second too (validation)."""
    with tiny_project(tmp_path / "p", 3, augmentation=SOME) as made:
        draw_truth(made, 1)
        draw_truth(made, 2)
        yield made


def drawn(trained: CorrectionTrainer, seed: int, step: int) -> Tuple[Tensor, ...]:
    """Image, target and known of a step, from its numbers alone."""
    samples: List[Tuple[Tensor, ...]] = []
    for number in range(trained.recipe.batch):
        place = place_of(trained.cases, trained.recipe, {}, (seed, step, number))
        image, target, known = training_patch(
            place.case, place.center, trained.recipe, PARTNER, place.rng, CPU,
            structure=place.structure,
        )
        samples.append((image, target, known.expand_as(target)))
    return tuple(torch.stack(parts) for parts in zip(*samples))


def alike(one: Tuple[Tensor, ...], other: Tuple[Tensor, ...]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other))


def test_the_trainer_s_batches_are_those_of_their_steps_and_seeds(project: Project) -> None:
    trained = trainer(project)
    trained._take_up()
    seed = trained.recipe.seed
    for step in range(4):
        trained.step = step
        assert alike(trained._batch(), drawn(trained, seed, step))
    assert not alike(trained._batch(), drawn(trained, seed, 2))


def test_what_was_saved_meanwhile_is_in_the_next_batch(project: Project) -> None:
    trained = trainer(project)
    trained.unit()
    before = drawn(trained, trained.recipe.seed, trained.step)
    draw_truth(project, 3)
    assert len(trained.cases.train) == 1
    trained._take_up()
    assert len(trained.cases.train) == 2
    batch = trained._batch()
    assert alike(batch, drawn(trained, trained.recipe.seed, trained.step))
    assert not alike(batch, before)


def test_after_a_restart_other_patches_are_drawn(project: Project) -> None:
    trained = epochs(trainer(project), 1)
    before = trained.recipe.seed
    trained._begin_anew("a test")
    trained._take_up()
    batch = trained._batch()
    assert alike(batch, drawn(trained, before + 1, 0))
    assert not alike(batch, drawn(trained, before, 0))
