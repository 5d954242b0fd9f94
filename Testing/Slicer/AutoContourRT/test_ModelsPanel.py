"""Models in the panel: taken in, given away, deleted; what came along stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest


def listed(ui: Any) -> List[str]:
    return [ui.modelComboBox.itemData(n) for n in range(ui.modelComboBox.count)]


@pytest.fixture()
def model_zip(tmp_path: Path, loaded: Any) -> Path:
    """A model of two structures in a zip file; its figures are not known."""
    from AutoContourRTCore.models import archive
    from AutoContourRTCore.models.files import write_model
    from AutoContourRTCore.models.usable import network_shapes

    manifest = replace(
        loaded.logic.store.manifest("head_neck_7"), id="ours", name="Ours", version="1.0",
        structures=("Lens_L", "Lens_R"), validation={}, known_failures=(), checksums={},
        recipe={"widths": [8, 16]},
    )
    weights = {n: np.zeros(s, np.float16) for n, s in network_shapes(2, (8, 16)).items()}
    write_model(tmp_path / "ours", manifest, weights, "# Ours\n")
    archive.pack(tmp_path / "ours", tmp_path / "ours.zip")
    return tmp_path / "ours.zip"


@pytest.mark.parametrize("name", ["ours.zip", "ours/model.json"])
def test_a_model_is_imported_chosen_and_described(
    ui: Any, loaded: Any, model_zip: Path, name: str
) -> None:
    from SlicerHarness import answer

    answer(str(model_zip.parent / name))
    ui.importButton.click()
    assert listed(ui) == ["head_neck_7", "ours"]
    assert ui.modelComboBox.currentData == "ours"
    assert loaded.logic.getParameterNode().model == "ours"
    assert ui.structuresTable.item(1, 0).text() == "Right lens of the eye (Lens_R)"
    assert ui.structuresTable.item(1, 1).text() == "not validated"
    assert "does not mean that there are none" in ui.modelSummaryLabel.text


def test_a_file_that_is_no_model_is_refused_with_the_reason(ui: Any, tmp_path: Path) -> None:
    from SlicerHarness import answer, messages

    (tmp_path / "no.zip").write_bytes(b"no")
    answer(str(tmp_path / "no.zip"))
    ui.importButton.click()
    assert listed(ui) == ["head_neck_7"]
    assert "The model was not imported." in messages()[-1].text


def test_the_dialog_left_without_a_choice_changes_nothing(ui: Any) -> None:
    ui.importButton.click()
    ui.exportButton.click()
    assert listed(ui) == ["head_neck_7"]


def test_an_exported_model_can_be_imported_again(
    ui: Any, model_zip: Path, tmp_path: Path
) -> None:
    from AutoContourRTCore.models.store import ModelStore
    from SlicerHarness import answer

    answer(str(model_zip), str(tmp_path / "out.zip"))
    ui.importButton.click()
    ui.exportButton.click()
    other = ModelStore(tmp_path / "others")
    assert other.import_model(tmp_path / "out.zip").name == "Ours"


def test_the_shipped_model_is_not_deleted_and_the_reason_is_told(ui: Any) -> None:
    from SlicerHarness import messages

    ui.deleteButton.click()
    assert "came with the program" in messages()[-1].text
    assert listed(ui) == ["head_neck_7"]


def test_an_imported_model_is_deleted_when_the_user_agrees(ui: Any, model_zip: Path) -> None:
    import qt

    from SlicerHarness import answer, messages

    answer(str(model_zip), qt.QMessageBox.Cancel, qt.QMessageBox.Ok)
    ui.importButton.click()
    ui.deleteButton.click()
    assert "Delete the model ours?" in messages()[-1].text
    assert listed(ui) == ["head_neck_7", "ours"]
    ui.deleteButton.click()
    assert listed(ui) == ["head_neck_7"] and ui.modelComboBox.currentData == "head_neck_7"


def test_a_damaged_model_folder_is_named(
    loaded: Any, ui: Any, models_folder: Path
) -> None:
    (models_folder / "bad").mkdir(parents=True)
    (models_folder / "bad" / "model.json").write_text("{", encoding="utf-8")
    loaded.widget.onModelsChanged("")
    assert "Cannot be used" in ui.brokenModelsLabel.text and "bad" in ui.brokenModelsLabel.text
