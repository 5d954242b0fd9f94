from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.measures import (
    average_surface_distances,
    dice,
    hausdorff_distance,
    mean_surface_distance,
    surface_dice,
    surface_overlaps,
)
from AutoContourRTCore.metrics.surfaces import surface_distances

SPACING = (2.5, 0.976, 0.976)
EMPTY = np.zeros((6, 6, 6), bool)
DRAWN = EMPTY.copy()
DRAWN[1:4, 1:5, 2:5] = True


def blob(seed, share):
    noise = np.random.default_rng(seed).normal(size=(14, 18, 16))
    smooth = ndimage.gaussian_filter(noise, 1.5)
    return smooth > np.quantile(smooth, 1 - share)


def test_dice_of_two_of_three_voxels_is_four_fifths():
    a, b = np.zeros((1, 1, 4), bool), np.zeros((1, 1, 4), bool)
    a[..., :3], b[..., 1:3] = True, True
    assert dice(a, b) == pytest.approx(0.8)


def test_dice_of_masks_of_different_shapes_is_refused():
    with pytest.raises(InputError, match="different shapes"):
        dice(np.ones((2, 2, 2), bool), np.ones((1, 2, 2), bool))


def test_equal_masks_agree_perfectly():
    distances = surface_distances(DRAWN, DRAWN, SPACING)
    assert dice(DRAWN, DRAWN) == 1
    assert surface_dice(distances, 0.0) == 1
    assert average_surface_distances(distances) == (0, 0)
    assert hausdorff_distance(distances) == 0
    assert mean_surface_distance(DRAWN, DRAWN, SPACING) == 0


def test_two_empty_masks_follow_the_conventions_of_the_reference(reference):
    distances = surface_distances(EMPTY, EMPTY, SPACING)
    assert math.isnan(dice(EMPTY, EMPTY))
    assert math.isnan(surface_dice(distances, 1.0))
    assert all(math.isnan(value) for value in average_surface_distances(distances))
    assert hausdorff_distance(distances, 95) == math.inf
    assert math.isnan(mean_surface_distance(EMPTY, EMPTY, SPACING))
    theirs = reference.compute_surface_distances(EMPTY, EMPTY, SPACING)
    assert reference.compute_robust_hausdorff(theirs, 95) == math.inf


def test_one_empty_mask_follows_the_conventions_of_the_reference():
    distances = surface_distances(DRAWN, EMPTY, SPACING)
    assert dice(DRAWN, EMPTY) == 0
    assert surface_dice(distances, 1.0) == 0
    there, back = average_surface_distances(distances)
    assert there == math.inf and math.isnan(back)
    assert hausdorff_distance(distances, 95) == math.inf
    assert mean_surface_distance(DRAWN, EMPTY, SPACING) == math.inf


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), SPACING, (1.0, 3.0, 2.0)])
def test_every_measure_of_random_blobs_equals_the_reference(seed, spacing, reference):
    a, b = blob(seed, 0.4), blob(seed + 50, 0.3)
    mine = surface_distances(a, b, spacing)
    theirs = reference.compute_surface_distances(a, b, spacing)
    assert dice(a, b) == pytest.approx(reference.compute_dice_coefficient(a, b), rel=1e-12)
    assert average_surface_distances(mine) == pytest.approx(
        reference.compute_average_surface_distance(theirs), rel=1e-9
    )
    for tolerance in (0.0, 0.976, 1.0, 1.5, 2.5):
        expected = reference.compute_surface_dice_at_tolerance(theirs, tolerance)
        assert surface_dice(mine, tolerance) == pytest.approx(expected, rel=1e-9)
        expected = reference.compute_surface_overlap_at_tolerance(theirs, tolerance)
        assert surface_overlaps(mine, tolerance) == pytest.approx(expected, rel=1e-9)
    for percent in (0, 50, 90, 95, 99, 100):
        expected = reference.compute_robust_hausdorff(theirs, percent)
        assert hausdorff_distance(mine, percent) == pytest.approx(expected, rel=1e-9)


def shapes():
    """Pairs that are easily got wrong: single voxels, every edge of the volume, empties."""
    one = np.zeros((5, 6, 7), bool)
    one[2, 3, 4] = True
    corners = np.zeros((5, 6, 7), bool)
    corners[::4, ::5, ::6] = True  # the eight corners of the volume
    shell = np.ones((5, 6, 7), bool)
    shell[1:-1, 1:-1, 1:-1] = False
    full, nothing = np.ones((5, 6, 7), bool), np.zeros((5, 6, 7), bool)
    return {"voxel": one, "corners": corners, "shell": shell, "full": full, "nothing": nothing}


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), SPACING])
@pytest.mark.parametrize("second", shapes())
@pytest.mark.parametrize("first", shapes())
def test_every_measure_of_odd_shapes_equals_the_reference(first, second, spacing, reference):
    a, b = shapes()[first], shapes()[second]
    mine = surface_distances(a, b, spacing)
    theirs = reference.compute_surface_distances(a, b, spacing)
    with np.errstate(all="ignore"):  # the reference divides by the area of nothing
        expected = [
            reference.compute_dice_coefficient(a, b),
            *reference.compute_average_surface_distance(theirs),
            reference.compute_robust_hausdorff(theirs, 95),
            reference.compute_robust_hausdorff(theirs, 100),
            *[reference.compute_surface_dice_at_tolerance(theirs, t) for t in (0.0, 1.0, 2.5)],
        ]
    found = [
        dice(a, b), *average_surface_distances(mine), hausdorff_distance(mine, 95),
        hausdorff_distance(mine), *[surface_dice(mine, t) for t in (0.0, 1.0, 2.5)],
    ]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


def test_rounding_the_tolerance_counts_a_shift_that_the_plain_tolerance_misses():
    moved = np.roll(DRAWN, 1, axis=0)
    distances = surface_distances(DRAWN, moved, (2.5, 2.0, 2.0))
    assert surface_dice(distances, 2.4) < 1  # 2.4 mm is nearest to one slice of 2.5 mm
    assert surface_dice(distances, 2.4, round_to_grid=True) == 1


@pytest.mark.parametrize("step", [3.0, 3.0000000000000004, 3.0000001192, 2.9999999])
def test_rounding_errors_of_a_spacing_take_nothing_out_of_the_tolerance(step):
    """A slice of 3 mm as files tell it: turned by 15 degrees in NRRD, in single precision."""
    distances = surface_distances(DRAWN, np.roll(DRAWN, 1, axis=0), (step, 1.0, 1.0))
    assert surface_dice(distances, 3.0) == 1 and surface_overlaps(distances, 3.0) == (1, 1)
    assert surface_dice(distances, 2.9999) < 1


def test_average_distance_weighs_areas_and_mean_surface_distance_counts_voxels():
    """A slab of two slices against one moved by one slice; slices are 10 mm apart."""
    a = np.zeros((6, 1, 1), bool)
    a[1:3] = True
    b = np.roll(a, 1, axis=0)
    assert mean_surface_distance(a, b, (10.0, 1.0, 1.0)) == pytest.approx(5.0)
    there, back = average_surface_distances(surface_distances(a, b, (10.0, 1.0, 1.0)))
    # 4 corner triangles at each end, 4 walls one slice high between; one end lies 10 mm from b.
    corner = math.sqrt(0.125**2 + 2 * 1.25**2)
    walls = 10 * math.sqrt(0.5)
    assert there == pytest.approx(10 * 4 * corner / (8 * corner + 4 * walls))
    assert back == pytest.approx(there)


def test_mean_surface_distance_averages_both_directions():
    """One voxel against it and one 6 mm away: 0 one way, 3 mm the other, 1.5 mm in the mean."""
    a = np.zeros((1, 1, 8), bool)
    a[0, 0, 0] = True
    b = a.copy()
    b[0, 0, 6] = True
    assert mean_surface_distance(a, b, (1.0, 1.0, 1.0)) == pytest.approx(1.5)


def test_the_hausdorff_distance_is_the_larger_direction():
    a = np.zeros((3, 3, 20), bool)
    a[1, 1, 2:5] = True
    b = a.copy()
    b[1, 1, 15] = True
    distances = surface_distances(a, b, (1.0, 1.0, 1.0))
    assert hausdorff_distance(distances) == pytest.approx(11.0)
    assert hausdorff_distance(distances, 0.0) == 0


def test_a_negative_tolerance_and_an_impossible_percentile_are_refused():
    distances = surface_distances(DRAWN, DRAWN, SPACING)
    with pytest.raises(InputError, match="-1"):
        surface_dice(distances, -1.0)
    with pytest.raises(InputError, match="101"):
        hausdorff_distance(distances, 101.0)


def observer_pairs(folder):
    """Rows of the reference table with both observers' masks [k, j, i] and the spacing."""
    sitk = pytest.importorskip("SimpleITK")
    masks = folder / "masks_tcia" / "validation"
    with open(folder / "masks_tcia" / "reference_validation.csv", newline="") as table:
        for row in csv.DictReader(table):
            paths = [
                masks / who / row["case"] / "segmentations" / f"{row['structure']}.nrrd"
                for who in ("oncologist", "radiographer")
            ]
            yield row, lambda paths=paths: [sitk.ReadImage(str(path)) for path in paths]


def assert_row_matches(row, images):
    import SimpleITK as sitk

    a, b = (sitk.GetArrayFromImage(image) > 0 for image in images)
    distances = surface_distances(a, b, images[0].GetSpacing()[::-1])
    there, back = average_surface_distances(distances)
    found = {
        "surface_dsc": surface_dice(distances, float(row["tolerance_mm"])),
        "dsc": dice(a, b),
        "asd_oncologist_to_radiographer_mm": there,
        "asd_radiographer_to_oncologist_mm": back,
        "hd95_mm": hausdorff_distance(distances, 95),
    }
    expected = {name: float(row[name]) for name in found}
    same = pytest.approx(expected, rel=0, abs=1e-9, nan_ok=True)
    assert found == same, f"{row['case']} {row['structure']}"


def test_observer_contours_give_the_reference_figures(shared_data):
    some = ("Brainstem", "Cochlea-Lt", "Mandible", "Parotid-Lt", "Spinal-Cord", "Lens-Rt")
    rows = [
        (row, read) for row, read in observer_pairs(shared_data)
        if row["case"] in ("0522c0014", "TCGA-CV-5977") and row["structure"] in some
    ]
    assert len(rows) >= 6
    for row, read in rows:
        assert_row_matches(row, read())

