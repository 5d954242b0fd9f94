from __future__ import annotations

import json
from dataclasses import replace

import pytest

from AutoContourRTCore.correction.records import (
    AnnotationRecord,
    CaseRecord,
    DoseRecord,
    ImageRecord,
    ProjectRecord,
    Settings,
    from_text,
    to_text,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry

ODD = Geometry((3, 4, 5), (1 / 3, 0.1, 0.7), (-123.456789012345, 1e-7, 0.1))
CASE = CaseRecord(
    "0001_a", "Größe Δ", ImageRecord("/x/a.nrrd", False, ODD, "0" * 64), (0, 5, 1, 2, 0, 3),
    DoseRecord("/x/d.nrrd", "cGy"), "train", 1, True,
    {"Heart": AnnotationRecord("2026-01-01T00:00:00", "m", 0.9, 12, 3, 99, 0.25)},
)
PROJECT = ProjectRecord(
    "P", "2026-01-01T00:00:00", ("Heart", "Lung_L"), Settings({"name": "default"}, "m"), (CASE,), 7
)


def test_a_project_comes_back_to_the_last_digit() -> None:
    assert from_text(to_text(PROJECT), "x") == PROJECT


def test_people_can_read_it() -> None:
    text = to_text(PROJECT)
    assert "Größe Δ" in text and '"side": "train"' in text and len(text.splitlines()) > 30


def test_a_newer_schema_is_refused_with_a_plain_sentence() -> None:
    values = {**json.loads(to_text(PROJECT)), "schema": 2}
    with pytest.raises(InputError, match="newer version of this program .schema 2.*update"):
        from_text(json.dumps(values), "x")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"kind": "other"}'])
def test_what_is_no_project_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="damaged|not a correction project"):
        from_text(text, "x/project.json")


@pytest.mark.parametrize(
    "change",
    [
        {"cases": [3]}, {"settings": {"recipe": {}, "what": 1}}, {"structures": None},
        {"settings": {"recipe": {}, "split": "random"}}, {"revision": "x"},
    ],
)
def test_damage_within_is_told_with_the_way_out(change: dict) -> None:
    values = {**json.loads(to_text(PROJECT)), **change}
    with pytest.raises(InputError, match="damaged.*restore it from a backup"):
        from_text(json.dumps(values), "x")


def test_two_cases_of_one_id_and_unknown_sides_are_damage() -> None:
    for cases in ((CASE, CASE), (replace(CASE, side="both"),)):
        with pytest.raises(InputError, match="damaged"):
            from_text(to_text(replace(PROJECT, cases=cases)), "x")


def test_the_cases_of_a_side_come_in_the_order_of_annotation() -> None:
    cases = [replace(CASE, id=f"c{n}", order=n) for n in (3, 1, 2)]
    record = replace(PROJECT, cases=(*cases, replace(CASE, id="v", side="validation")))
    assert [case.id for case in record.on_side("train")] == ["c1", "c2", "c3"]
    with pytest.raises(InputError, match="no case 'x'"):
        record.case("x")
