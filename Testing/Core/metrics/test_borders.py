from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from AutoContourRTCore.metrics import borders
from AutoContourRTCore.metrics.measures import hausdorff_distance, mean_surface_distance
from AutoContourRTCore.metrics.surfaces import surface_distances, voxel_distances


def noise(seed, shape=(17, 9, 11)):
    return np.random.default_rng(seed).random(shape) < 0.4


@pytest.mark.parametrize("voxels", [1, 99, 198, 500])
def test_slabs_of_any_thickness_give_the_same_borders_as_one_slab(voxels, monkeypatch):
    a, b = noise(0), noise(1)
    whole = [borders.surface_elements(a, b), borders.surface_voxels(a, b)]
    monkeypatch.setattr(borders, "SLAB", voxels)
    for one, parts in zip(whole, [borders.surface_elements(a, b), borders.surface_voxels(a, b)]):
        for side in (0, 1):
            np.testing.assert_array_equal(one[side].places, parts[side].places)
            np.testing.assert_array_equal(one[side].codes, parts[side].codes)
            np.testing.assert_array_equal(one[side].shared, parts[side].shared)


def test_a_single_voxel_has_eight_elements_at_its_corners(box):
    mask = box((3, 4, 5), (1, 1, 1))
    elements, _ = borders.surface_elements(mask, mask)
    expected = {(k, j, i) for k in (3, 4) for j in (4, 5) for i in (5, 6)}
    assert set(map(tuple, elements.places)) == expected and elements.shared.all()


def test_surface_voxels_are_those_with_a_face_neighbour_outside_or_beyond_the_edge():
    mask = np.ones((4, 5, 6), bool)
    found, _ = borders.surface_voxels(mask, mask)
    inner = {(k, j, i) for k in (1, 2) for j in (1, 2, 3) for i in (1, 2, 3, 4)}
    assert len(found.places) == 4 * 5 * 6 - len(inner)
    assert not inner & set(map(tuple, found.places))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_bounding_box_of_10000_voxels_is_measured_in_bounded_memory(axis):
    shape = [150, 150, 150]
    shape[axis] = 10_000
    a, b = np.zeros((2, *shape), bool)  # 215 MB each, of which few pages are touched
    first, last = [70] * 3, [70] * 3
    first[axis], last[axis] = 0, 9_999
    a[tuple(first)], b[tuple(last)] = True, True
    a[tuple(last)] = True
    tracemalloc.start()
    distances = surface_distances(a, b, (1.0, 1.0, 1.0))
    there, back = voxel_distances(a, b, (1.0, 1.0, 1.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert hausdorff_distance(distances) == 9999.0
    assert (there.max(), back.max()) == (9999.0, 0.0)
    assert mean_surface_distance(a, b, (1.0, 1.0, 1.0)) == pytest.approx(9999 / 4)
    assert peak < 100e6, f"{peak / 1e6:.0f} MB"
