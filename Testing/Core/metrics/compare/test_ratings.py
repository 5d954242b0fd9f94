from __future__ import annotations

from dataclasses import asdict

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.compare.ratings import (
    COLUMNS,
    GRADES,
    Rating,
    count_ratings,
    read_ratings,
)
from AutoContourRTCore.metrics.inputs.csv_files import write_csv

#: Sartor et al. 2020, Table 3, anorectal cancer: n (%) per grade; blank for none.
SARTOR_TABLE_3 = {
    "Bladder": ("15 (50)", "9 (30)", "3 (10)", "3 (10)"),
    "Femur_Head_R": ("20 (67)", "8 (27)", "1 (3)", "1 (3)"),
    "Femur_Head_L": ("24 (83)", "5 (17)", "", ""),
    "Spc_Bowel": ("1 (3)", "8 (27)", "11 (37)", "10 (33)"),
}


def test_sartors_table_of_ratings_is_reproduced():
    ratings = []
    for structure, cells in SARTOR_TABLE_3.items():
        for grade, cell in zip(GRADES, cells):
            count = int(cell.split()[0]) if cell else 0
            ratings += [Rating(str(n), structure, grade) for n in range(count)]
    found = {line.structure: line.texts for line in count_ratings(ratings)}
    assert found == SARTOR_TABLE_3
    assert [line.total for line in count_ratings(ratings)] == [30, 30, 29, 30]


def test_a_note_without_a_grade_is_kept_but_not_counted(tmp_path):
    ratings = (Rating("1", "Brain", "good", "slice 7, lower", "Ada", "2026-01-01T10:00:00+00:00",
                      "yes", "3", "model"), Rating("2", "Brain", "", "look again"))
    write_csv(tmp_path / "r.csv", COLUMNS, [asdict(rating) for rating in ratings])
    assert read_ratings(tmp_path / "r.csv") == ratings
    assert count_ratings(ratings)[0].counts == (0, 1, 0, 0)


def test_three_columns_are_enough_and_spelling_of_names_and_capitals_do_not_matter(tmp_path):
    text = "case,structure,grade\n1,Left Parotid,Good\n2,Parotid-Lt,good\n"
    (tmp_path / "r.csv").write_text(text)
    (line,) = count_ratings(read_ratings(tmp_path / "r.csv"))
    assert (line.structure, line.counts) == ("Parotid_L", (0, 2, 0, 0))


def test_an_unknown_grade_is_refused(tmp_path):
    (tmp_path / "r.csv").write_text("case,structure,grade\n1,Brain,superb\n")
    with pytest.raises(InputError, match="'superb' is unknown; write excellent, good"):
        read_ratings(tmp_path / "r.csv")


def test_a_contour_that_one_rater_graded_twice_is_refused(tmp_path):
    head = "case,structure,grade,rater\n"
    (tmp_path / "r.csv").write_text(f"{head}1,Brain,good,Ada\n1,Brain,good,Bo\n")
    assert len(read_ratings(tmp_path / "r.csv")) == 2
    (tmp_path / "r.csv").write_text(f"{head}1,Brain,good,Ada\n1,Brain,acceptable,Ada\n")
    with pytest.raises(InputError, match="two ratings of Brain of 1 by the same rater"):
        read_ratings(tmp_path / "r.csv")


def test_the_grades_of_two_contour_sets_are_never_added_up():
    ratings = [Rating(str(n), "Brain", grade, set=name) for n in range(5)
               for name, grade in (("test: m", "not acceptable"), ("reference: c", "excellent"))]
    found = {line.set: line.counts for line in count_ratings(ratings)}
    assert found == {"reference: c": (5, 0, 0, 0), "test: m": (0, 0, 0, 5)}
