"""A folder of contoured cases becomes a project: what the panel asks the worker, and shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import SlicerHarness
from AutoContourRTCore.correction.service import GatheringService
from AutoContourRTCore.correction.setup import correction_recipe
from AutoContourRTCore.correction.split import ROTATING
from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume
from tiny_projects import STRUCTURES, tiny_dataset


@pytest.fixture()
def dataset(tmp_path: Path) -> Path:
    return tiny_dataset(tmp_path / "data", 3)


def create(loaded: Any, folder: Path, dataset: Path) -> None:
    ui = loaded.widget.ui
    ui.folderPathLineEdit.currentPath = str(folder)
    ui.datasetPathLineEdit.currentPath = str(dataset)
    ui.recipeComboBox.currentIndex = ui.recipeComboBox.findData("sartor2020")
    ui.createButton.click()


def test_contoured_cases_become_a_project_that_opens_by_itself(
    loaded: Any, worker: Any, dataset: Path, tmp_path: Path
) -> None:
    create(loaded, tmp_path / "p", dataset)
    ui, session = loaded.widget.ui, loaded.logic.session
    ((request, handler),) = worker.of("GatherRequest")
    assert request.structures is None and not ui.createButton.enabled
    assert not ui.gatherStopButton.isHidden()
    handler.onProgress(0.5, "taking in pt_2")
    assert ui.gatherLabel.text == "50 %: taking in pt_2"
    handler.onDone(GatheringService()(request, lambda fraction, message: None))
    record = session.project.record
    assert [case.name for case in record.cases] == ["pt_1", "pt_2", "pt_3"]
    assert record.settings.split == ROTATING and set(record.structures) == set(STRUCTURES)
    assert all(case.side for case in record.cases)
    assert session.case is not None and ui.createButton.enabled
    assert ui.gatherStopButton.isHidden()
    session.close()


def test_who_works_on_another_project_meanwhile_is_asked(
    loaded: Any, worker: Any, dataset: Path, tmp_path: Path
) -> None:
    import qt

    create(loaded, tmp_path / "p", dataset)
    ((request, handler),) = worker.of("GatherRequest")
    result = GatheringService()(request, lambda fraction, message: None)
    session = loaded.logic.session
    session.createProject(tmp_path / "mine", list(STRUCTURES), correction_recipe("default"), None)
    handler.onDone(result)  # the question is answered with No
    (message,) = SlicerHarness.messages()
    assert "Open it now?" in message.text and session.project.folder == tmp_path / "mine"
    SlicerHarness.answer(qt.QMessageBox.Yes)
    loaded.widget.project._gathered(tmp_path / "p")
    assert session.project.folder == tmp_path / "p"
    session.close()


def test_the_named_structures_only_are_taken_in(
    loaded: Any, worker: Any, dataset: Path, tmp_path: Path
) -> None:
    loaded.widget.ui.structuresLineEdit.text = "left parotid"
    create(loaded, tmp_path / "p", dataset)
    ((request, handler),) = worker.of("GatherRequest")
    result = GatheringService()(request, lambda fraction, message: None)
    assert result == {"cases": 3, "structures": ["Parotid_L"]}
    handler.onDone(result)
    loaded.logic.session.close()


def test_stopping_keeps_the_cases_so_far(
    loaded: Any, worker: Any, dataset: Path, tmp_path: Path
) -> None:
    create(loaded, tmp_path / "p", dataset)
    ((request, handler),) = worker.of("GatherRequest")
    ui, session = loaded.widget.ui, loaded.logic.session
    ui.gatherStopButton.click()
    assert worker.cancelled == ["r1"]

    def stop(fraction: float, message: str) -> None:
        if message == "taking in pt_3":
            raise Cancelled()

    with pytest.raises(Cancelled):
        GatheringService()(request, stop)
    handler.onCancelled()
    assert session.project is None and ui.createButton.enabled
    loaded.widget.project.open(str(tmp_path / "p"))
    assert len(session.project.record.cases) == 2
    session.close()


def test_a_folder_without_cases_is_told(loaded: Any, worker: Any, tmp_path: Path) -> None:
    create(loaded, tmp_path / "p", tmp_path)
    ((_request, handler),) = worker.of("GatherRequest")
    handler.onFailed("It holds no case.", "input")
    assert "It holds no case." in SlicerHarness.messages()[-1].text
    assert loaded.widget.ui.createButton.enabled


def test_a_volume_that_is_deleted_is_not_exchanged_for_another_to_add(
    user: Any, scene: Any
) -> None:
    from AutoContourRTLib.SamplePhantom import addVolume

    grid = Geometry((4, 5, 6), (3.0, 3.0, 3.0))
    first, second, third = (
        addVolume(Volume(np.zeros(grid.shape, np.int16), grid), f"Patient {name}") for name in "ABC"
    )
    user.ui.volumeSelector.setCurrentNode(second)
    scene.RemoveNode(second)
    assert user.ui.volumeSelector.currentNode() is None
    user.ui.volumeSelector.setCurrentNode(third)
    scene.RemoveNode(first)
    assert user.ui.volumeSelector.currentNode() is third
