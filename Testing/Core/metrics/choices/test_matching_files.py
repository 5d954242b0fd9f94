from __future__ import annotations

import csv

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import match_names
from AutoContourRTCore.metrics.choices.matching_files import append_audit, read_name_map
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings


def test_a_map_is_read_with_blanks_for_what_is_left_out(tmp_path):
    (tmp_path / "map.csv").write_text("reference_name,test_name\nOld Cord, Cord\nBrain,\n", "utf-8")
    assert read_name_map(tmp_path / "map.csv") == (("Old Cord", "Cord"), ("Brain", ""))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reference_name\nBrain\n", "lacks the column 'test_name'"),
        ("reference_name,test_name\n,\n", "names no contour"),
        ("reference_name,test_name\na,b\na,c\n", "'a' twice as reference_name"),
        ("reference_name,test_name\na,c\nb,c\n", "'c' twice as test_name"),
    ],
)
def test_a_bad_map_is_refused_with_its_message(tmp_path, text, message):
    (tmp_path / "map.csv").write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        read_name_map(tmp_path / "map.csv")


def test_the_audit_list_only_ever_grows_and_says_who_and_when(tmp_path):
    path = tmp_path / "audit.csv"
    provenance = provenance_of(Settings(), user="Ada")
    append_audit(path, match_names(["Brain"], ["brain"]), provenance, "one")
    first = path.read_bytes()
    append_audit(path, match_names(["GTV"], ["CTV"]), provenance, "two")
    assert path.read_bytes().startswith(first)
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["case"], r["reference_name"], r["test_name"], r["state"]) for r in rows] == [
        ("one", "Brain", "brain", "matched"), ("two", "GTV", "", "only in reference"),
        ("two", "", "CTV", "only in test"),
    ]
    assert {row["user"] for row in rows} == {"Ada"} and all(row["time"] for row in rows)


def test_a_file_that_is_another_table_is_not_added_to(tmp_path):
    (tmp_path / "audit.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InputError, match="other columns"):
        append_audit(tmp_path / "audit.csv", (), provenance_of(Settings()))
