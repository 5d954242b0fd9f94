from __future__ import annotations

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.label_tables import find_table, read_table, stem_of


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", '{"1": "Heart", "2": "Lung_L"}'),
        ("t.json", '{"background": 0, "Heart": 1, "Lung_L": 2}'),
        ("t.json", '{"labels": {"background": 0, "Heart": 1, "Lung_L": 2}}'),
        ("t.csv", "value,name\n0,background\n1,Heart\n2,Lung_L\n"),
        ("t.csv", "\ufeffID,color,Structure\n1,red,Heart\n2,blue,Lung_L\n"),
    ],
)
def test_tables_of_all_kinds_give_names_by_value(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf-8")
    assert read_table(tmp_path / name) == {1: "Heart", 2: "Lung_L"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.json", "[1, 2]", "not of the form"),
        ("t.json", "{", "not of the form"),
        ("t.json", '{"Heart": "one"}', "not of the form"),
        ("t.json", '{"Heart": 1.7}', "1.7 is no whole number"),
        ("t.json", '{"Heart": true}', "True is no whole number"),
        ("t.json", '{"1": 2, "2": 3}', "label without a name"),
        ("t.json", '{"1": "Heart", "2": "Heart"}', "'Heart' to two values"),
        ("t.json", '{"1": "Heart", "1": "Lung_L"}', "names '1' twice"),
        ("t.json", '{"1": "Heart", "01": "Lung_L"}', "names 1 twice"),
        ("t.json", '{"Heart": 1, "Lung_L": 1}', "names 1 twice"),
        ("t.json", '{"0": "background"}', "no label above 0"),
        ("t.json", '{"-1": "unlabelled", "1": "Heart"}', "names the value -1"),
        ("t.csv", "a,b\n1,Heart\n", "needs the columns value and name"),
        ("t.csv", "value,name\none,Heart\n", "'one' is no whole number"),
        ("t.csv", "value,name\n1,Heart\n1,Lung\n", "names the value 1 twice"),
        ("t.csv", "value,name\n1,\n", "label without a name"),
    ],
)
def test_a_bad_table_is_refused_with_its_message(tmp_path, name, text, message):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / name)


def test_the_table_beside_an_image_is_found_by_its_name(tmp_path):
    (tmp_path / "labels.json").write_text("{}")
    assert find_table(tmp_path / "ct.nii.gz").name == "labels.json"
    (tmp_path / "ct.csv").write_text("")
    assert find_table(tmp_path / "ct.nii.gz").name == "ct.csv"


def test_a_label_file_without_a_table_is_refused_and_the_way_out_is_named(tmp_path):
    with pytest.raises(InputError, match="without a table.* Put ct.json beside it"):
        find_table(tmp_path / "ct.nii.gz")


def test_stems_lose_all_their_suffixes():
    names = ("a.seg.nrrd", "a.nii.gz", "a.NRRD", "a.mha", "a.b.nii", "a")
    from pathlib import Path

    assert [stem_of(Path(n)) for n in names] == ["a", "a", "a", "a", "a.b", "a"]
