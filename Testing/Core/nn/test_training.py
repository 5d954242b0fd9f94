from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
import torch

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.nn import training
from AutoContourRTCore.nn.checkpoint import load_checkpoint
from AutoContourRTCore.nn.losses import disagreement
from AutoContourRTCore.nn.recipes import Augmentation, Recipe
from AutoContourRTCore.nn.training import Trainer, TrainingData
from tiny_cases import SOME, cube_case, tiny_recipe
from tiny_training import tiny_data

CPU = torch.device("cpu")


class Clock:
    """A clock that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def trainer(folder: Path, **changes: Any) -> Trainer:
    return Trainer(tiny_data(), tiny_recipe(**changes), folder, CPU)


def lines(folder: Path) -> List[Dict[str, Any]]:
    text = (folder / "metrics.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def without_time(history: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    return [{name: value for name, value in h.items() if name != "time"} for h in history]


def saves(trained: Trainer, monkeypatch: pytest.MonkeyPatch) -> List[int]:
    """The steps at which the checkpoint is written from now on."""
    steps: List[int] = []

    def save(state: Dict[str, Any], folder: Path, name: str = "checkpoint.pt") -> None:
        if name == "checkpoint.pt":
            steps.append(state["step"])

    monkeypatch.setattr(training, "save_checkpoint", save)
    trained.folder.mkdir(exist_ok=True)
    return steps


def cancel_at(trained: Trainer, step: int) -> Callable[[float, str], None]:
    def progress(share: float, message: str) -> None:
        if trained.step == step:
            raise Cancelled

    return progress


def test_the_tiny_network_learns_to_find_a_cube(tmp_path: Path) -> None:
    train, judge = (cube_case(corners=(at,), drawn=(True,)) for at in ((3, 6, 8), (2, 9, 15)))
    recipe = tiny_recipe(epochs=2, steps_per_epoch=20, average=0.9, lr=1e-2, validate_every=1)
    Trainer(TrainingData((train,), (judge,), ("cube",), (0,)), recipe, tmp_path, CPU).run()
    first, last = lines(tmp_path)
    assert last["loss"] < 0.7 * first["loss"]
    assert last["validation_mean"] > 0.8


def test_every_epoch_has_one_line(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    history = lines(tmp_path)
    assert [line["epoch"] for line in history] == [1, 2, 3]
    assert [line["step"] for line in history] == [4, 8, 12]
    assert all(math.isfinite(line["loss"]) and line["lr"] > 0 for line in history)
    assert ["validation_dice" in line for line in history] == [False, True, True]
    assert set(history[1]["validation_dice"]) == {"right", "left"}


def test_the_recipe_lies_beside_the_weights(tmp_path: Path) -> None:
    trainer(tmp_path, lr=0.0123).run()
    saved = json.loads((tmp_path / "recipe.json").read_text(encoding="utf-8"))
    assert Recipe.from_dict(saved) == tiny_recipe(lr=0.0123)


def test_two_trainings_are_the_same_to_the_last_digit(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trainer(tmp_path / name, augmentation=SOME).run()
    one, two = (without_time(lines(tmp_path / name)) for name in ("one", "two"))
    assert one == two
    trainer(tmp_path / "three", augmentation=SOME, seed=1).run()
    assert lines(tmp_path / "three")[0]["loss"] != one[0]["loss"]


@pytest.mark.parametrize("seconds", [7.0, 25.0, 59.0, 200.0])
def test_never_more_than_a_minute_of_steps_is_unsaved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    clock = Clock()
    recipe = tiny_recipe(epochs=1, steps_per_epoch=24, batch=1)
    trained = Trainer(tiny_data(), recipe, tmp_path, CPU, clock)
    steps = saves(trained, monkeypatch)
    step = trained._one_step

    def slow_step() -> float:
        clock.now += seconds
        return step()

    monkeypatch.setattr(trained, "_one_step", slow_step)
    trained.run()
    allowed = max(1, int(60 // seconds))
    assert max(np.diff([0, *steps])) == allowed
    assert steps[-1] == 24


def test_every_epoch_s_end_is_saved_however_fast_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = Trainer(tiny_data(), tiny_recipe(), tmp_path, CPU, Clock())
    steps = saves(trained, monkeypatch)
    trained.run()
    assert sorted(set(steps)) == [4, 8, 12]


def test_a_cancelled_training_goes_on_where_it_was(tmp_path: Path) -> None:
    trainer(tmp_path / "whole", augmentation=SOME).run()
    first = trainer(tmp_path / "parts", augmentation=SOME)
    with pytest.raises(Cancelled):
        first.run(progress=cancel_at(first, 6))
    second = trainer(tmp_path / "parts", augmentation=SOME)
    assert second.resume() and second.step == 6
    second.run()
    whole, parts = (without_time(lines(tmp_path / name)) for name in ("whole", "parts"))
    assert parts == whole


def test_cancelling_during_validation_loses_no_line(tmp_path: Path) -> None:
    trainer(tmp_path / "whole").run()
    first = trainer(tmp_path / "parts")

    def progress(share: float, message: str) -> None:
        if message.startswith("validating"):
            raise Cancelled

    with pytest.raises(Cancelled):
        first.run(progress=progress)
    assert first.step == 8 and len(lines(tmp_path / "parts")) == 1
    second = trainer(tmp_path / "parts")
    second.resume()
    second.run()
    assert without_time(lines(tmp_path / "parts")) == without_time(lines(tmp_path / "whole"))


def test_an_error_in_the_middle_of_a_step_does_not_overwrite_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = trainer(tmp_path)
    average = trained._update_average

    def interrupted() -> None:  # the weights have moved, the step is not counted
        if trained.step == 5:
            raise KeyboardInterrupt
        average()

    monkeypatch.setattr(trained, "_update_average", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained.run()
    again = trainer(tmp_path)
    again.resume()
    assert again.step == 4


def test_the_hours_are_kept_and_the_rest_is_done_later(tmp_path: Path) -> None:
    clock = Clock()
    trained = Trainer(tiny_data(), tiny_recipe(), tmp_path, CPU, clock)

    def quarter_of_an_hour(share: float, message: str) -> None:
        clock.now += 900

    trained.run(hours=1.25, progress=quarter_of_an_hour)
    assert trained.step == 5
    later = trainer(tmp_path)
    assert later.resume() and later.step == 5
    later.run()
    assert [line["step"] for line in lines(tmp_path)] == [4, 8, 12]


def test_a_finished_training_has_nothing_more_to_do(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    again = trainer(tmp_path)
    assert again.resume()
    before = without_time(again.history)
    again.run()
    assert again.step == 12 and without_time(lines(tmp_path)) == before


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert trainer(tmp_path).resume() is False


@pytest.mark.parametrize("other", ["structures", "widths"])
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, other: str) -> None:
    trainer(tmp_path, epochs=1, steps_per_epoch=1).run()
    data = tiny_data()
    if other == "structures":
        data = TrainingData(data.train, data.validation, ("left", "right"), data.partner)
    widths = (8, 24) if other == "widths" else (8, 16)
    with pytest.raises(InputError, match="right, left.*another folder"):
        Trainer(data, tiny_recipe(widths=widths), tmp_path, CPU).resume()


def test_the_best_validated_weights_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.3, 0.8, 0.5, float("nan")])
    weights: List[torch.Tensor] = []

    def dice(network: torch.nn.Module, *others: object) -> Dict[str, float]:
        weights.append(network.state_dict()["head.bias"].clone())
        return {"right": next(scores), "left": float("nan")}

    monkeypatch.setattr(training, "dice_per_structure", dice)
    trainer(tmp_path, epochs=4, validate_every=1).run()
    best = load_checkpoint(tmp_path, CPU, "best.pt")
    assert best is not None and torch.equal(best["network"]["head.bias"], weights[1])
    assert not torch.equal(weights[1], weights[3])
    history = lines(tmp_path)
    assert [line.get("validation_mean") for line in history] == [0.3, 0.8, 0.5, None]
    assert history[0]["validation_dice"] == {"right": 0.3, "left": None}


def test_without_validation_cases_the_newest_weights_are_the_best(tmp_path: Path) -> None:
    data = TrainingData(tiny_data().train, (), ("right", "left"), (1, 0))
    trained = Trainer(data, tiny_recipe(), tmp_path, CPU)
    trained.run()
    best = load_checkpoint(tmp_path, CPU, "best.pt")
    assert best is not None
    for name, weight in best["network"].items():
        assert torch.equal(weight, trained.average[name])


def test_without_averaging_the_average_is_the_network(tmp_path: Path) -> None:
    trained = trainer(tmp_path, average=0.0, epochs=1)
    trained.run()
    for name, weight in trained.network.state_dict().items():
        assert torch.equal(weight, trained.average[name])


def test_data_that_do_not_fit_together_are_refused() -> None:
    case = cube_case()
    with pytest.raises(InputError, match="no training case"):
        TrainingData((), (case,), ("right", "left"), (1, 0))
    with pytest.raises(InputError, match="partners"):
        TrainingData((case,), (), ("right", "left"), (1,))
    with pytest.raises(InputError, match="cube.*2 structures.*a, b, c"):
        TrainingData((case,), (), ("a", "b", "c"), (0, 1, 2))


def test_a_loss_that_is_no_number_stops_before_it_spoils_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = trainer(tmp_path)
    good = training.LOSS_FUNCTIONS["bce_dice"]

    def loss(logits: torch.Tensor, *others: Any) -> torch.Tensor:
        return good(logits, *others) * (float("nan") if trained.step == 5 else 1.0)

    monkeypatch.setitem(training.LOSS_FUNCTIONS, "bce_dice", loss)
    with pytest.raises(FloatingPointError, match="step 5"):
        trained.run()
    again = trainer(tmp_path)
    again.resume()
    assert all(torch.isfinite(weight).all() for weight in again.network.state_dict().values())


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "merged_background", "activation": "softmax", "optimizer": "nadam",
         "schedule": "plateau", "average": 0.0, "clip_gradient": 0.0},
        {"loss": "annotated_dice_ce", "optimizer": "sgd", "schedule": "constant", "momentum": 0.99},
        {"loss": "top_k_bce", "optimizer": "adam", "top_k": 0.05, "schedule": "steps",
         "steps": ((0.5, 0.1),)},
    ],
)  # fmt: skip
def test_the_other_recipes_kinds_train_and_resume_too(
    tmp_path: Path, changes: Dict[str, Any]
) -> None:
    trainer(tmp_path / "whole", **changes).run()
    first = trainer(tmp_path / "parts", **changes)
    with pytest.raises(Cancelled):
        first.run(progress=cancel_at(first, 5))
    second = trainer(tmp_path / "parts", **changes)
    second.resume()
    second.run()
    whole, parts = (without_time(lines(tmp_path / name)) for name in ("whole", "parts"))
    assert parts == whole


def test_for_agreement_a_batch_shows_each_place_twice_in_other_looks(tmp_path: Path) -> None:
    looks = Augmentation(rotate=0.3, mirror=0.5, elastic_mm=2.0, noise_hu=200.0)
    twice = trainer(tmp_path / "twice", batch=4, agreement=0.5, augmentation=looks)
    image, target, _ = twice._batch()
    for first, second in ((0, 1), (2, 3)):
        assert torch.equal(target[first], target[second])
        assert not torch.equal(image[first], image[second])
    assert not torch.equal(target[0], target[2])
    assert twice._one_step() > 0


def test_the_disagreement_adds_to_the_loss_by_its_weight(tmp_path: Path) -> None:
    logits = torch.randn(2, 1, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    target, known = torch.zeros(2, 1, 8, 8, 8), torch.ones(2, 1, 1, 1, 1)
    plain, agreeing = (trainer(tmp_path / str(w), agreement=w)._loss(logits, target, known)
                       for w in (0.0, 0.5))  # fmt: skip
    assert float(agreeing - plain) == pytest.approx(0.5 * float(disagreement(logits, "sigmoid")))


def test_agreement_asks_for_pairs() -> None:
    with pytest.raises(InputError, match="even batch"):
        tiny_recipe(batch=3, agreement=0.1)
