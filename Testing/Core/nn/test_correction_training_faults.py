"""What goes wrong while training on corrections: each is survived, and told."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
import pytest
import torch

from AutoContourRTCore.correction import patience, service
from AutoContourRTCore.correction.patience import Unreachable
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.service import GONE_SECONDS, TrainingRun
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn import correction_training
from AutoContourRTCore.nn.correction_training import AWAY, WAITING
from correction_trainers import epochs, quick, same, trainer
from tiny_cases import SOME
from tiny_projects import STRUCTURES, draw_truth, tiny_project

LEFT, RIGHT = STRUCTURES


def test_a_stopped_training_goes_on_to_the_last_digit(tmp_path: Path) -> None:
    results = []
    for stops in ((), (7, 20, 23)):
        with tiny_project(tmp_path / f"p{len(stops)}", augmentation=SOME) as project:
            draw_truth(project, 1)
            draw_truth(project, 2)
            trained = trainer(project)
            while trained.state.steps < 30:
                trained.unit()
                if trained.state.steps in stops:
                    stops = tuple(s for s in stops if s != trained.state.steps)
                    trained.close()
                    trained = trainer(project)
            results.append((trained.network.state_dict(), trained.state.best))
    assert same(results[0][0], results[1][0])
    assert results[0][1] is not None and results[0][1].score == results[1][1].score


def test_at_most_a_minute_of_training_is_unsaved(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, saved = [0.0], [0.0]
    quick(monkeypatch, lambda: 0.5)
    monkeypatch.setattr(correction_training, "epoch_samples", lambda images, patches: 400)
    trained = trainer(project, clock=lambda: now[0])
    save = trained._save

    def remember() -> None:
        saved.append(now[0])
        save()

    def step() -> float:
        now[0] += 7.0
        return 0.5

    monkeypatch.setattr(trained, "_save", remember)
    monkeypatch.setattr(trained, "_one_step", step)
    for _ in range(80):
        trained.unit()
    assert max(np.diff([*saved, now[0]])) <= 60.0 and len(saved) < 15


def test_a_crash_between_the_files_keeps_the_better_network(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.5, 0.7])
    quick(monkeypatch, lambda: next(scores))
    trained = epochs(trainer(project), 1)
    checkpoint = (trained.folder / "checkpoint.pt").read_bytes()
    epochs(trained, 1)
    (trained.folder / "checkpoint.pt").write_bytes(checkpoint)  # best.pt is newer
    again = trainer(project)
    assert again.state.epoch == 1
    assert again.state.best is not None and again.state.best.score == 0.7


def test_a_full_disk_ends_no_training_and_passes_no_gate(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.5, 0.6, 0.6])
    quick(monkeypatch, lambda: next(scores))
    trained = epochs(trainer(project), 1)
    save = correction_training.save_checkpoint

    def full(*arguments: Any) -> None:
        raise InputError("no space left on its disk; free some")

    monkeypatch.setattr(correction_training, "save_checkpoint", full)
    epochs(trained, 1)
    assert "free some" in trained.status()["problem"]
    assert trained.state.best is not None and trained.state.best.score == 0.5
    monkeypatch.setattr(correction_training, "save_checkpoint", save)
    epochs(trained, 1)
    assert trained.status()["problem"] == "" and trained.state.best.score == 0.6


def test_too_little_gpu_memory_shrinks_the_patch_and_that_is_remembered(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = trainer(project)
    forward = trained.network.forward
    limit = [8 * 8 * 8]

    def hungry(image: torch.Tensor) -> torch.Tensor:
        if image[0, 0].numel() > limit[0]:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return forward(image)

    monkeypatch.setattr(trained.network, "forward", hungry)
    trained.unit()
    assert trained.recipe.patch == (4, 8, 8) and trained.state.steps == 0
    trained.unit()
    assert trained.state.steps == 1 and "8 x 16 x 16" in trained.notes[0]
    trained.close()
    assert trainer(project).recipe.patch == (4, 8, 8)
    limit[0] = 0
    with pytest.raises(MemoryError, match="smallest patch"):
        for _ in range(5):
            trained.unit()


def test_weights_that_left_the_range_of_numbers_are_replaced(project: Project) -> None:
    trained = trainer(project)
    trained.unit()
    with torch.no_grad():
        next(trained.network.parameters()).fill_(float("nan"))
    trained.unit()
    assert trained.state.restarts == 1 and "range of numbers" in trained.notes[0]
    assert all(bool(p.isfinite().all()) for p in trained.network.parameters())
    trained.unit()
    assert trained.step == 1


def test_with_all_images_gone_it_waits_and_goes_on_when_one_is_back(project: Project) -> None:
    trained = trainer(project)
    trained.unit()
    image = Path(project.record.cases[0].image.path)
    cache = project.folder / "cache"
    for path in cache.iterdir():
        path.unlink()
    trained.cases._open.clear()
    image.rename(image.with_name("away.nrrd"))
    trained.unit()
    assert trained.unit() == WAITING
    assert "Relocate" in trained.status()["cases_left_out"][project.record.cases[0].id]
    project.relocate(project.record.cases[0].id, image.with_name("away.nrrd"))
    assert trained.unit() != WAITING


def test_before_each_unit_it_looks_whether_it_still_may(project: Project) -> None:
    allowed = [True]

    def check() -> None:
        if not allowed[0]:
            raise InputError("taken over")

    trained = trainer(project, check=check)
    trained.unit()
    allowed[0] = False
    with pytest.raises(InputError, match="taken over"):
        trained.unit()


def test_too_little_memory_while_judging_shrinks_the_patch_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = trainer(project)
    trained.state.epoch_step = trained.state.epoch_steps = 1
    original = correction_training.judge

    def hungry(network: Any, cases: Any, recipe: Any, *rest: Any) -> Any:
        if recipe.patch == (8, 16, 16):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return original(network, cases, recipe, *rest)

    monkeypatch.setattr(correction_training, "judge", hungry)
    assert "8 x 16 x 16" in trained.unit()
    while trained.state.epoch == 0:
        trained.unit()
    assert trained.recipe.patch == (4, 8, 8) and trained.state.best is not None


@pytest.mark.parametrize("name", ["read_text", "stat"])
def test_a_folder_that_is_away_for_a_while_ends_no_training(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    run = TrainingRun(project.folder, "cpu")
    run.unit()

    def away(*arguments: Any, **values: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, name, away)
        assert [run.unit() for _ in range(3)] == [AWAY] * 3 and not run.stop_requested()
        assert "cannot be read or written just now" in run.trainer.status()["problem"]
    assert "step 2" in run.unit()
    assert run.trainer.status()["problem"] == "" and run.trainer.cases.problems == {}
    run.end()


def _begun(project: Project, monkeypatch: pytest.MonkeyPatch) -> Tuple[TrainingRun, List[float]]:
    """A training after its first unit, and the time on its clock."""
    now = [0.0]
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    run = TrainingRun(project.folder, "cpu", lambda: now[0])
    run.unit()
    return run, now


def test_a_project_that_was_deleted_or_moved_ends_its_training(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, now = _begun(project, monkeypatch)
    moved = project.folder.rename(project.folder.with_name("moved"))
    assert run.unit() == AWAY
    now[0] = GONE_SECONDS - 1.0
    assert run.unit() == AWAY
    moved.rename(project.folder)
    assert run.unit() != AWAY  # it was back in time
    project.folder.rename(moved)
    assert run.unit() == AWAY
    now[0] += GONE_SECONDS
    with pytest.raises(InputError, match="deleted, moved or renamed"):
        run.unit()
    run.end()
    assert not project.folder.exists()
    moved.rename(project.folder)


def test_a_project_whose_disk_is_away_is_waited_for_however_long_that_takes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, now = _begun(project, monkeypatch)
    share = project.folder.parent
    away = share.rename(share.with_name(share.name + "-away"))
    for now[0] in (1.0, 1e3, 1e6):
        assert run.unit() == AWAY
    share.mkdir()  # as a mount point stays, on the disk around it
    monkeypatch.setattr(service, "_disk_of", lambda folder: -1)
    for now[0] in (2e6, 3e6):
        assert run.unit() == AWAY
    share.rmdir()
    away.rename(share)
    assert run.unit() != AWAY
    run.end()


def test_a_network_is_not_judged_on_the_cases_that_can_just_be_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = trainer(project)
    trained.state.epoch_step = trained.state.epoch_steps = 1
    load = trained.cases.load

    def away(case_id: str) -> Any:
        raise Unreachable("away")

    monkeypatch.setattr(trained.cases, "load", away)
    assert [trained.unit() for _ in range(3)] == [AWAY] * 3
    assert trained.state.epoch == 0 and trained.state.best is None
    monkeypatch.setattr(trained.cases, "load", load)
    epochs(trained, 1)
    assert trained.state.best is not None and trained.state.best.score is not None


def test_a_disk_that_is_away_while_saving_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = trainer(project)
    trained.unit()

    def away(*arguments: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(correction_training, "save_checkpoint", away)
    trained.close()
    assert "Input/output error" in trained.status()["problem"]
