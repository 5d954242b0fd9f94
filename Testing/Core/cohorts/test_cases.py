"""Which cases a folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from AutoContourRTCore.cohorts.cases import find_cases
from AutoContourRTCore.errors import InputError


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_files_case_folders_and_dicom_folders_are_cases_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    files(tmp_path, "b.nii.gz", "a ü.NRRD", "c.1.mha", "p/ct.nii.gz", "p/structures.seg.nrrd",
          "q/study/IM001", "contours.seg.nrrd", "list.csv", ".hidden.nrrd", ".git/x")  # fmt: skip
    cases, passed_over = find_cases(tmp_path)
    assert [(each.name, each.path.relative_to(tmp_path).as_posix()) for each in cases] == [
        ("a ü", "a ü.NRRD"), ("b", "b.nii.gz"), ("c.1", "c.1.mha"), ("p", "p/ct.nii.gz"),
        ("q", "q"),
    ]  # fmt: skip
    assert not any(each.problem for each in cases)
    assert passed_over == ("contours.seg.nrrd", "list.csv")


def test_a_folder_that_leaves_open_which_image_is_meant_is_a_case_with_a_problem(
    tmp_path: Path,
) -> None:
    files(tmp_path, "a/ct.nrrd", "a/ct.mha", "b/image.nrrd", "b/labels.nrrd", "c/ct.nrrd")
    a, b, c = find_cases(tmp_path)[0]
    assert "ct.mha and ct.nrrd" in a.problem
    assert "image.nrrd, labels.nrrd" in b.problem and "name the CT ct.nrrd" in b.problem
    assert c.problem == ""


def test_contours_beside_a_dicom_series_are_no_image(tmp_path: Path) -> None:
    files(tmp_path, "p/IM001", "p/RS.dcm", "p/RS.seg.nrrd")
    assert [(each.name, each.problem) for each in find_cases(tmp_path)[0]] == [("p", "")]


def test_a_folder_that_cannot_be_read_is_one_case_with_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(tmp_path, "a/ct.nrrd", "lost/ct.nrrd")
    real = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path.name == "lost":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    a, lost = find_cases(tmp_path)[0]
    assert a.problem == "" and "lost cannot be read (Permission denied)" in lost.problem


@pytest.mark.parametrize(
    "names, words",
    [
        (("a.nrrd", "a.nii.gz"), "a.nii.gz and a.nrrd"),
        (("A.nrrd", "a/ct.nrrd"), "A.nrrd and a/ct.nrrd"),
        (("x.dcm",), "holds no case"), ((), "holds no case"),
    ],
)
def test_two_cases_of_one_name_and_no_case_at_all_are_refused(
    tmp_path: Path, names: tuple, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        find_cases(files(tmp_path, *names))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        find_cases(tmp_path / "nowhere")
