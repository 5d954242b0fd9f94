from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict

import numpy as np
import pytest
import torch

from AutoContourRTCore.correction.editing import take_edit
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import Project, case_folder
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import read_model, write_model
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.nn import promotion
from AutoContourRTCore.nn.checkpoint import save_checkpoint
from AutoContourRTCore.nn.correction_prediction import predict_masks
from AutoContourRTCore.nn.promotion import CAVEAT, promote
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.segmentation.pipeline import load_model, segment
from AutoContourRTCore.volumes.labelmap import LabelMap
from tiny_projects import STRUCTURES, draw_truth, project_recipe, tiny_patient, tiny_project

LEFT, RIGHT = STRUCTURES
BOX = (4, 26, 5, 25, 2, 14)


def seeing(left: float, right: float) -> Dict[str, torch.Tensor]:
    """Weights that see each structure everywhere (> 0) or nowhere."""
    torch.manual_seed(0)
    network = ResidualUNet(2, (8, 16))
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([left, right]))
    return network.state_dict()


def start_model(folder: Path, left: float = 5.0) -> Path:
    recipe = project_recipe()
    manifest = Manifest(
        id="origin", version="2.0", name="o", structures=STRUCTURES, region="head and neck",
        anatomy="x", recipe=recipe.to_dict(), network={}, training_spacing_mm=recipe.spacing,
        data="d", licence="l",
    )
    arrays = {name: tensor.numpy() for name, tensor in seeing(left, 5.0).items()}
    write_model(folder, manifest, arrays, "# card")
    return folder


def trained(project: Project, left: float, right: float) -> None:
    save_checkpoint(
        {
            "network": seeing(left, right), "structures": list(STRUCTURES),
            "epoch": {"epoch": 4},
            "judged": {"epoch": 4, "score": 0.5, "dice": {}, "key": ""},
        },
        project.folder / "training", "best.pt",
    )


def test_the_best_network_becomes_a_model_that_contours(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "store", tmp_path / "shipped")
    with tiny_project(tmp_path / "p", 3) as project:
        project.set_box(project.record.cases[1].id, BOX)
        for number in (1, 2):
            draw_truth(project, number)
        trained(project, 5.0, -5.0)
        annotation = project.correct(project.record.cases[1].id)[LEFT].annotation
        made = promote(project.folder, "mine", "cpu", store)
        project.set_box(project.record.cases[1].id, (0, 2, 0, 2, 0, 2))  # a later one
        again = promote(project.folder, "mine", "cpu", store)
    assert again.manifest.validation == made.manifest.validation
    manifest = made.manifest
    assert (manifest.id, manifest.version, manifest.parent) == ("mine", "1.0", "")
    assert "1 training and 1 validation cases" in manifest.data
    seen = annotation.known
    truth = int((annotation.corrected & seen).sum())
    expected = 2 * truth / (truth + int(seen.sum()))  # it is predicted everywhere
    assert manifest.validation[LEFT]["dice_mean"] == pytest.approx(expected)
    assert manifest.validation[RIGHT] == {
        "dice_mean": 0.0, "dice_sd": None, "surface_dice_mean": None, "tolerance_mm": None, "n": 1,
    }
    found = segment(tiny_patient(3)[0], load_model("mine", "cpu", store), [LEFT])
    assert found.labelmap.names == (LEFT,) or LEFT in found.absent


def test_the_card_compares_with_the_model_it_started_from_and_warns(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "store", tmp_path / "shipped")
    origin = start_model(tmp_path / "origin")
    with tiny_project(tmp_path / "p", 2, start_model=origin) as project:
        for number in (1, 2):
            draw_truth(project, number)
        trained(project, 5.0, -5.0)  # the left as before, the right worse
        made = promote(project.folder, "mine", "cpu", store)
    assert made.manifest.parent == "origin"
    assert made.warning.startswith("Not better than the model it started from (origin)")
    assert LEFT in made.warning and f"{RIGHT} 0.000, before 0.1" in made.warning
    assert made.manifest.known_failures == (CAVEAT, made.warning)
    card = (store.folder("mine") / "CARD.md").read_text(encoding="utf-8")
    assert "| structure | validation cases | mean Dice | origin, same cases |" in card
    assert made.warning in card and f"| {RIGHT} | 1 | 0.000 | 0.1" in card


def test_a_second_promotion_is_a_newer_version(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "store", tmp_path / "shipped")
    with tiny_project(tmp_path / "p") as project:
        draw_truth(project, 1)
        trained(project, 5.0, -5.0)
        first = promote(project.folder, "mine", "cpu", store)
        trained(project, -5.0, 5.0)
        second = promote(project.folder, "mine", "cpu", store)
    assert "no validation case" in first.warning and first.manifest.validation[LEFT]["n"] == 0
    assert (first.manifest.version, second.manifest.version) == ("1.0", "2.0")
    weights = read_model(store.folder("mine"))[1]
    assert weights["head.bias"].tolist() == [-5.0, 5.0]


def test_there_must_be_a_network(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project, pytest.raises(InputError, match="train it"):
        promote(project.folder, "mine", "cpu", ModelStore(tmp_path / "s", tmp_path / "t"))


@pytest.mark.parametrize("name", ["Heart", "", "heart 2", "con"])
def test_a_bad_name_is_refused_before_anything_is_judged(tmp_path: Path, name: str) -> None:
    with tiny_project(tmp_path / "p") as project:  # without a network: the name comes first
        with pytest.raises(InputError, match="cannot be a model's name; allowed: lower-case"):
            promote(project.folder, name, "cpu", ModelStore(tmp_path / "s", tmp_path / "t"))


def test_a_shipped_name_is_refused_before_anything_is_judged(tmp_path: Path) -> None:
    start_model(tmp_path / "t" / "origin")
    with tiny_project(tmp_path / "p") as project:
        with pytest.raises(InputError, match="came with the program; choose another name"):
            promote(project.folder, "origin", "cpu", ModelStore(tmp_path / "s", tmp_path / "t"))


def test_the_network_that_is_judged_is_the_one_that_becomes_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path / "store", tmp_path / "shipped")
    with tiny_project(tmp_path / "p", 2) as project:
        for number in (1, 2):
            draw_truth(project, number)
        trained(project, 5.0, -5.0)

        def judging(*arguments: Any) -> Any:
            trained(project, -5.0, 5.0)  # the gate lets another network pass meanwhile
            return predict_masks(*arguments)

        monkeypatch.setattr(promotion, "predict_masks", judging)
        made = promote(project.folder, "mine", "cpu", store)
    left, right = (made.manifest.validation[name]["dice_mean"] for name in STRUCTURES)
    assert left is not None and left > 0.0 and right == 0.0
    assert read_model(store.folder("mine"))[1]["head.bias"].tolist() == [5.0, -5.0]


def test_two_networks_are_compared_on_the_same_cases(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "store", tmp_path / "shipped")
    origin = start_model(tmp_path / "origin", -5.0)  # sees the right everywhere
    with tiny_project(tmp_path / "p", 2, start_model=origin) as project:
        draw_truth(project, 1)
        second = project.record.cases[1].id
        for correction in project.correct(second).values():
            correction.review()  # an image that holds neither
        project.save(second)
        trained(project, -5.0, 5.0)
        made = promote(project.folder, "mine", "cpu", store)
    figures = made.manifest.validation
    assert (figures[LEFT]["dice_mean"], figures[LEFT]["n"]) == (1.0, 1)
    assert (figures[RIGHT]["dice_mean"], figures[RIGHT]["n"]) == (0.0, 1)
    assert f"{RIGHT} 0.000, before 0.000" in made.warning and LEFT not in made.warning
    card = (store.folder("mine") / "CARD.md").read_text(encoding="utf-8")
    assert f"| {LEFT} | 1 | 1.000 | 1.000 |" in card and "counts as 1 where it was not" in card


def test_what_nobody_looked_at_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a contour is the start model's own, which no other could beat there."""
    store = ModelStore(tmp_path / "store", tmp_path / "shipped")
    with tiny_project(tmp_path / "p", 2, start_model=start_model(tmp_path / "o")) as project:
        draw_truth(project, 1)
        case = project.record.cases[1]
        truth = tiny_patient(2)[1].masks
        start = {name: np.roll(mask, 4, axis=2) for name, mask in truth.items()}
        predicted = Prediction(start, case.image.geometry, "origin 2.0")
        write_prediction(predicted, case_folder(project.folder, case.id))
        middle = int(np.flatnonzero(truth[LEFT].any(axis=(1, 2)))[0])
        corrections = project.correct(case.id)
        after = corrections[LEFT].corrected.copy()
        after[middle] = truth[LEFT][middle]
        take_edit(corrections, {LEFT: after}, LEFT)
        corrections[LEFT].review([middle])
        project.save(case.id)
        trained(project, 5.0, 5.0)
        for name in ("predictor_of", "start_predictor"):
            made = SimpleNamespace(structures=STRUCTURES, name=name)
            monkeypatch.setattr(promotion, name, lambda *arguments, made=made: made)
        masks = {"predictor_of": truth, "start_predictor": start}
        monkeypatch.setattr(
            promotion, "predict_masks",
            lambda *arguments: LabelMap(masks[arguments[3].name], case.image.geometry),
        )
        found = promote(project.folder, "mine", "cpu", store)
    assert found.warning == "" and found.manifest.validation[LEFT]["dice_mean"] == 1.0
    assert found.manifest.validation[LEFT]["n"] == 1
    assert "| Parotid_L | 1 | 1.000 | 0." in (store.folder("mine") / "CARD.md").read_text("utf-8")
