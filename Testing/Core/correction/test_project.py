from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.anatomy.catalogue import CATALOGUE
from AutoContourRTCore.correction import patience
from AutoContourRTCore.correction import project as projects
from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND
from AutoContourRTCore.correction.lock import LockedByOther
from AutoContourRTCore.correction.patience import Unreachable
from AutoContourRTCore.correction.project import PROJECT, Project, read_record
from AutoContourRTCore.correction.setup import create_project
from AutoContourRTCore.correction.split import sides
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from tiny_projects import (
    STRUCTURES,
    draw_truth,
    ids,
    predict,
    project_recipe,
    tiny_dataset,
    tiny_patient,
    tiny_project,
)

LEFT, RIGHT = STRUCTURES
MANY = [entry.name for entry in CATALOGUE]
SOME = np.zeros((16, 30, 30), dtype=bool)
SOME[5:8, 10:14, 10:14] = True


def test_a_project_opens_exactly_where_it_was(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        draw_truth(project, 1)
        project.set_box(ids(project)[1], (2, 20, 3, 25, 1, 12))
        first, second, _ = ids(project)
        predict(project, second, SOME, "m1")
        project.correct(second)[LEFT].paint(~SOME & (np.indices(SOME.shape)[0] == 3), FOREGROUND)
        shown = {name: c.corrected for name, c in project.correct(second).items()}
        record = project.record
    with Project.open(tmp_path / "p") as again:
        assert again.record == record
        assert [again.state(case) for case in ids(again)] == ["corrected", "predicted", "new"]
        back = again.correct(second)
        assert all(np.array_equal(back[name].corrected, shown[name]) for name in STRUCTURES)
        assert again.unsaved() == [(second, LEFT)]
        assert np.array_equal(again.contours(first).masks[LEFT], tiny_patient(1)[1].masks[LEFT])


def test_two_windows_on_one_project_are_one_too_many(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        with pytest.raises(LockedByOther, match=r"in use by .* \(process \d+.*Close it there"):
            Project.open(tmp_path / "p")
        project.add_image(Path(project.record.cases[0].image.path))
    with Project.open(tmp_path / "p") as project:
        assert len(project.record.cases) == 3


def test_a_window_whose_project_was_taken_over_overwrites_nothing(tmp_path: Path) -> None:
    old = tiny_project(tmp_path / "p")
    case_id = ids(old)[0]
    correction = old.correct(case_id)[LEFT]
    with Project.open(tmp_path / "p", by_force=True) as new:
        assert new.taken_over is not None and new.taken_over.pid == os.getpid()
        before = (tmp_path / "p" / PROJECT).read_bytes()
        for act in (
            lambda: old.save(case_id), lambda: old.set_box(case_id, None),
            lambda: correction.paint(SOME, FOREGROUND),
        ):
            with pytest.raises(InputError, match="taken over"):
                act()
        assert (tmp_path / "p" / PROJECT).read_bytes() == before


def test_a_window_that_was_killed_locks_nobody_out(tmp_path: Path) -> None:
    tiny_project(tmp_path / "p").close()
    script = (
        "import os, sys, signal\nfrom pathlib import Path\n"
        "from AutoContourRTCore.correction.project import Project\n"
        "project = Project.open(Path(sys.argv[1]))\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(projects.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "p")], env=environment)
    assert (tmp_path / "p" / projects.WINDOW_LOCK).exists()
    with Project.open(tmp_path / "p") as project:
        assert project.taken_over is not None


def test_a_saved_contour_never_changes_with_a_newer_prediction(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        predict(project, case_id, SOME, "m1")
        project.correct(case_id)[LEFT].paint(SOME & (np.indices(SOME.shape)[0] == 5), BACKGROUND)
        project.save(case_id)
        saved = project.contours(case_id).masks[LEFT]
        predict(project, case_id, ~SOME, "m2")
    with Project.open(tmp_path / "p") as again:
        assert np.array_equal(again.contours(case_id).masks[LEFT], saved)
        assert again.correct(case_id)[LEFT].annotation.model == "m1"
        again.correct(case_id)[LEFT].undo()
        assert np.array_equal(again.contours(case_id).masks[LEFT], SOME)


def test_a_case_that_nobody_touched_takes_the_newer_prediction(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        first, second = ids(project)
        predict(project, first, SOME, "m1")
        assert np.array_equal(project.correct(first)[LEFT].corrected, SOME)
        project.correct(second)
        predict(project, first, ~SOME, "m2")
        assert np.array_equal(project.correct(first)[LEFT].corrected, ~SOME)


def test_the_side_of_an_image_is_decided_once(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 9) as project:
        for number in (4, 2, 9, 1, 3, 5, 6, 7, 8):
            draw_truth(project, number)
        decided = {case.id: (case.side, case.order) for case in project.record.cases}
        in_order = sorted(decided.values(), key=lambda pair: pair[1])
        assert [side for side, _ in in_order] == sides(9)
        for number in (9, 1):
            project.correct(ids(project)[number - 1])[LEFT].review()
            project.save(ids(project)[number - 1])
        assert {case.id: (case.side, case.order) for case in project.record.cases} == decided


def test_a_case_without_any_annotation_has_no_side(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        predict(project, case_id, SOME, "m1")
        case = project.save(case_id)
        assert (case.side, case.order, case.annotations[LEFT].dice) == ("", 0, None)
        assert project.state(case_id) == "predicted"
        case = project.save(case_id, reviewed=True)
        assert (case.side, case.order) == ("train", 1) and project.state(case_id) == "reviewed"
        assert (case.annotations[LEFT].reviewed, case.annotations[LEFT].dice) == (16, 1.0)
        project.save(case_id)
        assert project.state(case_id) == "reviewed"
        project.correct(case_id)[LEFT].review([3], False)
        project.save(case_id)
        assert project.state(case_id) == "corrected", "it was taken back"


def test_an_image_that_was_added_twice_is_not_on_both_sides(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        again = project.add_image(Path(project.record.cases[0].image.path), "again")
        draw_truth(project, 1)
        project.correct(again)[LEFT].paint(SOME, FOREGROUND)
        assert project.save(again).side == "train"
        others = [project.case(draw_truth(project, number)).side for number in (2, 3)]
        assert others == ["validation", "train"]


def test_an_image_that_was_moved_away_says_so_and_can_be_found_again(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = draw_truth(project, 1)
        image = Path(project.case(case_id).image.path)
        moved = tmp_path / "elsewhere" / image.name
        moved.parent.mkdir()
        shutil.move(str(image), str(moved))
        with pytest.raises(InputError, match="'pt-1' is no longer at .*Relocate.*kept"):
            project.volume(case_id)
        write_volume(tiny_patient(7)[0], tmp_path / "other.nrrd")
        with pytest.raises(InputError, match="voxels are others"):
            project.relocate(case_id, tmp_path / "other.nrrd")
        assert project.relocate_all(moved.parent) == [case_id]
        assert np.array_equal(project.volume(case_id).array, tiny_patient(1)[0].array)
        assert np.array_equal(
            project.contours(case_id).masks[LEFT], tiny_patient(1)[1].masks[LEFT]
        )


def test_images_of_one_name_are_found_again_below_the_folders_of_their_patients(
    tmp_path: Path
) -> None:
    data, moved = tiny_dataset(tmp_path / "data", 3), tmp_path / "elsewhere"
    with create_project(tmp_path / "p", STRUCTURES, project_recipe()) as project:
        added = [project.add_image(data / f"pt_{n}" / "ct.nrrd", f"pt_{n}") for n in (1, 2, 3)]
        data.rename(moved)
        write_volume(tiny_patient(9)[0], moved / "pt_2" / "ct.nrrd")
        assert project.relocate_all(moved) == [added[0], added[2]]
        assert np.array_equal(project.volume(added[2]).array, tiny_patient(3)[0].array)
        assert project.relocate_all(moved) == []


def test_an_image_of_another_grid_in_its_place_is_noticed(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = draw_truth(project, 1)
        write_volume(tiny_patient(1, (17, 30, 30))[0], Path(project.case(case_id).image.path))
        with pytest.raises(InputError, match="not the image that was annotated.*Put that image"):
            project.volume(case_id)


def test_an_image_of_other_voxels_on_the_same_grid_is_noticed(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        write_volume(tiny_patient(7)[0], Path(project.case(case_id).image.path))
        with pytest.raises(InputError, match="its voxels are others.*Put that image back"):
            project.volume(case_id)


def test_a_project_with_its_images_copied_stands_alone(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 1) as project:
        case_id = project.add_image(Path(project.record.cases[0].image.path), "copy", copy=True)
    shutil.rmtree(tmp_path / "p images")
    shutil.move(str(tmp_path / "p"), str(tmp_path / "moved"))
    with Project.open(tmp_path / "moved") as project:
        assert np.array_equal(project.volume(case_id).array, tiny_patient(1)[0].array)
        with pytest.raises(InputError, match="no longer at"):
            project.volume(ids(project)[0])


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    tiny_project(tmp_path / "p").close()
    path = tmp_path / "p" / PROJECT
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "schema": 99}))
    before = path.read_bytes()
    with pytest.raises(InputError, match="newer version.*schema 99"):
        Project.open(tmp_path / "p")
    assert path.read_bytes() == before
    assert not (tmp_path / "p" / projects.WINDOW_LOCK).exists()


def test_a_full_disk_at_save_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tiny_project(tmp_path / "p")
    case_id = ids(project)[0]
    project.correct(case_id)[LEFT].paint(SOME, FOREGROUND)

    def full(*arguments: Any, **values: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(InputError, match="no space left.*free some"):
        project.save(case_id)
    monkeypatch.undo()
    project.close()
    with Project.open(tmp_path / "p") as again:
        assert np.array_equal(again.correct(case_id)[LEFT].corrected, SOME)
        again.save(case_id)
        assert again.unsaved() == []


def test_contours_that_exist_already_are_known_everywhere_and_missing_ones_nowhere(
    tmp_path: Path,
) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        truth = tiny_patient(1)[1]
        project.take_contours(case_id, truth.only([LEFT]))
        correction = project.correct(case_id)
        assert correction[LEFT].annotation.known.all()
        assert np.array_equal(correction[LEFT].corrected, truth.masks[LEFT])
        assert not project.has_annotation(case_id, RIGHT)
        case = project.case(case_id)
        assert case.side == "train" and case.annotations[LEFT].imported
        shifted = tiny_patient(1, (17, 30, 30))[1]
        with pytest.raises(InputError, match="another grid"):
            project.take_contours(ids(project)[1], shifted)
        with pytest.raises(InputError, match="already"):
            project.take_contours(case_id, LabelMap({LEFT: SOME}, truth.geometry))


def test_only_what_was_drawn_is_written_for_a_case_from_nothing(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        project.correct(case_id)[LEFT].paint(SOME, FOREGROUND)
        assert set(project.save(case_id).annotations) == {LEFT}
        assert not project.has_annotation(case_id, RIGHT)


def test_a_project_needs_an_empty_folder_and_structures(tmp_path: Path) -> None:
    tiny_project(tmp_path / "p").close()
    with pytest.raises(InputError, match="not empty"):
        tiny_project(tmp_path / "p")
    with pytest.raises(InputError, match="at least one structure"):
        Project.create(tmp_path / "q", (), {})
    with pytest.raises(InputError, match="no project.json"):
        read_record(tmp_path)


def test_a_project_has_no_more_structures_than_a_network_learns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"25 structures .* at most 24: choose fewer"):
        Project.create(tmp_path / "p", MANY[:25], {})
    assert not (tmp_path / "p").exists()
    Project.create(tmp_path / "p", MANY[:24], {}).close()


def test_neighbours_end_at_the_ends(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        a, b, c = ids(project)
        found = [project.neighbour(case, step) for case in (a, b, c) for step in (-1, 1)]
        assert found == [None, b, a, c, b, None]
        with pytest.raises(InputError, match="no case"):
            project.neighbour("x", 1)


def test_what_is_unsaved_is_found_in_each_case_however_it_was_left(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 3) as project:
        a, b, c = ids(project)
        assert project.unsaved() == []
        project.correct(a)[LEFT].paint(SOME, FOREGROUND)
        assert project.unsaved() == [(a, LEFT)]
        project.correct(a)[RIGHT].paint(SOME, FOREGROUND)
        project.correct(b)[LEFT].paint(SOME, FOREGROUND)  # another case is open now
        assert project.unsaved() == [(a, LEFT), (a, RIGHT), (b, LEFT)]
        project.save(b)
        project.correct(c)[RIGHT].paint(SOME, FOREGROUND)
        project.leave_case()
        assert project.unsaved() == [(a, LEFT), (a, RIGHT), (c, RIGHT)]
        project.save(a)
        assert project.unsaved() == [(c, RIGHT)]
    with Project.open(tmp_path / "p") as again:
        assert again.unsaved() == [(c, RIGHT)]


def test_a_case_that_cannot_be_read_again_stays_open_as_it_was(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        predict(project, case_id, SOME, "m1")
        before = project.correct(case_id)
        (projects.case_folder(project.folder, case_id) / projects.PREDICTION).write_bytes(b"PK")
        with pytest.raises(InputError, match="damaged"):
            project.correct_anew(case_id)
        assert project.correct(case_id)[LEFT] is before[LEFT]
        before[LEFT].paint(SOME & (np.indices(SOME.shape)[0] == 5), BACKGROUND)
        assert project.save(case_id).annotations[LEFT].marks == 16


def test_a_window_that_lost_its_project_cuts_no_journal(tmp_path: Path) -> None:
    old = tiny_project(tmp_path / "p")
    case_id = ids(old)[0]
    with Project.open(tmp_path / "p", by_force=True) as new:
        correction = new.correct(case_id)[LEFT]
        correction.paint(SOME, FOREGROUND)
        with open(correction.journal.path, "ab") as file:
            file.write(b"ACJ1 the new owner is just writing")
        before = correction.journal.path.read_bytes()
        with pytest.raises(LockedByOther, match="taken over"):
            old.correct(case_id)
        assert correction.journal.path.read_bytes() == before


@pytest.mark.parametrize("method", ["read_text", "exists"])
def test_a_folder_that_is_away_for_long_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]

        def away(path: Path, *arguments: Any, **values: Any) -> Any:
            raise OSError(errno.EHOSTDOWN, "Host is down")

        monkeypatch.setattr(Path, method, away)
        with pytest.raises(Unreachable, match="cannot be read or written just now: Host is down"):
            project.correct(case_id)
        monkeypatch.undo()
        assert set(project.correct(case_id)) == set(STRUCTURES)


def test_a_case_is_saved_also_when_the_log_cannot_be_written(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 1) as project:
        project.log.close()
        project.log.path = tmp_path  # a folder
        case_id = draw_truth(project, 1)
        assert project.case(case_id).side and not project.unsaved()
        assert "cannot be written" in project.log_problem
