from __future__ import annotations

import json
from pathlib import Path
from typing import List, Optional

import numpy as np
import pytest
import torch

from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND
from AutoContourRTCore.correction.editing import take_edit
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.setup import correction_recipe
from AutoContourRTCore.nn import correction_patches
from AutoContourRTCore.nn.augment import training_patch
from AutoContourRTCore.nn.cases import unpack
from AutoContourRTCore.nn.correction_gate import PATIENCE
from AutoContourRTCore.nn.correction_patches import place_of
from AutoContourRTCore.nn.correction_state import METRICS, MODELS, read_lines
from AutoContourRTCore.nn.correction_training import WAITING
from AutoContourRTCore.nn.losses import LOSS_FUNCTIONS
from AutoContourRTCore.nn.schedule import rate
from AutoContourRTCore.nn.unet import ResidualUNet
from correction_trainers import CPU, epochs, quick, same, trainer, weights
from tiny_cases import SOME
from tiny_projects import STRUCTURES, draw_truth, tiny_patient, tiny_project

LEFT, RIGHT = STRUCTURES


def test_it_learns_from_two_drawn_images(project: Project) -> None:
    trained = epochs(trainer(project), 2)
    assert trained.state.best is not None and trained.state.best.score is not None
    assert trained.state.best.score > 0.85
    lines = read_lines(trained.folder / METRICS)
    assert [line["epoch"] for line in lines] == [1, 2]
    assert set(lines[0]["validation_dice"]) == set(STRUCTURES)
    assert lines[1]["loss"] < lines[0]["loss"]
    json.dumps(trained.status(), allow_nan=False)


def test_the_lengths_of_epochs_are_those_of_the_paper(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 2) as project:
        trained = trainer(project)
        assert trained.unit() == WAITING
        draw_truth(project, 1)
        trained.unit()
        assert trained.state.epoch_steps == 128 / 4
        draw_truth(project, 2)
        trained = trainer(project)
        trained.unit()
        assert trained.state.epoch_steps == 64 / 4
        project.correct(project.record.cases[1].id)[LEFT].review()
        project.save(project.record.cases[1].id)
        patch = (2, 2, 2)
        trained._use_patch(patch)
        trained.cases.refresh()
        patches = len(trained.cases.annotated_windows(project.record.cases[1].id, patch))
        assert patches > 32 and trained._epoch_steps() == -(-2 * patches // 4)


def test_only_a_strictly_better_network_takes_the_place_of_the_best(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.5, 0.5, 0.6, 0.59, 0.6, 0.61])
    quick(monkeypatch, lambda: next(scores))
    trained = epochs(trainer(project), 6)
    taken = [line["best"] for line in read_lines(trained.folder / METRICS)]
    assert taken == [True, False, True, False, False, True]
    assert [line["epoch"] for line in read_lines(trained.folder / MODELS)] == [1, 3, 6]
    assert trained.state.best is not None and trained.state.best.epoch == 6


def test_after_sixty_epochs_without_progress_it_starts_anew_and_the_best_stays(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PATIENCE == 60
    score = [0.5]
    quick(monkeypatch, lambda: score[0])
    trained = epochs(trainer(project), 60)  # the first is the best
    first = {name: value.clone() for name, value in trained.network.state_dict().items()}
    assert (trained.state.without_progress, trained.state.restarts) == (59, 0)
    best = weights(project.folder)
    epochs(trained, 1)
    assert (trained.state.without_progress, trained.state.restarts, trained.step) == (0, 1, 1)
    assert not same(first, trained.network.state_dict())
    assert same(best, weights(project.folder)) and trained.state.best.score == 0.5
    score[0] = 0.51
    epochs(trained, 1)
    assert same(weights(project.folder), trained.average)
    assert "60 epochs without progress" in trained.notes[0]


def test_new_data_give_it_sixty_epochs_more(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch, lambda: 0.5)
    trained = epochs(trainer(project), 40)
    assert trained.state.without_progress == 39
    draw_truth(project, 3)
    epochs(trained, 3)
    assert 0 < trained.state.without_progress <= 3
    again = trainer(project)
    again.unit()  # a start of the program is nothing new
    assert again.state.without_progress == trained.state.without_progress


def test_what_was_saved_is_learnt_from_at_the_next_step(project: Project) -> None:
    trained = trainer(project)
    trained.unit()
    assert len(trained.cases.train) == 1
    third = draw_truth(project, 3)
    loaded: List[str] = []
    load = trained.cases.load
    trained.cases.load = lambda case: loaded.append(case) or load(case)  # type: ignore
    trained.unit()
    trained.unit()
    assert third in loaded and trained.state.epoch == 0


def test_the_best_is_judged_again_when_there_is_more_to_judge_by(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = epochs(trainer(project), 1)
    before = trained.state.best
    assert before is not None
    key, score = before.key, before.score
    case_id = project.record.cases[1].id
    correction = project.correct(case_id)[LEFT]
    correction.review()  # everything else is background: more false positives count
    project.save(case_id)
    best = weights(project.folder)
    epochs(trained, 1)
    line = read_lines(trained.folder / METRICS)[-1]
    if not line["best"]:
        assert same(best, weights(project.folder)) and trained.state.best.score != score
    assert trained.state.best is not None and trained.state.best.key != key


def test_the_best_stays_where_nothing_is_left_to_judge_by(project: Project) -> None:
    trained = epochs(trainer(project), 1)
    best, kept = trained.state.best, weights(project.folder)
    assert best is not None and best.score is not None
    score = best.score
    case_id = project.record.cases[1].id
    for correction in project.correct(case_id).values():
        while correction.undo():
            pass
    project.save(case_id)
    epochs(trained, 2)
    assert same(kept, weights(project.folder)) and trained.state.best.score == score
    draw_truth(project, 2)
    epochs(trained, 1)
    assert read_lines(trained.folder / METRICS)[-1]["validation_mean"] > 0


def test_with_a_rotating_split_the_learning_rate_looks_at_one_cycle(tmp_path: Path) -> None:
    settings = {"cycle_epochs": 20, "schedule": "plateau", "lr": 1e-4, "warmup_steps": 0}
    with tiny_project(tmp_path / "p", 5, **settings) as project:
        trained = trainer(project)
        easy = [0.5 + 0.001 * n + 0.06 * (n // 20 == 0) for n in range(40)]  # the first fifth
        trained.history = [{"epoch": n + 1, "validation_mean": s} for n, s in enumerate(easy)]
        trained.state.epoch = 39
        assert [line["epoch"] for line in trained._past()] == list(range(21, 41))
        assert rate(trained.recipe, 400, trained._past()) == pytest.approx(1e-4)
        assert rate(trained.recipe, 400, trained.history) < 1e-4


def test_without_validation_images_the_newest_network_predicts(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        draw_truth(project, 1)
        trained = epochs(trainer(project), 1)
        first = weights(project.folder)
        epochs(trained, 1)
        assert not same(first, weights(project.folder))
        assert trained.state.best is not None and trained.state.best.score is None
        assert trained.state.without_progress == 0


@pytest.mark.parametrize("loss", sorted(LOSS_FUNCTIONS))
def test_voxels_that_nobody_annotated_have_exactly_no_gradient(tmp_path: Path, loss: str) -> None:
    soft = {"activation": "softmax"} if loss == "merged_background" else {}
    with tiny_project(tmp_path / "p", loss=loss, augmentation=SOME, **soft) as project:
        draw_truth(project, 1, margin=1)
        trained = trainer(project)
        trained.unit()
        image, target, known = trained._batch()
        assert 0 < known.mean() < 1
        logits = trained.network(image).float()
        logits.retain_grad()
        value = LOSS_FUNCTIONS[loss](logits, target, known, trained.recipe)
        value.backward()
        assert logits.grad is not None
        unknown = known.amax(1, keepdim=True) == 0 if soft else known == 0
        unknown = unknown.expand_as(logits.grad)
        assert torch.all(logits.grad[unknown] == 0)
        assert logits.grad[~unknown].abs().max() > 0
        changed = torch.where(known == 0, 1 - target, target)
        assert LOSS_FUNCTIONS[loss](logits, changed, known, trained.recipe) == value


def test_overwriting_a_neighbour_organ_never_trains_it(project: Project) -> None:
    case_id = project.record.cases[2].id
    truth = tiny_patient(3)[1]
    corrections = project.correct(case_id)
    corrections[RIGHT].paint(truth.masks[RIGHT], FOREGROUND)
    corrections[RIGHT].undo()
    grown = truth.masks[LEFT] | truth.masks[RIGHT]
    after = {LEFT: grown, RIGHT: np.zeros(grown.shape, dtype=bool)}
    take_edit(corrections, after, LEFT)
    project.save(case_id)
    trained = trainer(project)
    trained.unit()
    found = trained.cases.load(case_id)
    assert found.case.drawn == (True, False)
    assert not unpack(np.asarray(found.case.known), 2)[1].any()


def test_a_rotating_split_judges_by_another_fifth_each_cycle_and_learns_from_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"cycle_epochs": 1, "on_false_positive": 0.5, "steps_per_epoch": 2, "lr": 1e-6}
    with tiny_project(tmp_path / "p", 5, **settings) as project:
        for n, case in enumerate(project.record.cases, start=1):
            project.take_contours(case.id, tiny_patient(n)[1])
        trained = trainer(project)
        for values in (trained.network.state_dict(), trained.average):
            values["head.weight"].zero_()
            values["head.bias"].fill_(3.0)  # sees both structures everywhere
        trained.unit()
        judged = []
        for _ in range(5):
            learnt = set(trained.cases.train)
            epochs(trained, 1)
            judged += trained.cases.validation
            assert set(trained._mistakes) == learnt
        assert sorted(judged) == [case.id for case in project.record.cases]
        assert trained.state.steps == 11 and trained.state.restarts == 0
        labels = np.asarray(trained.cases.load(trained.cases.train[0]).case.labels)
        wrong = trained._mistakes[trained.cases.train[0]]
        assert np.all(labels[tuple(wrong.T)] != 3)  # one of both at most is right there
        elsewhere, found = [], ((1, 1, 1), None)
        monkeypatch.setattr(
            correction_patches, "annotated_place", lambda *a: elsewhere.append(a) or found
        )
        for n in range(400):
            place_of(trained.cases, trained.recipe, trained._mistakes, (0, n, 0))
        assert len(elsewhere) / 400 == pytest.approx(0.5, abs=0.1)


def test_patches_of_the_paper_s_size_have_the_paper_s_shape(project: Project) -> None:
    recipe = correction_recipe("rootpainter3d")
    trained = trainer(project)
    trained.unit()
    found = trained.cases.load(trained.cases.train[0])
    rng = np.random.default_rng(0)
    image, target, known = training_patch(found.case, (7.5, 13.5, 13.5), recipe, (1, 0), rng, CPU)
    assert image.shape == (1, 64, 240, 240)
    assert target.shape == known.shape == (2, 64, 240, 240)
    assert float(image.amin()) == 0.0 and float(image.amax()) == 1.0
    inside = unpack(np.asarray(found.case.known), 2).sum()
    assert int(known.sum()) == inside


def test_erased_and_background_marks_are_learnt_as_such(project: Project) -> None:
    case_id = project.record.cases[2].id
    correction = project.correct(case_id)[LEFT]
    stroke = np.zeros(correction.corrected.shape, dtype=bool)
    stroke[8, 10:14, 10:14] = True
    correction.paint(stroke, BACKGROUND)
    project.save(case_id)
    trained = trainer(project)
    trained.unit()
    case = trained.cases.load(case_id).case
    assert (np.asarray(case.known) == 1).sum() == 16 and not np.asarray(case.labels).any()


def start_model(folder: Path, structures: "tuple[str, ...]", value: Optional[float]) -> Path:
    """A model on the tiny network; value: the bias of all its outputs."""
    from AutoContourRTCore.models.files import write_model
    from AutoContourRTCore.models.manifest import Manifest
    from tiny_projects import project_recipe

    recipe = project_recipe()
    torch.manual_seed(3)
    network = ResidualUNet(len(structures), recipe.widths)
    if value is not None:
        with torch.no_grad():
            network.head.weight.zero_()
            network.head.bias.fill_(value)  # type: ignore[union-attr]
    manifest = Manifest(
        id="start", version="1.0", name="start", structures=structures, region="head and neck",
        anatomy="x", recipe=recipe.to_dict(), network={}, training_spacing_mm=recipe.spacing,
        data="d", licence="l",
    )
    arrays = {n: t.numpy().copy() for n, t in network.state_dict().items()}
    write_model(folder, manifest, arrays, "# card")
    return folder


def test_a_start_model_that_knows_all_structures_stays_until_it_is_beaten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = start_model(tmp_path / "m", STRUCTURES, None)
    scores = iter([0.6, 0.6, 0.61])  # of the start model, then of each epoch
    quick(monkeypatch, lambda: next(scores))
    with tiny_project(tmp_path / "p", 2, start_model=model) as project:
        draw_truth(project, 1)
        trained = epochs(trainer(project), 1)
        assert not (trained.folder / "best.pt").exists()  # nothing to judge by
        draw_truth(project, 2)
        epochs(trained, 1)
        assert trained.state.start is not None and trained.state.start.score == 0.6
        assert not (trained.folder / "best.pt").exists()
        epochs(trained, 1)
        assert trained.state.best is not None and trained.state.best.score == 0.61


def test_training_starts_from_the_model_and_a_restart_goes_back_to_it(tmp_path: Path) -> None:
    model = start_model(tmp_path / "m", ("Larynx", LEFT), None)
    with tiny_project(tmp_path / "p", 2, start_model=model) as project:
        project.change_settings(restart_from_start=True)
        trained = trainer(project)
        torch.manual_seed(3)
        origin = ResidualUNet(2, (8, 16)).state_dict()

        def is_start() -> bool:
            own = trained.network.state_dict()
            return torch.equal(own["stem.first.weight"], origin["stem.first.weight"]) and (
                torch.equal(own["head.weight"][0], origin["head.weight"][1])
            )

        assert is_start()
        draw_truth(project, 1)
        trained.unit()
        trained.unit()
        assert not is_start()
        trained._begin_anew("because")
        assert is_start()
