"""What a comparison is made from: the same means that it need not be done again."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from AutoContourRTCore import __version__, messages
from AutoContourRTCore.cohorts.evaluate_request import EvaluateCaseRequest
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
    before = asked("a")
    (inner / "Brain.nii.gz").write_bytes(b"brain")
    assert asked("a") != before


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
