"""The dose of a case: whether it is of its image, and what was saved that is judged by it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any, Tuple

import numpy as np
import pytest

import dicom_series
from AutoContourRTCore.correction import project as projects
from AutoContourRTCore.correction.annotation import BACKGROUND, begin
from AutoContourRTCore.correction.annotation_file import Stored, write_annotation
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.records import AnnotationRecord, CaseRecord, ImageRecord
from AutoContourRTCore.correction.saving import judged_by_dose
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume
from tiny_projects import STRUCTURES, ids, predict, tiny_patient, tiny_project

LEFT, RIGHT = STRUCTURES
SOME = np.zeros((16, 30, 30), dtype=bool)
SOME[5:8, 10:14, 10:14] = True


def test_the_dose_of_a_case_tells_how_much_a_correction_matters(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        volume = project.volume(case_id)
        k = np.indices(SOME.shape)[0]
        dose = type(volume)((100 * k).astype(np.int16), volume.geometry)  # cGy: 1 Gy a slice
        write_volume(dose, tmp_path / "dose.nrrd")
        project.set_dose(case_id, tmp_path / "dose.nrrd", "cGy")
        predict(project, case_id, SOME, "m1")  # slices 5 to 7: 6 Gy
        project.correct(case_id)[LEFT].paint(SOME & (k == 5), BACKGROUND)  # 6 and 7: 6.5 Gy
        annotation = project.save(case_id).annotations[LEFT]
        assert annotation.dose_deviation_gy == pytest.approx(0.5, abs=1e-5)
        assert annotation.dice == pytest.approx(2 * 2 / 5)
        with pytest.raises(InputError, match="unit 'rad'"):
            project.set_dose(case_id, tmp_path / "dose.nrrd", "rad")


def test_a_dose_that_comes_after_a_save_judges_what_was_saved(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        case_id = ids(project)[0]
        volume = project.volume(case_id)
        k = np.indices(SOME.shape)[0]
        dose = type(volume)((1.0 * k).astype(np.float32), volume.geometry)
        write_volume(dose, tmp_path / "d.mha")
        predict(project, case_id, SOME, "m1")  # slices 5 to 7
        correction = project.correct(case_id)[LEFT]
        correction.paint(SOME & (k == 5), BACKGROUND)
        assert project.save(case_id).annotations[LEFT].dose_deviation_gy is None
        correction.paint(SOME & (k == 6), BACKGROUND)  # not saved: it does not count yet
        project.set_dose(case_id, tmp_path / "d.mha", "Gy")
        record = project.case(case_id).annotations[LEFT]
        assert record.dose_deviation_gy == pytest.approx(0.5, abs=1e-5)
        assert project.unsaved() == [(case_id, LEFT)]
    with Project.open(tmp_path / "p") as again:
        assert again.case(case_id).annotations[LEFT] == record


def dicom_case(folder: Path) -> Tuple[Project, str]:
    """A project whose only image is a DICOM folder; the id of its case."""
    volume = tiny_patient(1)[0]
    dicom_series.write_ct(folder / "ct", volume.array, volume.geometry)
    project = tiny_project(folder / "p", 0)
    return project, project.add_image(folder / "ct", "ct")


def rtdose(path: Path, **changes: Any) -> Path:
    """1 Gy in the first slice of `tiny_patient`, 1 Gy more in each that follows."""
    gray = (1 + np.indices(SOME.shape)[0]).astype(np.uint16)
    geometry = tiny_patient(1)[0].geometry
    return dicom_series.save(dicom_series.dose(gray, geometry, 1.0, **changes), path)


def test_the_dose_of_another_frame_of_reference_is_refused(tmp_path: Path) -> None:
    project, case_id = dicom_case(tmp_path)
    with project:
        other = rtdose(tmp_path / "other.dcm", FrameOfReferenceUID="2.25.999")
        with pytest.raises(InputError, match="2.25.999.*'ct'.*2.25.101.*belongs to another image"):
            project.set_dose(case_id, other, "")
        assert project.case(case_id).dose is None
        project.set_dose(case_id, rtdose(tmp_path / "own.dcm"), "")
        assert project.case(case_id).dose_in_frame
    with Project.open(tmp_path / "p") as again:
        case = again.case(case_id)
        assert case.dose_in_frame and case.frame_of_reference == dicom_series.FRAME
        rtdose(tmp_path / "own.dcm", FrameOfReferenceUID="2.25.999")  # put into its place
        draw(again, case_id)
        assert again.save(case_id).annotations[LEFT].dose_deviation_gy is None
        assert "another image" in again.dose_problem


@pytest.mark.parametrize("image, frame", [("file", ""), ("file", "2.25.101"), ("folder", "")])
def test_a_dose_is_in_the_frame_of_an_image_only_where_both_are_known(
    tmp_path: Path, image: str, frame: str
) -> None:
    project, in_folder = dicom_case(tmp_path)
    with project:
        path = tmp_path / "a.nrrd"
        write_volume(tiny_patient(1)[0], path)
        in_file = project.add_image(path, frame=frame)
        case_id = in_file if image == "file" else in_folder
        project.set_dose(case_id, rtdose(tmp_path / "own.dcm"), "")
        assert project.case(case_id).dose_in_frame == (bool(frame) or image == "folder")
        write_volume(tiny_patient(1)[0], tmp_path / "dose.nrrd")
        project.set_dose(case_id, tmp_path / "dose.nrrd", "Gy")  # tells no frame
        assert not project.case(case_id).dose_in_frame


def draw(project: Project, case_id: str) -> None:
    """Both structures as predicted, without their lowest slice."""
    predict(project, case_id, SOME, "m1")
    for correction in project.correct(case_id).values():
        correction.paint(SOME & (np.indices(SOME.shape)[0] == 5), BACKGROUND)


def test_a_damaged_annotation_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 1) as project:
        (case_id,) = ids(project)
        draw(project, case_id)
        project.set_dose(case_id, rtdose(tmp_path / "own.dcm"), "")
        project.save(case_id)
        path = projects.annotation_path(project.folder, case_id, LEFT)
        path.write_bytes(path.read_bytes()[:100])
        problems = project.set_dose(case_id, rtdose(tmp_path / "own.dcm"), "")
        assert len(problems) == 1 and problems[0].startswith(f"{LEFT}: ")
        assert "damaged" in problems[0]
        saved = project.case(case_id).annotations
        assert saved[LEFT].dose_deviation_gy is None  # not that of the dose before
        assert saved[RIGHT].dose_deviation_gy == pytest.approx(0.5)


def judging_bytes(folder: Path, shape: Tuple[int, int, int]) -> int:
    """What `judged_by_dose` takes of memory for a small organ of an image of a shape."""
    grid = Geometry(shape, (4.0, 4.0, 4.0))
    annotation = begin(grid, np.zeros(shape, dtype=bool), "m1")
    annotation.prediction[5:8, 10:14, 10:14] = True
    annotation.marks[5, 10:14, 10:14] = BACKGROUND
    path = projects.annotation_path(folder, "c", LEFT)
    path.parent.mkdir(parents=True)
    write_annotation(Stored(annotation, "changes-1.journal", 0), path)
    record = AnnotationRecord("now", "m1", 0.8, 16, 0, 0)
    case = CaseRecord("c", "c", ImageRecord("a", False, grid, ""), annotations={LEFT: record})
    gray = (1 + np.indices(SOME.shape)[0]).astype(np.float32)
    tracemalloc.start()
    judged, problems = judged_by_dose(folder, case, Volume(gray, tiny_patient(1)[0].geometry))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert judged.annotations[LEFT].dose_deviation_gy == pytest.approx(0.5) and not problems
    return peak


def test_judging_by_a_dose_takes_no_more_memory_for_a_larger_image(tmp_path: Path) -> None:
    judging_bytes(tmp_path / "first", SOME.shape)  # what is imported and kept once
    small = judging_bytes(tmp_path / "small", SOME.shape)
    large = judging_bytes(tmp_path / "large", (60, 400, 400))  # 9.6 million voxels
    assert large < small + 200_000


def test_a_dose_that_is_gone_keeps_no_correction_from_being_saved(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 1) as project:
        (case_id,) = ids(project)
        draw(project, case_id)
        path = rtdose(tmp_path / "own.dcm")
        project.set_dose(case_id, path, "")
        path.rename(tmp_path / "away.dcm")
        case = project.save(case_id)
        assert case.side == "train" and case.annotations[LEFT].dice == pytest.approx(4 / 5)
        assert case.annotations[LEFT].dose_deviation_gy is None
        assert "own.dcm" in project.dose_problem and project.unsaved() == []
        assert project.set_dose(case_id, tmp_path / "away.dcm", "") == ()
        assert project.case(case_id).annotations[LEFT].dose_deviation_gy == pytest.approx(0.5)
        project.save(case_id)
        assert project.dose_problem == ""
        assert project.case(case_id).annotations[LEFT].dose_deviation_gy == pytest.approx(0.5)


def test_what_nobody_judged_is_neither_perfect_nor_without_deviation(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p", 2) as project:
        first, second = ids(project)
        dose = rtdose(tmp_path / "own.dcm")
        for case_id in (first, second):
            project.set_dose(case_id, dose, "")
        predict(project, first, SOME, "m1")
        project.correct(first)[LEFT].review([6])  # right as it is, there
        saved = project.save(first).annotations
        assert (saved[LEFT].dice, saved[LEFT].dose_deviation_gy) == (1.0, 0.0)
        assert (saved[RIGHT].dice, saved[RIGHT].dose_deviation_gy) == (None, None)
        project.set_dose(first, dose, "")
        saved = project.case(first).annotations
        assert (saved[LEFT].dose_deviation_gy, saved[RIGHT].dose_deviation_gy) == (0.0, None)
        project.take_contours(second, tiny_patient(2)[1])
        project.set_dose(second, dose, "")
        saved = project.save(second).annotations
        assert {(a.dice, a.dose_deviation_gy) for a in saved.values()} == {(None, None)}
