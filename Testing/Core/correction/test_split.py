from __future__ import annotations

import pytest

from AutoContourRTCore.correction.split import TRAIN, VALIDATION, next_side, rotated, sides


def test_the_sides_of_twenty_images() -> None:
    # First to training, second to validation, then only while train >= 5 x validation.
    assert "".join(side[0] for side in sides(20)) == "tvttttvtttttvtttttvt"


def test_validation_never_has_more_than_a_fifth_of_training_after_the_second_image() -> None:
    found = sides(200)
    for count in range(7, 201):
        train, judged = found[:count].count(TRAIN), found[:count].count(VALIDATION)
        assert train >= 5 * (judged - 1) and judged >= (train - 5) / 5


@pytest.mark.parametrize(
    "train, validation, side",
    [(0, 0, TRAIN), (1, 0, VALIDATION), (4, 1, TRAIN), (5, 1, VALIDATION), (9, 2, TRAIN)],
)
def test_the_side_follows_from_the_counts(train: int, validation: int, side: str) -> None:
    assert next_side(train, validation) == side


def test_each_case_is_for_validation_once_in_five_cycles() -> None:
    cases = [f"c{n}" for n in range(12)]
    seen = []
    for cycle in range(5):
        train, judged = rotated(cases, cycle)
        assert set(train) | set(judged) == set(cases) and not set(train) & set(judged)
        seen += judged
    assert sorted(seen) == sorted(cases)
    assert rotated(cases, 5) == rotated(cases, 0)


def test_few_cases_rotate_too() -> None:
    assert rotated(["a"], 3) == (("a",), ())
    assert rotated(["a", "b"], 0) == (("b",), ("a",))
    assert rotated(["a", "b"], 1) == (("a",), ("b",))
