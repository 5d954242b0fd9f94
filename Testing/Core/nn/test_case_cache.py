from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.correction.annotation import FOREGROUND
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn import case_cache
from AutoContourRTCore.nn.cases import unpack
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.patient import network_grid, network_image
from AutoContourRTCore.volumes.files import write_volume
from tiny_projects import SPACING, STRUCTURES, draw_truth, tiny_patient, tiny_project

LEFT, RIGHT = STRUCTURES


def test_a_case_lies_on_the_network_s_grid_with_what_was_drawn(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case = project.case(draw_truth(project, 1))
        found = case_cache.annotated_case(project.folder, case, STRUCTURES, SPACING, 2)
        image, grid = case_cache.grid_image(project.folder, case, SPACING, 2)
    assert image.dtype == np.int16 and all(n % 2 == 0 for n in image.shape)
    truth, known = unpack(found.case.labels, 2), unpack(found.case.known, 2)
    bright = np.asarray(image) > 200  # both cubes, on a grid of the same spacing
    assert np.array_equal(truth.any(axis=0), bright)
    assert np.array_equal(truth & known, truth)
    left = tiny_patient(1)[1]
    middle = left.geometry.to_lps(np.argwhere(left.masks[LEFT]).mean(axis=0))
    assert np.allclose(grid.to_lps(np.argwhere(truth[0]).mean(axis=0)), middle, atol=0.05)
    for bit in (0, 1):
        assert truth[bit][tuple(found.inside[bit].T)].all()
        assert (known[bit] & ~truth[bit])[tuple(found.outside[bit].T)].all()
        assert len(found.inside[bit]) == 125


def test_the_image_is_the_one_that_contouring_sees(tmp_path: Path) -> None:
    volume = tiny_patient(1)[0]
    body = body_mask(volume)
    wanted = network_image(volume, body, network_grid(body, volume.geometry, SPACING, 2))
    with tiny_project(tmp_path / "p") as project:
        case = project.case(draw_truth(project, 1))
        image, _ = case_cache.grid_image(project.folder, case, SPACING, 2)
    assert np.array_equal(image, np.rint(wanted))


def test_the_second_time_nothing_is_computed_until_something_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = draw_truth(project, 1)

        def load() -> np.ndarray:
            found = case_cache.annotated_case(
                project.folder, project.case(case_id), STRUCTURES, SPACING, 2
            )
            return np.asarray(found.case.labels).copy()

        before = load()
        monkeypatch.setattr(case_cache, "to_grid", lambda *a: pytest.fail("computed again"))
        monkeypatch.setattr(case_cache, "body_mask", lambda *a: pytest.fail("computed again"))
        assert np.array_equal(load(), before)
        monkeypatch.undo()
        more = np.zeros((16, 30, 30), dtype=bool)
        more[12, 20, 15] = True
        project.correct(case_id)[LEFT].paint(more, FOREGROUND)
        assert np.array_equal(load(), before)  # drawn, not saved
        project.save(case_id)
        assert (load() != before).sum() == 1
        assert len(list((project.folder / "cache").glob("*.labels.npy"))) == 1


def test_contours_that_are_known_everywhere_need_no_mask(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = project.record.cases[0].id
        project.take_contours(case_id, tiny_patient(1)[1].only([RIGHT]))
        case = project.case(case_id)
        found = case_cache.annotated_case(project.folder, case, STRUCTURES, SPACING, 2)
    assert found.case.known is None and found.case.drawn == (False, True)


def test_an_image_that_was_exchanged_is_never_learnt_from(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case = project.case(draw_truth(project, 1))
        write_volume(tiny_patient(9)[0], Path(case.image.path))
        with pytest.raises(InputError, match="voxels are others"):
            case_cache.annotated_case(project.folder, case, STRUCTURES, SPACING, 2)
