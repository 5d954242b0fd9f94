"""Folders of drawn cases: which are for validation, what is drawn, which are bad."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterable

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.cases import unpack
from AutoContourRTCore.nn.dataset import find_names, find_split, partners, read_case
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((20, 40, 40), (4.0, 4.0, 4.0))


def write_case(folder: Path, drawn: Dict[str, float]) -> Path:
    """A block of water in air; each structure is a cube of a side (mm) in its middle."""
    folder.mkdir(parents=True)
    array = np.full(GRID.shape, -1000, np.int16)
    array[:, 5:35, 5:35] = 0
    masks = {}
    for name, side in drawn.items():
        masks[name] = np.zeros(GRID.shape, bool)
        half = int(side / 8)
        masks[name][10 - half : 10 + half, 20 - half : 20 + half, 20 - half : 20 + half] = True
    write_volume(Volume(array, GRID), folder / "ct.nrrd")
    write_labelmap(LabelMap(masks, GRID), folder / "structures.seg.nrrd")
    return folder


def empty_cases(folder: Path, names: Iterable[str]) -> Path:
    """Case folders whose files are empty: enough to divide."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "ct.nrrd").touch()
    return folder


def test_one_case_in_five_is_for_validation_and_stays_there_when_others_come(
    tmp_path: Path,
) -> None:
    names = [f"pt_{n}" for n in range(200)]
    few = find_split(empty_cases(tmp_path / "few", names[:100]))
    many = find_split(empty_cases(tmp_path / "many", names))
    for split, count in ((few, 100), (many, 200)):
        assert 0.12 * count < len(split.validation) < 0.28 * count
        assert len(split.train) + len(split.validation) == count
    early, late = ({p.name for p in split.validation} for split in (few, many))
    assert early == late & set(names[:100])


@pytest.mark.parametrize("count", [2, 3, 4])
def test_both_sides_get_a_case_however_few_there_are(tmp_path: Path, count: int) -> None:
    split = find_split(empty_cases(tmp_path, "abcd"[:count]))
    assert split.train and split.validation
    assert not set(split.train) & set(split.validation)


def test_subfolders_train_and_validation_are_taken_as_they_are(tmp_path: Path) -> None:
    empty_cases(tmp_path / "train", ["a", "b", ".hidden"])
    (tmp_path / "train" / "notes").mkdir()
    empty_cases(tmp_path / "validation", ["c"])
    split = find_split(tmp_path)
    assert [p.name for p in split.train] == ["a", "b"]
    assert [p.name for p in split.validation] == ["c"]


def test_a_case_on_both_sides_is_refused(tmp_path: Path) -> None:
    empty_cases(tmp_path / "train", ["a", "b"])
    empty_cases(tmp_path / "validation", ["b"])
    with pytest.raises(InputError, match="b: a case in both"):
        find_split(tmp_path)


@pytest.mark.parametrize("names", [[], ["a"]])
def test_fewer_than_two_cases_are_refused(tmp_path: Path, names: list) -> None:
    with pytest.raises(InputError, match=f"holds {len(names)} case"):
        find_split(empty_cases(tmp_path, names))


def test_names_are_standard_the_most_often_drawn_first_and_unknown_ones_are_listed(
    tmp_path: Path,
) -> None:
    cases = [
        write_case(tmp_path / "a", {"LeftParotid": 40, "Ding": 40}),
        write_case(tmp_path / "b", {"Parotid_L": 40, "Mandible": 40, "Larynx": 0}),
    ]
    names = find_names(cases)
    assert names.known == ("Parotid_L", "Bone_Mandible")  # an empty segment was not drawn
    assert names.unknown == ("Ding",)


def test_a_case_holds_its_structures_at_their_size_and_knows_what_was_not_drawn(
    tmp_path: Path,
) -> None:
    folder = write_case(tmp_path / "a", {"mandibula": 40, "Larynx": 0, "Ding": 40})
    case = read_case(folder, ("Parotid_L", "Bone_Mandible", "Larynx"), (2.0, 2.0, 2.0))
    assert case.drawn == (False, True, False)
    mandible = unpack(case.labels, 3)[1]
    assert mandible.sum() * 8 == pytest.approx(40.0**3, rel=0.15)
    assert case.name == "a" and set(np.unique(case.image)) >= {0}


def test_two_segments_of_one_structure_are_refused(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "a", {"LeftParotid": 40, "Parotid_L": 32})
    with pytest.raises(InputError, match="two segments are Parotid_L"):
        read_case(folder, ("Parotid_L",), (4.0, 4.0, 4.0))


def test_bad_cases_are_named_together(tmp_path: Path) -> None:
    cases = [write_case(tmp_path / name, {"Larynx": 40}) for name in ("good", "x", "y")]
    (tmp_path / "x" / "structures.seg.nrrd").write_bytes(b"")
    (tmp_path / "y" / "structures.seg.nrrd").unlink()
    with pytest.raises(InputError, match=r"2 case\(s\)") as caught:
        find_names(cases)
    assert "x: " in str(caught.value) and "y: " in str(caught.value)
    assert "good" not in str(caught.value)


def test_partners_are_the_channel_of_the_other_side() -> None:
    names = ("Parotid_R", "Brainstem", "Parotid_L", "Lens_L")
    assert partners(names) == (2, 1, 0, -1)
