from __future__ import annotations

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.cases import find_cases, pair_cases


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if "." not in path.name else path.write_bytes(b"")
    return folder


def test_sub_folders_and_files_of_one_name_are_pairs_whatever_their_suffix(tmp_path):
    left = make(tmp_path / "a", "p1.seg.nrrd", "p2", "p3.nii.gz", "notes.txt", ".hidden")
    right = make(tmp_path / "b", "p1.nii.gz", "p2", "p4")
    paired = pair_cases(left, right)
    assert [(p.name, p.reference.name, p.test.name) for p in paired.pairs] == [
        ("p1", "p1.seg.nrrd", "p1.nii.gz"), ("p2", "p2", "p2")
    ]
    assert (paired.only_reference, paired.only_test) == (("p3",), ("p4",))


def test_a_lone_folder_of_segmentations_is_descended_into(tmp_path):
    found = find_cases(make(tmp_path / "a", "segmentations", "segmentations/p1.nrrd"))
    assert list(found) == ["p1"]


def test_no_pair_no_case_one_case_twice_and_no_folder_are_refused(tmp_path):
    left, right = make(tmp_path / "a", "p1"), make(tmp_path / "b", "q1")
    with pytest.raises(InputError, match="One holds p1, the other q1"):
        pair_cases(left, right)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "p1.dcm").write_bytes(b"")
    with pytest.raises(InputError, match="holds no case.*a structure set with its CT"):
        find_cases(tmp_path / "c")
    with pytest.raises(InputError, match="one case twice"):
        find_cases(make(tmp_path / "d", "p1", "p1.nrrd"))
    with pytest.raises(InputError, match="is no folder"):
        find_cases(tmp_path / "d" / "p1.nrrd")
