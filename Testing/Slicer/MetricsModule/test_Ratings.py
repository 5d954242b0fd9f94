"""Grades and notes: what is graded, in which order, and that nothing of it is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from AutoContourRTCore.metrics.compare.ratings import read_ratings
from MetricsModuleLib import KeptTable, Ratings, Results
from MetricsModuleLib.Ratings import Contour, Plan


def test_the_test_alone_is_graded_in_the_order_of_the_table(result: Any) -> None:
    found = Ratings.contoursOf(result, Plan())
    assert [each.name for each in found] == ["Lt Parotid", "Brain", "Larynx"]
    assert {each.side for each in found} == {"test"}


def test_a_seed_gives_one_order_and_another_seed_another(result: Any) -> None:
    plain = Ratings.contoursOf(result, Plan(both=True))
    orders = [Ratings.contoursOf(result, Plan(True, True, True, seed)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert all(sorted(map(str, order)) == sorted(map(str, plain)) for order in orders)
    assert len(plain) == 7 and orders[0] != plain


def test_a_plan_is_kept_with_the_result(result: Any) -> None:
    assert Ratings.planOf(result) == Plan()
    plan = Plan(True, True, True, 4711)
    Ratings.setPlan(result, plan)
    assert Ratings.planOf(result) == plan


def test_a_later_grade_replaces_the_earlier_one_of_its_contour_only(result: Any) -> None:
    contours = Ratings.contoursOf(result, Plan(both=True))
    Ratings.rate(result, contours[0], "good", "a\tnote", 1, Plan(both=True))
    Ratings.rate(result, contours[1], "acceptable", "", 2, Plan(both=True))
    Ratings.rate(result, contours[0], "excellent", "better", 1, Plan(both=True))
    first, second = (Ratings.ratingOf(result, each) for each in contours[:2])
    assert (first.grade, first.note, first.set) == ("excellent", "better", "test: Observer 2")
    assert (second.grade, second.set) == ("acceptable", "reference: Observer 1")
    assert Ratings.counts(Ratings.ratingsOf(result))["good"] == 0
    Ratings.rate(result, contours[0], "", "", 1, Plan())
    assert Ratings.ratingOf(result, contours[0]) is None and len(Ratings.ratingsOf(result)) == 1


def test_a_blinded_rating_says_so_and_where_it_came(result: Any) -> None:
    plan = Plan(True, True, True, 3)
    contour = Ratings.contoursOf(result, plan)[4]
    Ratings.rate(result, contour, "good", "", 5, plan)
    (rating,) = Ratings.ratingsOf(result)
    assert (rating.blinded, rating.order) == ("yes", "5") and rating.time and rating.rater


def test_ratings_come_back_from_a_saved_scene_and_from_csv(
    slicer_app: Any, result: Any, tmp_path: Path
) -> None:
    contour = Contour("", "Brain", "test", "Brain")
    Ratings.rate(result, contour, "not acceptable", 'said "no"', 1, Plan())
    before = Ratings.ratingsOf(result)
    KeptTable.saveCsv(Ratings.table(result), tmp_path / "ratings.csv")
    assert list(read_ratings(tmp_path / "ratings.csv")) == before
    name = result.GetName()
    slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer_app.mrmlScene.Clear()
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    loaded = slicer_app.util.getNode(name)
    assert Ratings.ratingsOf(loaded) == before
    assert Ratings.ratingOf(loaded, contour).note == 'said "no"'


def test_a_set_that_was_renamed_or_deleted_keeps_its_grades(
    scene: Any, result: Any, test: Any
) -> None:
    contour = Ratings.contoursOf(result, Plan())[0]
    Ratings.rate(result, contour, "good", "", 1, Plan())
    test.SetName("renamed")
    assert Ratings.ratingOf(result, contour).grade == "good"
    Ratings.rate(result, contour, "excellent", "", 1, Plan())
    scene.RemoveNode(test)
    assert [each.grade for each in Ratings.ratingsOf(result)] == ["excellent"]
    assert Ratings.ratingOf(result, contour).set == "test: Observer 2"


def test_two_contours_of_one_structure_are_graded_apart(result: Any, monkeypatch: Any) -> None:
    rows = Results.rowsOf(result)
    twice = [*rows, replace(rows[0], reference_name="", test_name="Parotid links")]
    monkeypatch.setattr(Results, "rowsOf", lambda node: twice)
    first, last = (Ratings.contoursOf(result, Plan())[n] for n in (0, -1))
    assert (first.structure, last.structure) == ("Lt Parotid", "Parotid links")
    Ratings.rate(result, first, "good", "", 1, Plan())
    assert Ratings.ratingOf(result, last) is None
