from __future__ import annotations

import hashlib

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.tolerance_files import (
    Tolerance,
    Tolerances,
    read_tolerances,
    write_tolerances,
)


@pytest.fixture()
def written(tmp_path):
    def write(text):
        path = tmp_path / "tolerances.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_catalogues_tolerances_come_with_their_source():
    tolerance = Tolerances().of("Parotid-Lt")
    assert tolerance.mm == 2.85 and "Nikolov" in tolerance.source
    assert Tolerances().of("GTV lump") is None


def test_a_file_comes_before_the_catalogue_and_knows_structures_by_any_name(written):
    path = written("structure,tolerance_mm,source\nLeft Parotid,1.5,our clinic\nGTV lump,4,me\n")
    found = read_tolerances(path)
    assert found.of("Parotid_L") == Tolerance(1.5, "our clinic")
    assert found.of("GTV lump") == Tolerance(4.0, "me")
    assert found.of("Parotid_R").mm == 2.85
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_star_stands_for_all_that_the_file_does_not_name_the_catalogues_too(written):
    found = read_tolerances(written("structure,tolerance_mm,source\n*,3,any\nBrain,2,ours\n"))
    assert [found.of(name).mm for name in ("GTV lump", "Parotid_L", "Brain")] == [3, 3, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("structure,tolerance_mm\nBrain,1\n", "lacks the column 'source'"),
        ("structure,tolerance_mm,source\nBrain,-1,x\n", "'-1' mm of 'Brain'"),
        ("structure,tolerance_mm,source\nBrain,nan,x\n", "'nan' mm"),
        ("structure,tolerance_mm,source\nBrain,2 mm,x\n", "'2 mm' mm"),
        ("structure,tolerance_mm,source\nBrain,1,x\nbrain,2,y\n", "Brain two tolerances"),
        ("structure,tolerance_mm,source\nBrain,1\n", "line 2"),
        ("", "lacks the column"),
    ],
)
def test_a_bad_file_is_refused_with_its_message(written, text, message):
    with pytest.raises(InputError, match=message):
        read_tolerances(written(text))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="none.csv does not exist; check the name"):
        read_tolerances(tmp_path / "none.csv")


def test_what_is_written_is_read_again_and_further_columns_do_no_harm(tmp_path):
    own = {"Brain": Tolerance(0.1 + 0.2, 'a "quoted", source'), "GTV lump": Tolerance(4.0, "")}
    write_tolerances(tmp_path / "t.csv", own, {"Brain": {"cases": "a b"}})
    assert read_tolerances(tmp_path / "t.csv").own == own
    assert "cases" in (tmp_path / "t.csv").read_text("utf-8")
