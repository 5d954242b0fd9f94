from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.nn.patches import PatchPlaces, some_voxels
from tiny_cases import cube_case, tiny_recipe


def test_the_same_generator_gives_the_same_places() -> None:
    places = PatchPlaces([cube_case(), cube_case()], tiny_recipe())
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    first = [places.draw(one) for _ in range(20)]
    assert first == [places.draw(two) for _ in range(20)]
    assert len(set(first)) > 10


def test_patches_anywhere_stay_inside_and_lie_on_the_voxels() -> None:
    case = cube_case()
    places = PatchPlaces([case], tiny_recipe(on_structure=0.0))
    rng = np.random.default_rng(0)
    patch = np.array((8, 16, 16))
    starts = np.array([places.draw(rng).center for _ in range(300)]) - (patch - 1) / 2
    assert np.array_equal(starts, np.rint(starts))
    assert np.array_equal(starts.min(axis=0), (0, 0, 0))
    assert np.array_equal(starts.max(axis=0), np.array(case.image.shape) - patch)


def test_a_volume_smaller_than_the_patch_lies_in_its_middle() -> None:
    case = cube_case(corners=((1, 1, 1),), drawn=(True,), shape=(4, 8, 8), side=2)
    places = PatchPlaces([case], tiny_recipe(on_structure=0.0))
    assert places.draw(np.random.default_rng(0)).center == (1.5, 3.5, 3.5)


def test_patches_on_structures_find_rare_ones_as_often() -> None:
    cases = [cube_case(drawn=(True, False)) for _ in range(9)] + [cube_case()]
    places = PatchPlaces(cases, tiny_recipe(on_structure=1.0))
    rng = np.random.default_rng(0)
    drawn = [places.draw(rng) for _ in range(600)]
    on_left = np.mean([place.center[2] > 12 for place in drawn])
    assert on_left == pytest.approx(0.5, abs=0.07)
    assert all(place.case == 9 for place in drawn if place.center[2] > 12)


def test_without_any_contour_patches_come_from_anywhere() -> None:
    places = PatchPlaces([cube_case(drawn=(False, False))], tiny_recipe(on_structure=1.0))
    assert places.draw(np.random.default_rng(0)).case == 0


def test_the_recipe_s_share_of_patches_is_centred_on_false_positives() -> None:
    places = PatchPlaces([cube_case(), cube_case()], tiny_recipe(on_false_positive=0.1))
    places.false_positives = {1: np.array([[0, 0, 0]], dtype=np.int16)}
    rng = np.random.default_rng(0)
    drawn = [places.draw(rng) for _ in range(3000)]
    there = [p for p in drawn if p.case == 1 and max(p.center) <= 0.5]
    assert len(there) / len(drawn) == pytest.approx(0.1, abs=0.02)


def test_no_false_positives_no_such_patches() -> None:
    with_share = PatchPlaces([cube_case()], tiny_recipe(on_false_positive=1.0))
    without = PatchPlaces([cube_case()], tiny_recipe(on_false_positive=0.0))
    one, two = np.random.default_rng(5), np.random.default_rng(5)
    assert [with_share.draw(one) for _ in range(9)] == [without.draw(two) for _ in range(9)]


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 19, 1000])
def test_some_voxels_are_spread_and_never_too_many(size: int) -> None:
    mask = np.zeros((1, 1, 1000), dtype=bool)
    mask[..., :size] = True
    voxels = some_voxels(mask, most=10)
    assert len(voxels) <= 10 and (len(voxels) == size or len(voxels) >= 5)
    assert mask[tuple(voxels.T)].all()
