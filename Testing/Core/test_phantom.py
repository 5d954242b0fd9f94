"""The analytic patient: right sizes, right sides, exact at any grid."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.phantom import default_geometry, make_phantom
from AutoContourRTCore.phantom_anatomy import body
from AutoContourRTCore.phantom_shapes import sample
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap

COARSE = (5.0, 4.0, 4.0)
#: Volume (ml) in the middle of what adult planning CTs show.
USUAL_ML = {
    "Brainstem": 22, "SpinalCord": 19, "Parotid_L": 25, "Parotid_R": 25, "Bone_Mandible": 62,
    "Larynx": 24, "Esophagus": 12, "Brain": 1330, "Eye_L": 7.5, "Eye_R": 7.5,
}


def centre(labels: LabelMap, name: str) -> np.ndarray:
    """Middle of a structure (LPS, mm)."""
    return labels.geometry.to_lps(np.argwhere(labels.masks[name])).mean(axis=0)


@pytest.fixture(scope="module")
def coarse():
    return make_phantom(COARSE, noise_hu=0)


def test_every_structure_has_an_adult_volume():
    _, labels = make_phantom(noise_hu=0)
    assert set(labels.names) == set(USUAL_ML)
    for name, usual in USUAL_ML.items():
        assert labels.volume_ml(name) == pytest.approx(usual, rel=0.08), name


def test_the_patient_lies_head_first_supine_with_the_left_towards_plus_x(coarse):
    _, labels = coarse
    assert centre(labels, "Parotid_L")[0] > 50 and centre(labels, "Parotid_R")[0] < -50
    assert centre(labels, "Eye_L")[0] > 25 and centre(labels, "Eye_R")[0] < -25
    assert centre(labels, "Bone_Mandible")[1] < centre(labels, "SpinalCord")[1] - 50
    heights = [centre(labels, name)[2] for name in ("Brain", "Brainstem", "Larynx", "Esophagus")]
    assert heights == sorted(heights, reverse=True)


def test_a_mask_holds_exactly_the_voxels_whose_centre_lies_in_the_solid():
    geometry = Geometry((30, 30, 30), (1.1, 0.9, 1.3), (14.0, -108.0, 24.0))
    _, labels = make_phantom(geometry=geometry, noise_hu=0)
    points = geometry.to_lps(np.moveaxis(np.indices(geometry.shape), 0, -1))
    ball = ((points - (32.0, -94.0, 40.0)) ** 2).sum(axis=-1) <= 12.2**2
    np.testing.assert_array_equal(labels.masks["Eye_L"], ball)
    assert not labels.masks["Eye_R"].any()


def test_the_same_volumes_come_out_at_any_spacing(coarse):
    _, fine = make_phantom((2.3, 1.9, 2.1), noise_hu=0)
    for name in USUAL_ML:
        assert coarse[1].volume_ml(name) == pytest.approx(fine.volume_ml(name), rel=0.06), name


def test_a_flipped_and_permuted_grid_shows_the_same_patient(coarse):
    volume, labels = coarse
    g = volume.geometry
    last = tuple(g.to_lps(np.array([g.shape[0] - 1, 0, 0])))
    axes = (g.axes[2], tuple(-v for v in g.axes[0]), g.axes[1])
    shape = (g.shape[2], g.shape[0], g.shape[1])
    spacing = (g.spacing[2], g.spacing[0], g.spacing[1])
    other, other_labels = make_phantom(geometry=Geometry(shape, spacing, last, axes), noise_hu=0)
    np.testing.assert_array_equal(other.array, volume.array[::-1].transpose(2, 0, 1))
    for name, mask in labels.masks.items():
        np.testing.assert_array_equal(other_labels.masks[name], mask[::-1].transpose(2, 0, 1))


def test_an_oblique_grid_shows_each_structure_at_the_same_place(coarse):
    c, s = np.cos(0.35), np.sin(0.35)
    axes = ((0.0, -s, c), (0.0, c, s), (1.0, 0.0, 0.0))
    geometry = Geometry((90, 110, 124), (5.0, 4.0, 4.0), (-248.0, -170.0, -300.0), axes)
    _, labels = make_phantom(geometry=geometry, noise_hu=0)
    for name in ("Brainstem", "Parotid_L", "Larynx", "Eye_R"):
        assert labels.volume_ml(name) == pytest.approx(coarse[1].volume_ml(name), rel=0.12)
        half_a_slice = 2.5
        assert centre(labels, name) == pytest.approx(centre(coarse[1], name), abs=half_a_slice)


def test_structures_do_not_overlap():
    _, labels = make_phantom(noise_hu=0)
    for a, b in combinations(labels.names, 2):
        assert not np.any(labels.masks[a] & labels.masks[b]), (a, b)


def test_nothing_but_air_lies_outside_the_skin_and_no_structure_leaves_it(coarse):
    volume, labels = coarse
    inside = np.zeros(volume.geometry.shape, dtype=bool)
    index, part = sample(body(), volume.geometry)
    inside[index] = part
    assert np.all(volume.array[~inside] == -1000)
    assert not any(np.any(mask & ~inside) for mask in labels.masks.values())


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("Brainstem", 25, 45), ("SpinalCord", 20, 60), ("Parotid_L", -60, 40), ("Brain", 20, 45),
     ("Bone_Mandible", 400, 1300), ("Eye_L", 0, 30), ("Esophagus", 20, 60)],
)
def test_the_middle_ct_number_of_each_structure_is_clinical(coarse, name, low, high):
    volume, labels = coarse
    assert low <= np.median(volume.array[labels.masks[name]]) <= high


def test_the_same_seed_gives_the_same_image_and_the_noise_is_as_asked():
    first, second = make_phantom(COARSE, seed=4)[0], make_phantom(COARSE, seed=4)[0]
    other, clean = make_phantom(COARSE, seed=5)[0], make_phantom(COARSE, noise_hu=0)[0]
    np.testing.assert_array_equal(first.array, second.array)
    assert np.any(first.array != other.array)
    tissue = clean.array > -900
    difference = first.array[tissue].astype(float) - clean.array[tissue]
    assert difference.std() == pytest.approx(10.0, rel=0.05)
    assert difference.mean() == pytest.approx(0.0, abs=0.2)


def test_oversampling_averages_edges_and_leaves_flat_regions_and_the_truth_alone(coarse):
    volume, labels = make_phantom(COARSE, noise_hu=0, oversampling=2)
    outside = (slice(0, 5), slice(0, 5), slice(0, 5))
    assert np.all(volume.array[outside] == -1000)
    assert len(np.unique(volume.array)) > 5 * len(np.unique(coarse[0].array))
    for name, mask in coarse[1].masks.items():
        np.testing.assert_array_equal(labels.masks[name], mask)


def test_couch_mask_and_streaks_change_the_image_and_not_the_truth(coarse):
    volume, labels = make_phantom(COARSE, True, True, True, noise_hu=0)
    couch_row = int(volume.geometry.to_kji(np.array([0.0, 130.0, 80.0]))[1])
    assert volume.array[-20, couch_row:, 60].max() > -500
    assert volume.array.max() == 3071
    for name, mask in coarse[1].masks.items():
        np.testing.assert_array_equal(labels.masks[name], mask)


def test_the_default_grid_has_the_spacing_asked_for():
    geometry = default_geometry((3.0, 2.0, 1.0))
    assert geometry.spacing == (3.0, 2.0, 1.0)
    assert geometry.shape == (112, 171, 497)


def test_a_bad_spacing_is_refused_by_name():
    with pytest.raises(InputError, match="spacing"):
        make_phantom((0.0, 2.0, 2.0))
    with pytest.raises(InputError, match="oversampling"):
        make_phantom(COARSE, oversampling=0)


def test_a_couch_without_room_is_refused():
    geometry = Geometry((40, 65, 124), (5.0, 4.0, 4.0), (-248.0, -150.0, -190.0))
    with pytest.raises(InputError, match="behind the patient"):
        make_phantom(geometry=geometry, couch=True)
