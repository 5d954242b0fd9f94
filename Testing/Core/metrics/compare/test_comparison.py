"""Whole sets: the public entry of the metrics."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.comparison import compare, pair_of
from AutoContourRTCore.metrics.compare.rows import UNMATCHED
from AutoContourRTCore.metrics.contours import contours_of
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import resample_mask
from AutoContourRTCore.volumes.volume import Volume

FIGURES = ("dice", "msd_mm", "surface_dice", "asd_reference_to_test_mm", "hd_mm", "hd95_mm",
           "apl_mm", "shift_lr_mm", "shift_ap_mm", "shift_si_mm", "volume_test_ml")


@pytest.fixture()
def organs(grid):
    """Smooth blobs: of a natural shape, so that nothing hides behind straight edges."""
    noise = np.random.default_rng(1).normal(size=(3, *grid.shape))
    smooth = [ndimage.gaussian_filter(each, (2, 4, 4)) for each in noise]
    masks = {name: each > np.quantile(each, 0.8)
             for name, each in zip(("Brain", "Parotid-Lt", "Cord"), smooth)}
    return LabelMap(masks, grid)


def flipped(labelmap, flips=(0, 2)):
    grid = labelmap.geometry
    axes, start = np.asarray(grid.axes), np.zeros(3)
    for axis in flips:
        start[axis] = grid.shape[axis] - 1
        axes[axis] *= -1
    other = Geometry(grid.shape, grid.spacing, tuple(grid.to_lps(start)), tuple(map(tuple, axes)))
    return LabelMap({n: np.flip(m, flips) for n, m in labelmap.masks.items()}, other)


def cropped(labelmap):
    filled = np.argwhere(np.any(list(labelmap.masks.values()), axis=0))
    start, stop = filled.min(axis=0), filled.max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(start, stop))
    return LabelMap({n: m[box] for n, m in labelmap.masks.items()},
                    labelmap.geometry.cropped(start, stop))


def resampled(labelmap, spacing):
    fine = labelmap.geometry.with_spacing(spacing)
    return LabelMap({n: resample_mask(m, labelmap.geometry, fine)
                     for n, m in labelmap.masks.items()}, fine)


def figures(row):
    return [row[name] for name in FIGURES]


@pytest.mark.parametrize("stored", [flipped, cropped, lambda x: cropped(flipped(x, (1,)))])
def test_a_copy_stored_otherwise_is_identical(organs, stored):
    for row in compare(organs, stored(organs)).rows:
        assert row["dice"] == row["surface_dice"] == 1
        assert row["msd_mm"] == row["hd_mm"] == row["apl_mm"] == 0
        shift = [row[f"shift_{n}_mm"] for n in ("lr", "ap", "si")]
        assert shift == pytest.approx([0, 0, 0], abs=1e-9)


@pytest.mark.parametrize("spacing", [(1.25, 0.5, 0.625), (1.0, 0.7, 0.9), (2.0, 1.1, 1.1)])
@pytest.mark.parametrize("stored", [lambda x: x, flipped, cropped])
def test_a_resampled_copy_is_identical_within_half_a_voxel(organs, spacing, stored):
    voxel = float(np.linalg.norm(organs.geometry.spacing))
    for row in compare(organs, stored(resampled(organs, spacing))).rows:
        for name in ("asd_reference_to_test_mm", "asd_test_to_reference_mm", "msd_mm"):
            assert row[name] < voxel / 2
        assert row["hd95_mm"] <= voxel / 2 + 1e-9 or row["hd95_mm"] <= max(organs.geometry.spacing)
        assert max(abs(row[f"shift_{n}_mm"]) for n in ("lr", "ap", "si")) < 0.5
        assert abs(row["volume_difference_percent"]) < 5


def test_the_figures_do_not_depend_on_the_number_of_threads_or_on_who_is_stored_how(organs):
    test = LabelMap({n: np.roll(m, 1, 1) for n, m in organs.masks.items()}, organs.geometry)
    plain = [figures(row) for row in compare(organs, test, Settings(workers=1)).rows]
    for settings in (Settings(workers=3), Settings()):
        again = compare(cropped(organs), flipped(test), settings).rows
        np.testing.assert_allclose([figures(row) for row in again], plain, atol=1e-9)


def test_names_are_matched_and_rows_come_in_the_order_of_the_reference(organs):
    test = LabelMap({"spinal cord": organs.masks["Cord"], "LeftParotid": organs.masks["Parotid-Lt"],
                     "GTV": organs.masks["Brain"]}, organs.geometry)
    found = compare(organs, test, case="seven")
    told = [(r.case, r.structure, r.reference_name, r.test_name, r.state) for r in found.rows]
    assert told == [
        ("seven", "Parotid_L", "Parotid-Lt", "LeftParotid", "compared"),
        ("seven", "SpinalCord", "Cord", "spinal cord", "compared"),
        ("seven", "Brain", "Brain", "", "missing in test"),
        ("seven", "GTV", "", "GTV", "not in reference"),
    ]
    assert [r["dice"] for r in found.rows[:3]] == [1, 1, 0] and math.isnan(found.rows[3]["dice"])


def test_a_match_by_hand_overrides_and_one_that_is_not_used_is_told(organs):
    settings = Settings(by_hand=(("Brain", "Cord"), ("Heart", "x"), ("Cord", "")))
    found = compare(organs, organs, settings)
    assert [(r.reference_name, r.test_name) for r in found.rows] == [
        ("Brain", "Cord"), ("Parotid-Lt", "Parotid-Lt"), ("", "Brain")
    ]
    assert "'Heart' = 'x' was not used: 'Heart' is not there" in found.warnings[0]


def test_two_names_of_one_structure_give_no_figures_and_no_verdict(organs):
    masks = {**organs.masks, "Left Parotid": organs.masks["Parotid-Lt"]}
    test = LabelMap({"Brain": masks["Brain"], "Parotid_L": masks["Parotid-Lt"]}, organs.geometry)
    found = compare(LabelMap(masks, organs.geometry), test).rows
    doubtful = [row for row in found if row.structure == "Parotid_L"]
    assert [row.state for row in doubtful] == [UNMATCHED] * 3
    for row in doubtful:
        assert math.isnan(row["dice"]) and "match by hand" in row.notes[0]
        volumes = row["volume_reference_ml"], row["volume_test_ml"]
        assert sum(map(math.isfinite, volumes)) == 1 and math.isnan(row["volume_difference_ml"])


def test_voxels_beside_the_grid_are_told_with_their_distance(organs):
    x, y, z = organs.geometry.origin
    moved = LabelMap(organs.masks, replace(organs.geometry, origin=(x + 0.5, y, z + 1.2)))
    row = compare(organs, moved).rows[0]
    assert row["shift_si_mm"] == pytest.approx(1.2)
    assert "the test contour's voxels lie 1.3 mm beside the grid's" in row.notes[0]
    assert "nearest voxel, 1.3 mm beside" in row.rasterisation
    finer = compare(organs, moved, Settings(grid=(0.6, 0.5, 0.5))).rows[0]
    assert finer.notes == () and finer["dice"] < 1


def test_every_grid_choice_is_told_in_the_row(organs):
    test = resampled(organs, (2.0, 2.0, 2.0))
    by = {str(g): compare(organs, test, Settings(grid=g)).rows[0]
          for g in ("reference", "test", (3.0, 1.0, 1.5))}
    assert by["reference"].grid == "1.25 x 1 x 2.5 mm"
    assert "test: binary mask as stored, nearest voxel of 2 x 2 x 2 mm" in (
        by["reference"].rasterisation
    )
    assert by["test"].grid == "2 x 2 x 2 mm"
    assert "reference: binary mask as stored, nearest voxel" in by["test"].rasterisation
    assert by["(3.0, 1.0, 1.5)"].grid == "1.5 x 1 x 3 mm"
    assert by["(3.0, 1.0, 1.5)"].rasterisation.count("nearest voxel") == 2


def test_volumes_are_those_of_the_contours_as_stored(organs):
    test = resampled(organs, (2.0, 2.0, 2.0))
    row = compare(organs, test).rows[0]
    assert row["volume_test_ml"] == pytest.approx(test.volume_ml("Brain"))


def test_a_contour_too_small_for_the_comparison_grid_is_told(grid, box):
    reference = LabelMap({"Lens_L": box((3, 4, 5), (4, 4, 4))}, grid)
    fine = Geometry((40, 48, 56), tuple(mm / 2 for mm in grid.spacing), grid.origin)
    speck = np.zeros(fine.shape, bool)
    speck[9, 11, 13] = True  # odd: between the voxel centres of the reference's grid
    row = compare(reference, LabelMap({"Lens_L": speck}, fine)).rows[0]
    assert row["dice"] == 0 and row["volume_test_ml"] > 0
    assert any("too small for the comparison grid" in note for note in row.notes)


def test_no_common_structure_is_refused_and_both_sides_are_listed(organs):
    test = LabelMap({"Heart": organs.masks["Brain"]}, organs.geometry)
    with pytest.raises(InputError, match="no structure in common.*'Parotid-Lt'.*'Heart'.*--map"):
        compare(organs, test)
    assert len(compare(organs, test, need_common=False).rows) == 4


def test_two_frames_of_reference_are_refused(organs):
    a, b = (replace(contours_of(organs), frame_of_reference=uid) for uid in ("1.2", "1.3"))
    with pytest.raises(InputError, match="frames of reference"):
        compare(a, b)


def test_a_dose_that_covers_a_structure_in_part_is_told_and_one_elsewhere_refused(organs):
    grid = organs.geometry
    half = grid.cropped((0, 0, 0), (10, *grid.shape[1:]))
    found = compare(organs, organs, dose=Volume(np.ones(half.shape, np.float32), half))
    share = organs.masks["Brain"][:10].sum() / organs.masks["Brain"].sum()
    assert f"Brain: the dose covers {100 * share:.1f} % of the reference contour" in str(
        found.warnings
    )
    assert math.isnan(found.rows[0]["dose_mean_reference_gy"])
    far = replace(grid, origin=(500.0, 0.0, 0.0))
    with pytest.raises(InputError, match="covers 0 % of every contour"):
        compare(organs, organs, dose=Volume(np.ones(grid.shape, np.float32), far))


def test_a_dose_with_nan_is_refused(organs):
    array = np.full(organs.geometry.shape, np.nan)
    with pytest.raises(InputError, match="not finite"):
        compare(organs, organs, dose=Volume(array, organs.geometry))


def test_dose_columns_are_there_with_a_dose_only(organs):
    dose = Volume(np.full(organs.geometry.shape, 2.0), organs.geometry)
    with_dose = compare(organs, organs, Settings(dvh_points=("D95%",)), dose=dose)
    assert "D95%_difference_gy" in with_dose.columns
    assert with_dose.rows[0]["dose_mean_test_gy"] == pytest.approx(2.0)
    assert not [name for name in compare(organs, organs).columns if "dose" in name]


def test_drawn_slices_need_the_references_grid(organs):
    with pytest.raises(InputError, match="leave out --grid"):
        compare(organs, organs, Settings(grid="test"), drawn={"*": [3]})
    row = compare(organs, organs, drawn={"*": [3], "Brain": [4, 5]}).rows[0]
    assert row["voxels_reference"] == organs.masks["Brain"][4:6].sum()


def test_drawn_slices_that_are_not_there_are_refused_and_structures_told(organs):
    count = organs.geometry.shape[0]
    with pytest.raises(InputError, match=f"slice {count} of Brain is not there.*{count} axial"):
        compare(organs, organs, drawn={"Brain": [3, count]})
    told = compare(organs, organs, drawn={"Brian": [3], "SpinalCord": [3], "*": [4]}).warnings
    assert told == ("The drawn slices of 'Brian' were not used: there is no such structure.",)


def test_cancel_ends_the_work_at_once_and_nothing_goes_on(organs):
    told = []

    def stop_after_the_start(fraction, message):
        told.append(fraction)
        if len(told) > 1:
            raise Cancelled()

    before = threading.active_count()
    with pytest.raises(Cancelled):
        compare(organs, organs, progress=stop_after_the_start)
    assert len(told) == 2
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(10)
    assert threading.active_count() <= before


def test_progress_rises_to_one(organs):
    told = []
    compare(organs, organs, progress=lambda fraction, message: told.append((fraction, message)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1


def test_a_pair_for_drawing_lies_where_the_contours_lie(organs):
    match = compare(organs, organs).matches[0]
    pair = pair_of(organs, flipped(organs), match)
    np.testing.assert_array_equal(pair.a, pair.b)
    place = np.argwhere(pair.a)[0]
    k, j, i = np.rint(organs.geometry.to_kji(pair.to_lps(place))).astype(int)
    assert organs.masks["Brain"][k, j, i]
