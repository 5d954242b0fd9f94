from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.surfaces import surface_distances, voxel_distances


def blob(seed, shape=(14, 17, 15), share=0.4):
    """A smooth random mask."""
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = ndimage.gaussian_filter(noise, 1.5)
    return smooth > np.quantile(smooth, 1 - share)


def cube(shape, start, stop):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(start, stop))] = True
    return mask


def assert_same_as_reference(reference, a, b, spacing):
    mine = surface_distances(a, b, spacing)
    theirs = reference.compute_surface_distances(a, b, spacing)
    pairs = [
        (mine.a_to_b, "distances_gt_to_pred"), (mine.b_to_a, "distances_pred_to_gt"),
    ]
    for values, name in pairs:
        np.testing.assert_allclose(values, theirs[name], rtol=1e-12, atol=1e-12)
    areas = [
        (mine.area_a, theirs["surfel_areas_gt"]), (mine.area_b, theirs["surfel_areas_pred"]),
    ]
    for values, expected in areas:  # elements at one distance may come in another order
        np.testing.assert_allclose(np.sort(values), np.sort(expected), rtol=1e-12)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.976, 0.976), (3.0, 1.0, 2.0)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_distances_and_areas_of_random_blobs_equal_the_reference(seed, spacing, reference):
    assert_same_as_reference(reference, blob(seed), blob(seed + 10, share=0.3), spacing)


@pytest.mark.parametrize("seed", [3, 4])
def test_white_noise_which_has_every_neighbourhood_equals_the_reference(seed, reference):
    rng = np.random.default_rng(seed)
    a, b = rng.random((2, 12, 11, 13)) < 0.5
    assert_same_as_reference(reference, a, b, (2.5, 1.01, 0.9))


def test_masks_that_fill_the_volume_are_closed_at_its_edge(reference):
    a, b = np.ones((4, 5, 6), bool), cube((4, 5, 6), (0, 0, 0), (2, 5, 6))
    assert_same_as_reference(reference, a, b, (2.0, 1.0, 1.5))


def test_structures_far_apart_equal_the_reference(reference):
    a = cube((20, 30, 40), (0, 0, 0), (5, 6, 7))
    b = cube((20, 30, 40), (14, 20, 30), (20, 30, 40))
    assert_same_as_reference(reference, a, b, (3.0, 1.0, 1.0))


def test_masks_in_column_order_or_strided_give_the_same_distances():
    a, b = blob(5), blob(6)
    plain = surface_distances(a, b, (2.0, 1.0, 1.0))
    other = surface_distances(np.asfortranarray(a), np.repeat(b, 2, axis=2)[:, :, ::2], (2, 1, 1))
    np.testing.assert_array_equal(plain.a_to_b, other.a_to_b)
    np.testing.assert_array_equal(plain.area_b, other.area_b)


def test_a_single_voxel_has_eight_corner_triangles_of_surface():
    mask = cube((3, 3, 3), (1, 1, 1), (2, 2, 2))
    area = surface_distances(mask, mask, (1.0, 1.0, 1.0)).area_a
    assert area == pytest.approx(np.full(8, np.sqrt(3) / 8))


def test_a_box_moved_by_two_slices_has_flat_faces_two_slices_away():
    a = cube((12, 12, 12), (2, 2, 2), (8, 9, 9))
    b = np.roll(a, 2, axis=0)
    result = surface_distances(a, b, (2.5, 1.0, 1.0))
    assert result.a_to_b.max() == 5.0 and result.b_to_a.max() == 5.0
    assert (result.a_to_b == 0).any()


def test_an_empty_mask_leaves_the_other_infinitely_far():
    drawn, empty = cube((5, 5, 5), (1, 1, 1), (4, 4, 4)), np.zeros((5, 5, 5), bool)
    result = surface_distances(drawn, empty, (1.0, 1.0, 1.0))
    assert np.isinf(result.a_to_b).all() and len(result.a_to_b) > 0
    assert len(result.b_to_a) == 0 and len(result.area_b) == 0


def test_two_empty_masks_have_no_surface():
    empty = np.zeros((4, 4, 4), bool)
    result = surface_distances(empty, empty, (1.0, 1.0, 1.0))
    assert len(result.a_to_b) == len(result.b_to_a) == 0


def test_surface_voxels_of_a_cube_are_its_outer_layer():
    mask = cube((7, 7, 7), (1, 1, 1), (6, 6, 6))
    a_to_b, b_to_a = voxel_distances(mask, mask, (1.0, 1.0, 1.0))
    assert len(a_to_b) == 5**3 - 3**3
    assert a_to_b.max() == 0 and len(b_to_a) == len(a_to_b)


def test_masks_of_different_shapes_are_refused():
    with pytest.raises(InputError, match=r"\(3, 3, 3\) and \(3, 3, 4\)"):
        surface_distances(np.ones((3, 3, 3), bool), np.ones((3, 3, 4), bool), (1, 1, 1))


def test_a_flat_mask_is_refused():
    with pytest.raises(InputError, match="three axes"):
        surface_distances(np.ones((3, 3), bool), np.ones((3, 3), bool), (1, 1, 1))


@pytest.mark.parametrize("spacing", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0)])
def test_a_spacing_that_is_not_three_positive_lengths_is_refused(spacing):
    mask = np.ones((3, 3, 3), bool)
    with pytest.raises(InputError, match="three positive lengths"):
        surface_distances(mask, mask, spacing)
