from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.anatomy.catalogue import CATALOGUE
from AutoContourRTCore.correction import annotation_file, patience
from AutoContourRTCore.correction.annotation import FOREGROUND
from AutoContourRTCore.correction.patience import Unreachable
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn import annotated_cases
from AutoContourRTCore.nn.annotated_cases import AnnotatedCases, padded
from correction_trainers import trainer
from tiny_projects import SPACING, STRUCTURES, draw_truth, tiny_project

LEFT, _ = STRUCTURES


def source(project: Project) -> AnnotatedCases:
    return AnnotatedCases(project.folder, SPACING, 2)


def test_what_was_saved_is_there_at_the_next_look_and_not_before(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        cases = source(project)
        assert not cases.refresh() and cases.train == ()
        first = draw_truth(project, 1)
        assert cases.refresh() and cases.train == (first,) and cases.validation == ()
        assert not cases.refresh()
        key = cases.validation_key()
        second = draw_truth(project, 2)
        assert cases.refresh() and cases.validation == (second,)
        assert cases.validation_key() != key
        key, data = cases.validation_key(), cases.data_key()
        voxel = np.zeros((16, 30, 30), dtype=bool)
        voxel[12, 20, 15] = True
        project.correct(first)[LEFT].paint(voxel, FOREGROUND)
        project.save(first)
        assert cases.refresh() and cases.data_key() != data
        assert cases.validation_key() == key  # only training has changed


def test_what_is_read_goes_by_the_stamps_of_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that is saved between the look at the project and the reading, or meanwhile."""
    with tiny_project(tmp_path / "p", 3) as project:
        case_id = draw_truth(project, 1)
        cases = source(project)
        cases.refresh()
        before, data = cases.data_key(), annotated_cases.annotated_case
        reads = []

        def saved_meanwhile(*arguments: Any) -> Any:
            found = data(*arguments)
            if len(reads) < 2:
                voxel = np.zeros((16, 30, 30), dtype=bool)
                voxel[12, 20, 14 + len(reads)] = True
                project.correct(case_id)[LEFT].paint(voxel, FOREGROUND)
                project.save(case_id)
            reads.append(found)
            return found

        monkeypatch.setattr(annotated_cases, "annotated_case", saved_meanwhile)
        found = cases.load(case_id)
        assert len(reads) == 3 and found is reads[2] and cases.data_key() != before
        newest = cases.data_key()
        assert cases.load(case_id) is found
        assert cases.refresh() and cases.data_key() == newest


def test_a_change_of_the_box_alone_is_nothing_new_to_learn(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        draw_truth(project, 1)
        cases = source(project)
        cases.refresh()
        project.set_box(project.record.cases[2].id, (0, 9, 0, 9, 0, 9))
        assert not cases.refresh()


def test_one_image_that_is_gone_stops_none_of_the_others(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        first, second, third = (draw_truth(project, n) for n in (1, 2, 3))
        cases = source(project)
        cases.refresh()
        assert cases.train == (first, third)
        image = Path(project.case(third).image.path)
        image.rename(image.with_name("away.nrrd"))
        with pytest.raises(InputError, match="no longer at"):
            cases.load(third)
        assert cases.train == (first,) and "Relocate" in cases.problems[third]
        assert cases.load(first).case.drawn == (True, True)
        project.relocate(third, image.with_name("away.nrrd"))
        cases.refresh()
        assert cases.train == (first, third) and cases.problems == {}


def test_an_image_that_is_back_is_learnt_from_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(annotated_cases.time, "monotonic", lambda: now[0])
    with tiny_project(tmp_path / "p", 2) as project:
        first = draw_truth(project, 1)
        cases = source(project)
        cases.refresh()
        image = Path(project.case(first).image.path)
        image.rename(image.with_name("away.nrrd"))
        for now[0] in (0.0, 100.0):  # the second time it is still away
            cases.refresh()
            with pytest.raises(InputError):
                cases.load(first)
        image.with_name("away.nrrd").rename(image)
        cases.refresh()
        assert cases.train == () and cases.problems
        now[0] += annotated_cases.RETRY_SECONDS
        assert cases.refresh() is False, "it is nothing new"
        assert cases.train == (first,) and cases.problems
        cases.load(first)
        assert cases.problems == {}


def test_memory_does_not_grow_with_the_number_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotated_cases, "MOST_OPEN", 2)
    with tiny_project(tmp_path / "p", 5) as project:
        drawn = [draw_truth(project, n) for n in range(1, 6)]
        cases = source(project)
        cases.refresh()
        for case_id in (*drawn, *drawn):
            found = cases.load(case_id)
            assert isinstance(found.case.image, np.memmap)
            assert isinstance(found.case.labels, np.memmap)
            assert len(cases._open) <= 2


def test_only_windows_with_annotation_are_judged(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 2) as project:
        draw_truth(project, 1)
        second = draw_truth(project, 2, margin=1)
        cases = source(project)
        cases.refresh()
        known = cases.load(second).case.known
        assert known is not None
        windows = cases.annotated_windows(second, (4, 8, 8))
        seen = np.zeros(known.shape, dtype=bool)
        for window in windows:
            assert known[window].any()
            seen[window] = True
        assert seen[np.asarray(known) > 0].all() and not seen.all()


def test_a_window_that_reaches_out_is_filled_up() -> None:
    array = np.arange(8).reshape(2, 2, 2)
    found = padded(array, (slice(1, 4), slice(0, 2), slice(0, 3)), -1)
    assert found.shape == (3, 2, 3)
    assert found[0, :, :2].tolist() == [[4, 5], [6, 7]] and (found[1:] == -1).all()


def test_annotations_outside_the_body_are_told_not_trained_on(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 1) as project:
        case_id = project.record.cases[0].id
        corner = np.zeros((16, 30, 30), dtype=bool)
        corner[0, 0, 0] = True
        project.correct(case_id)[LEFT].paint(corner, FOREGROUND)
        project.save(case_id)
        cases = source(project)
        cases.refresh()
        with pytest.raises(InputError, match="within the body"):
            cases.load(case_id)
        assert cases.train == ()


def test_a_folder_that_is_away_is_told_and_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    with tiny_project(tmp_path / "p", 1) as project:
        first = draw_truth(project, 1)
        cases = source(project)

        def away(path: Path, *arguments: Any, **values: Any) -> Any:
            raise OSError(errno.ESTALE, "Stale file handle")

        monkeypatch.setattr(Path, "stat", away)
        with pytest.raises(Unreachable, match="project.json cannot be read or written just now"):
            cases.refresh()
        monkeypatch.undo()
        assert cases.refresh() and cases.train == (first,)
        monkeypatch.setattr(np, "load", away)
        with pytest.raises(OSError, match="Stale"):
            cases.load(first)
        monkeypatch.undo()
        for path in (project.folder / "cache").iterdir():
            path.unlink()
        monkeypatch.setattr(annotation_file, "_load", away)
        with pytest.raises(Unreachable, match="annotation.npz"):
            cases.load(first)
        assert cases.train == (first,) and cases.problems == {}


def test_more_structures_than_a_network_learns_are_refused_before_training(tmp_path: Path) -> None:
    many = tuple(entry.name for entry in CATALOGUE)[:25]
    with tiny_project(tmp_path / "p", 1) as project:  # made by a version that allowed it
        project._write(replace(project.record, structures=many))
        with pytest.raises(InputError, match="25 structures .* at most 24"):
            source(project)


def test_each_new_case_that_takes_long_is_a_unit_of_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        for number in (1, 2, 3):
            draw_truth(project, number)
        monkeypatch.setattr(annotated_cases, "LONG_SECONDS", -1.0)
        trained = trainer(project)
        said = [trained.unit() for _ in range(4)]
        assert said[:3] == [f"preparing image {n} of 3" for n in (1, 2, 3)]
        assert said[3] == "epoch 1: step 1 of 16" and trained.state.steps == 1
        project.correct(project.record.cases[0].id)[LEFT].review([3])
        project.save(project.record.cases[0].id)
        assert trained.unit() == "preparing image 1 of 3"
