from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import contours_of, cut_to_box
from AutoContourRTCore.metrics.grids import (
    AS_STORED,
    beside_grid,
    check_frames,
    comparison_grid,
    on_grid,
    paired,
    spacing_text,
)
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap


def restored(mask, grid, order, flips):
    """The same mask stored with its axes in another order, some of them reversed."""
    array = np.flip(mask.transpose(order), flips)
    axes, start = np.asarray(grid.axes)[list(order)], np.zeros(3)
    for axis in flips:
        start[order[axis]] = grid.shape[order[axis]] - 1
        axes[axis] *= -1
    spacing = tuple(grid.spacing[n] for n in order)
    origin = tuple(grid.to_lps(start))
    return array, Geometry(array.shape, spacing, origin, tuple(map(tuple, axes)))


def contour_set(mask, grid, **more):
    return replace(contours_of(LabelMap({"Brain": mask}, grid)), **more)


@pytest.fixture()
def blob(grid):
    mask = np.zeros(grid.shape, bool)
    mask[4:12, 5:16, 6:20] = np.random.default_rng(0).random((8, 11, 14)) < 0.6
    return mask


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_however_a_mask_is_stored_it_comes_back_voxel_by_voxel(grid, blob, order, flips):
    array, other = restored(blob, grid, order, flips)
    found, how = on_grid(cut_to_box(array, other), grid)
    pair = paired(cut_to_box(blob, grid), found)
    assert how == AS_STORED
    np.testing.assert_array_equal(pair.a, pair.b)


def test_a_cropped_copy_and_one_from_a_larger_volume_are_the_same(grid, blob):
    cropped = cut_to_box(blob[2:15, 3:20, 5:22], grid.cropped((2, 3, 5), (15, 20, 22)))
    padded = np.pad(blob, 7)
    larger = Geometry(padded.shape, grid.spacing, tuple(grid.to_lps(np.array([-7, -7, -7]))))
    for contour in (cropped, cut_to_box(padded, larger)):
        pair = paired(cut_to_box(blob, grid), on_grid(contour, grid)[0])
        np.testing.assert_array_equal(pair.a, pair.b)


def test_nothing_is_cut_off_where_the_test_reaches_beyond_the_references_volume(grid, box):
    padded = np.pad(box((0, 0, 0), (2, 3, 4)), 5)
    padded[:6] |= padded[5:6]  # grows out of the reference's volume at its lower end
    larger = Geometry(padded.shape, grid.spacing, tuple(grid.to_lps(np.array([-5, -5, -5]))))
    moved, _ = on_grid(cut_to_box(padded, larger), grid)
    assert moved.start[0] == -5 and moved.mask.sum() == padded.sum()
    pair = paired(cut_to_box(box((0, 0, 0), (2, 3, 4)), grid), moved)
    assert pair.start[0] == -5 and pair.a.sum() == 2 * 3 * 4 and pair.b.sum() == padded.sum()
    np.testing.assert_allclose(pair.to_lps((5, 0, 0)), grid.to_lps(np.array([0, 0, 0])))


def test_a_resampled_mask_takes_the_value_of_the_nearest_voxel(grid, box):
    mask = box((4, 5, 6), (6, 7, 8))
    fine = Geometry((80, 96, 112), tuple(mm / 4 for mm in grid.spacing),
                    tuple(grid.to_lps(np.full(3, -3 / 8))))
    contour, how = on_grid(cut_to_box(mask, grid), fine)
    assert how == "nearest voxel of 1.25 x 1 x 2.5 mm"
    np.testing.assert_array_equal(contour.mask, np.ones((24, 28, 32), bool))
    assert contour.start == (16, 20, 24)
    back, _ = on_grid(contour, grid)
    pair = paired(cut_to_box(mask, grid), back)
    np.testing.assert_array_equal(pair.a, pair.b)


@pytest.mark.parametrize("order, flips", [((0, 1, 2), ()), ((2, 1, 0), (0, 2))])
def test_a_lattice_beside_the_grid_is_never_called_as_stored(grid, blob, order, flips):
    mm = (0.3, 0.0, 1.0)  # LPS; voxels of 2.5 x 1 x 1.25 mm
    shifted = replace(grid, origin=tuple(np.add(grid.origin, mm)))
    array, other = restored(blob, shifted, order, flips)
    contour = cut_to_box(array, other)
    pair = paired(cut_to_box(blob, grid), on_grid(contour, grid)[0])
    assert beside_grid(contour, grid) == pytest.approx(np.hypot(0.3, 1.0))
    assert on_grid(contour, grid)[1] == "nearest voxel, 1 mm beside the grid's"
    np.testing.assert_array_equal(pair.a, pair.b)
    whole = replace(grid, origin=tuple(grid.to_lps(np.array([2, 3, -1]))))
    assert beside_grid(cut_to_box(blob, whole), grid) == 0


def test_a_turned_grid_sees_each_voxel_centre_in_the_voxel_it_lies_in(grid, box):
    mask = box((4, 5, 6), (6, 7, 8))
    c, s = np.cos(0.3), np.sin(0.3)
    axes = ((0.0, 0.0, 1.0), (-s, c, 0.0), (c, s, 0.0))
    turned = Geometry((30, 60, 60), (1.0, 1.0, 1.0), tuple(grid.origin), axes)
    found, _ = on_grid(cut_to_box(mask, grid), turned)
    inside = np.argwhere(found.mask) + found.start
    nearest = np.floor(grid.to_kji(turned.to_lps(inside)) + 0.5).astype(int)
    assert mask[tuple(nearest.T)].all()
    all_places = np.moveaxis(np.indices((40, 80, 80)), 0, -1).reshape(-1, 3) - 10
    index = np.floor(grid.to_kji(turned.to_lps(all_places)) + 0.5).astype(int)
    within = ((index >= 0) & (index < grid.shape)).all(axis=1)
    assert mask[tuple(index[within].T)].sum() == len(inside)


def test_the_comparison_grid_is_the_references_the_tests_or_one_of_its_own(grid, box):
    mask = box((1, 1, 1), (2, 2, 2))
    other = Geometry((5, 5, 5), (3.0, 3.0, 3.0), grid.origin)
    a, b = contour_set(mask, grid), contour_set(np.ones((5, 5, 5), bool), other)
    assert comparison_grid(a, b, "reference") is grid
    assert comparison_grid(a, b, "test") is other
    assert comparison_grid(a, b, (1.0, 2.0, 3.0)).spacing == (1.0, 2.0, 3.0)
    with pytest.raises(InputError, match="sideways"):
        comparison_grid(a, b, "sideways")
    with pytest.raises(InputError, match="above 0"):
        comparison_grid(a, b, (1.0, 0.0, 1.0))


def test_volumes_that_do_not_overlap_are_refused_and_how_far_apart_they_are_is_said(grid, box):
    mask = box((1, 1, 1), (2, 2, 2))
    far = replace(grid, origin=(grid.origin[0], grid.origin[1], grid.origin[2] + 500))
    with pytest.raises(InputError, match="do not overlap.* 500 mm apart"):
        check_frames(contour_set(mask, grid), contour_set(mask, far))
    near = replace(grid, origin=(grid.origin[0], grid.origin[1], grid.origin[2] + 49))
    check_frames(contour_set(mask, grid), contour_set(mask, near))
    beside = replace(grid, origin=(grid.origin[0], grid.origin[1], grid.origin[2] + 50))
    with pytest.raises(InputError, match="do not overlap"):
        check_frames(contour_set(mask, grid), contour_set(mask, beside))


def test_masks_that_are_cut_to_their_organs_overlap_where_one_of_them_does(grid, box):
    far = replace(grid, origin=(grid.origin[0], grid.origin[1], grid.origin[2] + 500))
    mask = box((1, 1, 1), (2, 2, 2))
    low, high = contour_set(mask, grid), contour_set(mask, far)
    both = replace(high, contours={**high.contours, "Low": next(iter(low.contours.values()))})
    check_frames(both, low)
    check_frames(low, both)


def test_two_frames_of_reference_are_refused_and_an_unknown_one_is_not(grid, box):
    mask = box((1, 1, 1), (2, 2, 2))
    a = contour_set(mask, grid, frame_of_reference="1.2.3")
    with pytest.raises(InputError, match=r"frames of reference \(1.2.3 and 1.2.4\)"):
        check_frames(a, contour_set(mask, grid, frame_of_reference="1.2.4"))
    check_frames(a, contour_set(mask, grid))
    check_frames(a, contour_set(mask, grid, frame_of_reference="1.2.3"))


def test_the_axial_axis_is_the_one_along_the_patient_and_spacings_read_i_j_k(grid, blob):
    assert grid.long_axis == 0 and spacing_text(grid) == "1.25 x 1 x 2.5 mm"
    assert restored(blob, grid, (1, 2, 0), ())[1].long_axis == 2
