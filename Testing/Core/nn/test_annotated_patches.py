from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.nn.annotated_patches import annotated_place, case_number
from AutoContourRTCore.nn.case_cache import AnnotatedCase
from AutoContourRTCore.nn.cases import Case
from tiny_cases import tiny_recipe

SHAPE = (20, 40, 44)
PATCH = (8, 16, 16)


def annotated(known: np.ndarray, inside: np.ndarray) -> AnnotatedCase:
    """One structure, known at some voxels and inside at some of them."""
    labels, bits = inside.astype(np.int32), known.astype(np.int32)
    case = Case("c", np.zeros(known.shape, dtype=np.int16), labels, (True,), bits)
    groups = [np.argwhere(known & inside), np.argwhere(known & ~inside)]
    found = [{0: voxels} if len(voxels) else {} for voxels in groups]
    return AnnotatedCase(case, found[0], found[1])


def window(center: Any, patch: Any = PATCH) -> "tuple[slice, ...]":
    start = np.asarray(center) - (np.asarray(patch) - 1) / 2
    assert np.allclose(start, np.rint(start))  # on the case's own voxels
    return tuple(slice(max(0, int(a)), max(0, int(a) + n)) for a, n in zip(start, patch))


def strokes(seed: int, count: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    known = np.zeros(SHAPE, dtype=bool)
    for _ in range(count):
        known[tuple(rng.integers(0, SHAPE))] = True
    return known


@pytest.mark.parametrize("corrections", ["anywhere", "structure"])
def test_every_patch_holds_annotation(corrections: str) -> None:
    recipe = tiny_recipe(corrections=corrections)
    for seed in range(20):
        known = strokes(seed)
        found = annotated(known, known & (np.indices(SHAPE)[0] % 2 == 0))
        for draw in range(20):
            rng = np.random.default_rng([seed, draw])
            assert known[window(annotated_place(found, recipe, rng)[0])].any()


def test_anywhere_means_that_the_annotation_may_lie_at_any_place_of_the_patch() -> None:
    known = np.zeros(SHAPE, dtype=bool)
    known[10, 20, 22] = True
    recipe = tiny_recipe(corrections="anywhere")
    found, rng = annotated(known, known), np.random.default_rng(0)
    places = set()
    for _ in range(6000):
        start = [s.start for s in window(annotated_place(found, recipe, rng)[0])]
        places.add(tuple(np.array((10, 20, 22)) - start))
    for axis, size in enumerate(PATCH):
        assert {place[axis] for place in places} == set(range(size))


def test_a_patch_anywhere_stays_in_the_volume_where_that_is_large_enough() -> None:
    recipe = tiny_recipe(corrections="anywhere")
    for seed in range(30):
        known = strokes(seed, 1)
        rng = np.random.default_rng(seed)
        found = window(annotated_place(annotated(known, known), recipe, rng)[0])
        assert [s.stop - s.start for s in found] == list(PATCH)
        assert all(s.stop <= n for s, n in zip(found, SHAPE))


def test_a_volume_smaller_than_a_patch_is_covered() -> None:
    shape = (5, 9, 30)
    known = np.zeros(shape, dtype=bool)
    known[2, 3, 15] = True
    recipe = tiny_recipe(corrections="anywhere")
    for draw in range(50):
        rng = np.random.default_rng(draw)
        place = window(annotated_place(annotated(known, known), recipe, rng)[0])
        assert place[0].start == 0 and place[0].stop >= 5 and place[1].stop >= 9


def test_patches_around_a_structure_are_as_often_inside_as_the_recipe_says() -> None:
    inside, known = np.zeros(SHAPE, dtype=bool), np.zeros(SHAPE, dtype=bool)
    inside[4, 8, 8] = known[4, 8, 8] = known[16, 32, 36] = True
    found = annotated(known, inside)
    recipe, rng = tiny_recipe(on_structure=0.7), np.random.default_rng(0)
    hits = [annotated_place(found, recipe, rng)[0][0] < 10 for _ in range(2000)]
    assert np.mean(hits) == pytest.approx(0.7, abs=0.03)


def test_a_voxel_is_seen_as_far_off_the_middle_as_a_prediction_sees_it() -> None:
    known = np.zeros((80, 80, 80), dtype=bool)
    known[40, 40, 40] = True
    recipe, rng = tiny_recipe(patch=(16, 16, 16)), np.random.default_rng(0)
    found = annotated(known, known)
    off = [40 - annotated_place(found, recipe, rng)[0][0] for _ in range(500)]
    assert np.abs(off).max() == pytest.approx(0.375 * 16, abs=0.5)


def test_each_structure_is_drawn_as_often_however_small() -> None:
    far, near = np.array([[16, 32, 36]]), np.argwhere(np.ones((3, 3, 3), dtype=bool))
    case = Case("c", np.zeros(SHAPE, np.int16), np.zeros(SHAPE, np.int32), (True, True), None)
    found = AnnotatedCase(case, {0: near, 1: far}, {})
    rng = np.random.default_rng(0)
    places = [annotated_place(found, tiny_recipe(), rng) for _ in range(2000)]
    assert np.mean([middle[0] > 10 for middle, _ in places]) == pytest.approx(0.5, abs=0.04)
    assert all((middle[0] > 10) == (structure == 1) for middle, structure in places)


def test_all_images_come_equally_often_and_none_again_before_the_others() -> None:
    for cases in (1, 3, 7):
        drawn = [case_number(sample, cases, seed=5) for sample in range(cases * 50)]
        for turn in range(50):
            assert sorted(drawn[turn * cases : (turn + 1) * cases]) == list(range(cases))
    firsts = [case_number(7 * turn, 7, seed=5) for turn in range(700)]
    assert np.bincount(firsts, minlength=7).min() > 60  # any of them may come first
    assert [case_number(n, 7, 1) for n in range(7)] != [case_number(n, 7, 2) for n in range(7)]
