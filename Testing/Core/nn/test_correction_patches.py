from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Iterator, List

import numpy as np
import pytest
import torch

from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.nn import correction_patches
from AutoContourRTCore.nn.correction_patches import AheadDrawer, PatchPlace, draw, place_of
from correction_trainers import CPU, epochs, trainer
from tiny_cases import SOME, cube_case, tiny_recipe
from tiny_projects import draw_truth, tiny_project

RECIPE = tiny_recipe(augmentation=SOME)
PARTNER = (1, 0)


@pytest.fixture()
def project(tmp_path: Path) -> Iterator[Project]:
    """Three images; the first is drawn (training), the second too (validation)."""
    with tiny_project(tmp_path / "p", 3, augmentation=SOME) as made:
        draw_truth(made, 1)
        draw_truth(made, 2)
        yield made


@pytest.fixture()
def drawer() -> Iterator[AheadDrawer]:
    made = AheadDrawer()
    yield made
    made.close()


def places(seed: int) -> List[PatchPlace]:
    case = cube_case()
    return [PatchPlace(case, (5.5, 9.5, 9.5), np.random.default_rng([seed, n])) for n in range(2)]


def alike(one: Any, other: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other))


def test_the_next_batch_is_drawn_before_anybody_asks(
    drawer: AheadDrawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = threading.Event()

    def told(*arguments: Any) -> Any:
        drawn.set()
        return draw(*arguments)

    monkeypatch.setattr(correction_patches, "draw", told)
    drawer.begin("next", places(0), RECIPE, PARTNER, CPU)
    assert drawn.wait(20)
    assert alike(drawer.take(), draw(places(0), RECIPE, PARTNER, CPU))


def test_a_batch_that_is_no_longer_wanted_is_never_handed_out(drawer: AheadDrawer) -> None:
    for seed in range(5):
        drawer.begin(seed, places(seed), RECIPE, PARTNER, CPU)
    assert drawer.key == 4
    batch = drawer.take()
    assert alike(batch, draw(places(4), RECIPE, PARTNER, CPU))
    assert not alike(batch, draw(places(3), RECIPE, PARTNER, CPU))
    assert drawer.key is None


def test_what_goes_wrong_in_the_thread_is_raised_where_the_batch_is_taken(
    drawer: AheadDrawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(correction_patches, "draw", full)
    drawer.begin(0, places(0), RECIPE, PARTNER, CPU)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        drawer.take()


def test_drawing_ahead_takes_no_core_from_the_step(drawer: AheadDrawer) -> None:
    before = torch.get_num_threads()
    drawer.begin(0, places(0), RECIPE, PARTNER, CPU)
    drawer.take()
    assert drawer._thread is not None
    assert drawer._thread.submit(torch.get_num_threads).result() == 1
    assert torch.get_num_threads() == before
    late: List[int] = []
    other = threading.Thread(target=lambda: late.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert late == [before]  # nor from threads that come later


def test_the_trainer_s_batches_are_those_of_their_steps_and_seeds(project: Project) -> None:
    trained = trainer(project)
    trained._take_up()
    for step in range(4):
        trained.step = step
        batch = trained._batch()
        cases, recipe = trained.cases, trained.recipe
        wanted = [place_of(cases, recipe, {}, (recipe.seed, step, n)) for n in range(recipe.batch)]
        assert alike(batch, draw(wanted, recipe, PARTNER, CPU))
        assert trained._ahead.key is not None
    trained.close()
    assert trained._ahead.key is None


def test_a_batch_drawn_ahead_is_not_used_once_something_was_saved(project: Project) -> None:
    trained = trainer(project)
    trained.unit()
    ahead = trained._ahead.key
    draw_truth(project, 3)
    assert len(trained.cases.train) == 1
    trained._take_up()
    batch = trained._batch()
    assert len(trained.cases.train) == 2 and trained._ahead.key != ahead
    cases, recipe = trained.cases, trained.recipe
    wanted = [
        place_of(cases, recipe, {}, (recipe.seed, trained.step, n)) for n in range(recipe.batch)
    ]
    assert alike(batch, draw(wanted, recipe, PARTNER, CPU))


def test_after_a_restart_other_patches_are_drawn(project: Project) -> None:
    trained = epochs(trainer(project), 1)
    trained._begin_anew("a test")
    trained._take_up()
    recipe, seed = trained.recipe, trained.recipe.seed + 1
    wanted = [place_of(trained.cases, recipe, {}, (seed, 0, n)) for n in range(recipe.batch)]
    assert alike(trained._batch(), draw(wanted, recipe, PARTNER, CPU))
