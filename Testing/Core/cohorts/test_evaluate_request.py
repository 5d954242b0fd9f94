"""What a comparison is made from: the same means that it need not be done again."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from AutoContourRTCore import __version__, messages
from AutoContourRTCore.cohorts.evaluate_request import EvaluateCaseRequest
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerance, Tolerances
from AutoContourRTCore.metrics.cohort.cohort import CohortOptions
from AutoContourRTCore.metrics.cohort.packed import packed_options


@pytest.fixture()
def asked(tmp_path: Path) -> Callable[..., Dict[str, str]]:
    """What a case of this name on both sides asks, with what CohortOptions take."""
    for side in ("reference", "test"):
        (tmp_path / side).mkdir()

    def make(name: str = "a.nrrd", model: str = "", **changes: Any) -> Dict[str, str]:
        options = CohortOptions(**changes)
        paths = [tmp_path / side / name for side in ("reference", "test")]
        for each in paths:
            if not each.exists():
                each.write_bytes(b"contours")
        request = EvaluateCaseRequest(
            "a", str(tmp_path / "out"), __version__, "run", False, 1, *map(str, paths),
            packed_options(options, "a"), asdict(provenance_of(options.settings, model)),
        )
        line = messages.encode(request)
        assert messages.encode(messages.parse_request(line)) == line
        return request.asked()

    return make


def test_files_of_other_cases_threads_user_and_time_do_not_count(
    asked: Any, tmp_path: Path
) -> None:
    before = asked()
    (tmp_path / "test" / "b.nrrd").write_bytes(b"another case")
    (tmp_path / "test" / "notes.csv").write_bytes(b"x")
    assert asked(settings=Settings(workers=3)) == before


@pytest.mark.parametrize("changed", ["a.nrrd", "a.json", "a_labels.csv", "labels.json"])
@pytest.mark.parametrize("side", ["reference", "test"])
def test_a_changed_file_or_label_table_counts(
    asked: Any, tmp_path: Path, side: str, changed: str
) -> None:
    before = asked()
    (tmp_path / side / changed).write_bytes(b"something new")
    assert asked() != before


def test_the_voxels_beside_a_header_count(asked: Any, tmp_path: Path) -> None:
    (tmp_path / "test" / "voxels.raw").write_bytes(b"voxels")
    before = asked("a.nhdr")
    (tmp_path / "test" / "voxels.raw").write_bytes(b"other voxels")
    assert asked("a.nhdr") != before


def test_any_file_of_a_case_folder_counts(asked: Any, tmp_path: Path) -> None:
    inner = tmp_path / "test" / "a" / "segmentations"
    inner.mkdir(parents=True)
    (inner / "Heart.nii.gz").write_bytes(b"heart")
    (tmp_path / "reference" / "a").mkdir()
    (tmp_path / "reference" / "a" / "Heart.nii.gz").write_bytes(b"heart")
    before = asked("a")
    (inner / "Brain.nii.gz").write_bytes(b"brain")
    assert asked("a") != before


def test_a_linked_folder_of_masks_counts_and_links_in_a_circle_end(
    asked: Any, tmp_path: Path
) -> None:
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "Heart.nii.gz").write_bytes(b"heart")
    for side in ("reference", "test"):
        (tmp_path / side / "a").mkdir()
        (tmp_path / side / "a" / "segmentations").symlink_to(tmp_path / "masks")
    before = asked("a")
    (tmp_path / "masks" / "Heart.nii.gz").write_bytes(b"other")
    changed = asked("a")
    assert changed["test"] != before["test"] and changed["reference"] != before["reference"]
    (tmp_path / "masks" / "back").symlink_to(tmp_path / "test")
    (tmp_path / "masks" / "itself").symlink_to("itself")
    assert asked("a")["paths"] == before["paths"]


def test_a_case_folder_without_a_file_is_no_input(asked: Any, tmp_path: Path) -> None:
    (tmp_path / "test" / "a" / "segmentations").mkdir(parents=True)
    (tmp_path / "reference" / "a").mkdir()
    with pytest.raises(InputError, match="reference.a holds no file"):
        asked("a")


@pytest.mark.parametrize("changed", ["test/a.nrrd", "reference/dose.nrrd", "table.csv"])
def test_another_content_of_the_same_size_and_time_counts(
    asked: Any, tmp_path: Path, changed: str
) -> None:
    labels, file = tmp_path / "table.csv", tmp_path / changed
    for each in (labels, file):
        each.write_bytes(b"contours")
    options = {"dose": "dose.nrrd", "labels": labels}
    before, told = asked(**options), file.stat()
    file.write_bytes(b"CONTOURS")
    os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert asked(**options) != before


def test_the_same_contours_in_another_folder_are_asked_anew(asked: Any, tmp_path: Path) -> None:
    before = asked()
    shutil.copytree(tmp_path, tmp_path / "copy")
    request = EvaluateCaseRequest(
        "a", str(tmp_path / "out"), __version__, "run", False, 1,
        *(str(tmp_path / "copy" / side / "a.nrrd") for side in ("reference", "test")),
        packed_options(CohortOptions(), "a"), asdict(provenance_of(Settings())),
    )
    after = request.asked()
    assert {name for name in before if before[name] != after[name]} == {"paths"}


@pytest.mark.parametrize(("name", "header"), [
    ("a.nhdr", "NRRD0004\ndata file: ../voxels/a.raw\n"),
    ("a.nhdr", "NRRD0004\ndatafile: LIST\n../voxels/b.raw\n../voxels/a.raw\n"),
    ("a.mhd", "NDims = 3\nElementDataFile = ../voxels/a.raw\n"),
    ("a.mhd", "NDims = 3\r\nElementDataFile = LIST\r\n../voxels/b.raw\r\n../voxels/a.raw\r\n"),
    ("in a folder/a.mhd", "ElementDataFile = ../../voxels/a.raw"),
])  # fmt: skip
def test_the_voxels_that_a_header_names_in_another_folder_count_and_no_other_file(
    asked: Any, tmp_path: Path, name: str, header: str
) -> None:
    voxels, path = tmp_path / "voxels", tmp_path / "test" / name
    for folder in (voxels, path.parent, (tmp_path / "reference" / name).parent):
        folder.mkdir(exist_ok=True)
    for each in (voxels / "a.raw", voxels / "b.raw", tmp_path / "reference" / name):
        each.write_bytes(b"voxels")
    path.write_bytes(header.encode())
    case = name.split("/")[0]
    before = asked(case)
    (tmp_path / "test" / "another case.raw").write_bytes(b"x")
    (voxels / "another case.raw").write_bytes(b"x")
    assert asked(case) == before
    (voxels / "a.raw").write_bytes(b"VOXELS")
    assert asked(case)["test"] != before["test"]


def test_the_binary_voxels_in_a_header_are_no_names(asked: Any, tmp_path: Path) -> None:
    content = b"ElementDataFile = LOCAL\n" + bytes(range(256)) * 20
    for side in ("reference", "test"):
        (tmp_path / side / "a.mhd").write_bytes(content)
    before = asked("a.mhd")
    (tmp_path / "test" / "b.mhd").write_bytes(b"another case")
    assert asked("a.mhd") == before


def test_settings_tolerances_drawn_slices_model_dose_and_labels_count(
    asked: Any, tmp_path: Path
) -> None:
    settings, labels = Settings(), tmp_path / "table.csv"
    labels.write_text("value,name\n1,Heart\n")
    one = Tolerances({"Brain": Tolerance(2.0, "me")}, "t.csv", "1" * 64)
    other = replace(one, sha256="2" * 64)
    ways = [
        asked(), asked(settings=replace(settings, round_tolerance=True)),
        asked(settings=replace(settings, grid=(1.0, 1.0, 1.0))),
        asked(settings=replace(settings, by_hand=(("a", "b"),))),
        asked(settings=replace(settings, tolerances=one)),
        asked(settings=replace(settings, tolerances=other)),
        asked(drawn={"a": {"*": [1]}}), asked(dose="dose.nrrd", dose_unit="Gy"),
        asked(labels=labels), asked(model="another"),
    ]  # fmt: skip
    (tmp_path / "reference" / "dose.nrrd").write_bytes(b"dose")
    ways.append(asked(dose="dose.nrrd", dose_unit="Gy"))
    ways.append(asked(dose="dose.nrrd", dose_unit="cGy"))
    assert all(a != b for n, a in enumerate(ways) for b in ways[:n])
    assert asked(drawn={"b": {"*": [1]}}) == ways[0]


def test_a_file_that_is_not_there_is_told(asked: Any, tmp_path: Path) -> None:
    asked()
    (tmp_path / "test" / "a.nrrd").unlink()
    (tmp_path / "test").rename(tmp_path / "gone")
    with pytest.raises(OSError):
        asked()
