from __future__ import annotations

import shutil
from pathlib import Path
from typing import Dict, Iterator

import numpy as np
import pytest
import torch

from AutoContourRTCore.correction.predictions import read_prediction
from AutoContourRTCore.correction.project import Project, case_folder
from AutoContourRTCore.correction.requests import PredictRequest
from AutoContourRTCore.correction.service import PredictionService
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.models.files import write_model
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.nn.checkpoint import save_checkpoint
from AutoContourRTCore.nn.correction_prediction import CasePredictor
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.progress import ignore_progress
from tiny_projects import STRUCTURES, project_recipe, tiny_project

LEFT, RIGHT = STRUCTURES


@pytest.fixture()
def project(tmp_path: Path) -> Iterator[Project]:
    with tiny_project(tmp_path / "p") as made:
        yield made


def seeing(left: float, right: float) -> Dict[str, torch.Tensor]:
    """Weights that see the left structure everywhere (> 0) or nowhere, and the right."""
    network = ResidualUNet(2, (8, 16))
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([left, right]))
    return network.state_dict()


def serve(project: Project, left: float, right: float, epoch: int = 1) -> None:
    """A best network that sees this."""
    content = {
        "network": seeing(left, right), "structures": list(STRUCTURES), "epoch": {"epoch": epoch},
        "judged": {"epoch": epoch, "score": None, "dice": {}, "key": ""},
    }
    save_checkpoint(content, project.folder / "training", "best.pt")


def start_model(folder: Path, left: float, right: float) -> Path:
    """A model that sees this."""
    recipe = project_recipe()
    manifest = Manifest(
        id="origin", version="2.0", name="o", structures=STRUCTURES, region="head and neck",
        anatomy="x", recipe=recipe.to_dict(), network={}, training_spacing_mm=recipe.spacing,
        data="d", licence="l",
    )
    write_model(folder, manifest, {n: t.numpy() for n, t in seeing(left, right).items()}, "# card")
    return folder


def test_without_a_network_there_is_no_prediction(project: Project) -> None:
    case_id = project.record.cases[0].id
    assert CasePredictor(project.folder, "cpu").predict(case_id) is None
    assert project.prediction(case_id) is None


def test_a_prediction_lies_in_the_project_on_the_image_s_grid(project: Project) -> None:
    case = project.record.cases[0]
    serve(project, 5.0, -5.0)
    found = CasePredictor(project.folder, "cpu").predict(case.id)
    stored = read_prediction(case_folder(project.folder, case.id), case.image.geometry)
    assert found is not None and stored is not None
    assert found.model == stored.model == "p, epoch 1"
    body = project.volume(case.id).array > -500
    assert (stored.masks[LEFT] & body).sum() == body.sum() and not stored.masks[RIGHT].any()
    assert np.array_equal(project.correct(case.id)[LEFT].corrected, stored.masks[LEFT])


def test_nothing_is_predicted_outside_the_box(project: Project) -> None:
    case_id = project.record.cases[0].id
    serve(project, 5.0, -5.0)
    project.set_box(case_id, (5, 15, 6, 20, 3, 9))
    found = CasePredictor(project.folder, "cpu").predict(case_id)
    assert found is not None
    inside = np.zeros((16, 30, 30), dtype=bool)
    inside[3:9, 6:20, 5:15] = True
    assert np.array_equal(found.masks[LEFT], inside) and found.box == (5, 15, 6, 20, 3, 9)


def test_a_better_network_is_used_as_soon_as_it_is_there(project: Project) -> None:
    case_id = project.record.cases[0].id
    predictor = CasePredictor(project.folder, "cpu")
    serve(project, 5.0, -5.0)
    predictor.predict(case_id)
    serve(project, -5.0, 5.0, epoch=2)
    found = predictor.predict(case_id)
    assert found is not None and found.model.endswith("epoch 2")
    assert not found.masks[LEFT].any() and found.masks[RIGHT].any()


def test_a_project_made_anew_in_its_folder_is_predicted_by_its_own_start_model(
    tmp_path: Path
) -> None:
    folder, service = tmp_path / "p", PredictionService()
    for name, left, right in (("first", 5.0, -5.0), ("second", -5.0, 5.0)):
        start = start_model(tmp_path / name / "origin", left, right)
        with tiny_project(folder, start_model=start) as project:
            case = project.record.cases[0].id
            service(PredictRequest("", str(folder), case, "cpu"), ignore_progress)
            found = project.prediction(case)
            assert found is not None
            assert [found.masks[n].any() for n in STRUCTURES] == [left > 0, right > 0]
        shutil.rmtree(folder)


def test_the_network_is_loaded_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(project, 5.0, -5.0)
    predictor = CasePredictor(project.folder, "cpu")
    predictor.predict(project.record.cases[0].id)
    monkeypatch.setattr(predictor, "_from_training", lambda *a: pytest.fail("loaded again"))
    predictor.predict(project.record.cases[1].id)


def test_a_cancelled_prediction_leaves_the_older_one(project: Project) -> None:
    case_id = project.record.cases[0].id
    predictor = CasePredictor(project.folder, "cpu")
    serve(project, 5.0, -5.0)
    predictor.predict(case_id)
    serve(project, -5.0, -5.0, epoch=2)

    def progress(share: float, message: str) -> None:
        if share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        predictor.predict(case_id, progress)
    left = project.prediction(case_id)
    assert left is not None and left.model.endswith("epoch 1")


def test_a_project_that_is_deleted_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as made:
        case_id = made.record.cases[0].id
        serve(made, 5.0, -5.0)

    def delete_at_the_end(_fraction: float, message: str) -> None:
        if message == "writing the prediction":
            shutil.rmtree(tmp_path / "p")

    with pytest.raises(InputError, match="project.json"):
        CasePredictor(tmp_path / "p", "cpu").predict(case_id, delete_at_the_end)
    assert not (tmp_path / "p").exists()


def test_only_the_largest_part_is_kept_where_the_project_says_so(project: Project) -> None:
    from AutoContourRTCore.nn import correction_prediction

    case_id = project.record.cases[0].id
    serve(project, 5.0, -5.0)
    parts = np.zeros((16, 30, 30), dtype=bool)
    parts[2:5, 10:13, 10:13] = parts[10, 20, 20] = True
    original = correction_prediction.place
    try:
        correction_prediction.place = lambda *a: parts  # type: ignore[assignment]
        predictor = CasePredictor(project.folder, "cpu")
        raw = predictor.predict(case_id)
        project.change_settings(largest_component=True)
        cleaned = predictor.predict(case_id)
    finally:
        correction_prediction.place = original
    assert raw is not None and cleaned is not None
    assert raw.masks[LEFT].sum() == 28 and cleaned.masks[LEFT].sum() == 27
