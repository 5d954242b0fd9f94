from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.correction.split import ROTATING
from AutoContourRTCore.correction.structure_sets import (
    case_folders,
    project_from_structure_sets,
    read_contours,
)
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from tiny_projects import STRUCTURES, project_recipe, tiny_dataset, tiny_patient

LEFT, RIGHT = STRUCTURES


def test_cases_come_in_natural_order(tmp_path: Path) -> None:
    for name in ("pt_10", "pt_9", "pt_1", "other", ".hidden"):
        (tmp_path / name).mkdir()
        if name.startswith("pt"):
            for file in ("ct.nrrd", "structures.seg.nrrd"):
                (tmp_path / name / file).touch()
    assert [case.name for case in case_folders(tmp_path)] == ["pt_1", "pt_9", "pt_10"]
    with pytest.raises(InputError, match="holds no case"):
        case_folders(tmp_path / "other")


def test_a_folder_of_contoured_cases_becomes_a_project_at_once(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 3)
    volume, truth = tiny_patient(2)
    masks = {"Left parotid": truth.masks[LEFT], "what is this": truth.masks[RIGHT]}
    write_labelmap(LabelMap(masks, truth.geometry), dataset / "pt_2" / "structures.seg.nrrd")
    recipe = project_recipe(cycle_epochs=2, on_false_positive=0.1)
    with project_from_structure_sets(tmp_path / "p", dataset, recipe) as project:
        assert set(project.record.structures) == set(STRUCTURES)
        assert project.record.settings.split == ROTATING
        cases = project.record.cases
        assert [case.name for case in cases] == ["pt_1", "pt_2", "pt_3"]
        assert all(case.side for case in cases)
        second = project.correct(cases[1].id)
        assert second[LEFT].annotation.known.all()
        assert np.array_equal(second[LEFT].corrected, truth.masks[LEFT])
        # Not drawn does not mean absent: nothing is known of it.
        assert not second[RIGHT].annotation.is_annotated
        assert set(cases[1].annotations) == {LEFT}


def test_contours_on_another_grid_are_brought_to_the_image_s(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 1)
    truth = tiny_patient(1)[1]
    mask = truth.masks[LEFT]
    low, high = np.argwhere(mask).min(axis=0) - 1, np.argwhere(mask).max(axis=0) + 2
    part = LabelMap(
        {LEFT: mask[tuple(slice(a, b) for a, b in zip(low, high))]},
        truth.geometry.cropped(low, high),
    )
    write_labelmap(part, dataset / "pt_1" / "structures.seg.nrrd")
    found = read_contours(dataset / "pt_1", truth.geometry)
    assert np.array_equal(found.masks[LEFT], mask)


def test_two_segments_of_one_structure_are_refused(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 1)
    mask = np.ones((2, 2, 2), dtype=bool)
    masks = {"Parotid_L": mask, "left parotid": mask}
    write_labelmap(LabelMap(masks, Geometry((2, 2, 2))), dataset / "pt_1" / "structures.seg.nrrd")
    with pytest.raises(InputError, match="pt_1: two segments are Parotid_L"):
        read_contours(dataset / "pt_1", Geometry((2, 2, 2)))


def test_a_cancelled_reading_lets_the_project_go(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 2)

    def progress(share: float, message: str) -> None:
        if message.endswith("pt_2") and share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        project_from_structure_sets(
            tmp_path / "p", dataset, project_recipe(), STRUCTURES, progress=progress
        )
    assert not (tmp_path / "p" / "window.lock").exists()
