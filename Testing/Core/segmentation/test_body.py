"""The body mask against the phantom's known skin, and on real CTs."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from typing import Tuple

import numpy as np
import pytest
from scipy import ndimage

from AutoContourRTCore.artefacts import add_couch, add_dental_streaks, add_fixation_mask, padded
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.phantom import TEETH_LPS, default_geometry, make_phantom
from AutoContourRTCore.phantom_anatomy import body
from AutoContourRTCore.phantom_shapes import sample
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.segfile import read_labelmap
from AutoContourRTCore.volumes.volume import Volume

COARSE = (3.0, 4.3, 4.3)


def true_body(geometry: Geometry) -> np.ndarray:
    mask = np.zeros(geometry.shape, dtype=bool)
    index, part = sample(body(), geometry)
    mask[index] = part
    return mask


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))


def changed(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the second mask by which the first differs."""
    return float(np.count_nonzero(a != b) / np.count_nonzero(b))


@pytest.fixture(scope="module")
def coarse() -> Tuple[Volume, np.ndarray]:
    volume, _ = make_phantom(COARSE, noise_hu=15)
    return volume, body_mask(volume)


@pytest.mark.parametrize("spacing", [COARSE, (5.0, 5.4, 5.4), (2.5, 2.0, 2.0)])
def test_the_mask_is_the_body_with_its_airways_and_lungs(spacing):
    volume, labels = make_phantom(spacing, noise_hu=15)
    mask = body_mask(volume)
    assert mask.dtype == bool and mask.shape == volume.array.shape
    assert dice(mask, true_body(volume.geometry)) > 0.994
    for name in labels.names:
        assert np.all(mask[labels.masks[name]]), name
    for hollow in ((0.0, -22.0, -140.0), (-55.0, 25.0, -185.0)):
        assert mask[tuple(np.rint(volume.geometry.to_kji(np.array(hollow))).astype(int))], hollow


def test_a_one_millimetre_grid_gets_its_skin_at_one_millimetre():
    geometry = Geometry((50, 200, 200), (1.0, 1.0, 1.0), (-100.0, -140.0, -60.0))
    volume, _ = make_phantom(geometry=geometry, noise_hu=15)
    assert dice(body_mask(volume), true_body(geometry)) > 0.994


@pytest.mark.parametrize("gap", [0.0, 2.0, 6.0])
def test_a_couch_is_left_out_whether_the_patient_touches_it_or_not(coarse, gap):
    volume, plain = coarse
    assert changed(body_mask(add_couch(volume, gap)), plain) < 0.003


@pytest.mark.parametrize(
    "geometry",
    [default_geometry(COARSE), Geometry((30, 190, 150), (3.0, 1.3, 1.3), (-97.0, -150.0, -20.0))],
)
def test_a_fixation_mask_that_stands_off_the_skin_is_left_out(geometry):
    volume, _ = make_phantom(geometry=geometry, noise_hu=15)
    masked = add_fixation_mask(volume, thickness_mm=4.0, gap_mm=4.0)
    assert np.count_nonzero((masked.array > -300) & (volume.array < -900)) > 500
    assert changed(body_mask(masked), body_mask(volume)) < 0.003


def test_a_fixation_mask_glued_to_the_skin_adds_no_more_than_a_layer_of_voxels(coarse):
    volume, plain = coarse
    more = body_mask(add_fixation_mask(volume, gap_mm=0.0)) & ~plain
    layer = ndimage.binary_dilation(plain, np.ones((3, 3, 3))) & ~plain
    assert np.count_nonzero(more & ~layer) < 0.002 * np.count_nonzero(plain)


def test_dental_streaks_do_not_move_the_skin(coarse):
    volume, plain = coarse
    assert changed(body_mask(add_dental_streaks(volume, TEETH_LPS)), plain) < 0.001


@pytest.mark.parametrize("air", [-1024, -2048, -3024])
def test_the_value_of_air_and_padding_does_not_matter(coarse, air):
    volume, plain = coarse
    j, i = np.indices(volume.array.shape[1:])
    circle = np.hypot(j - 39.5, i - 57.5) > 57
    for where in (np.broadcast_to(circle, volume.array.shape) & ~plain, volume.array < -900):
        array = np.where(where, air, volume.array).astype(np.int16)
        assert changed(body_mask(Volume(array, volume.geometry)), plain) < 1e-3


def test_floating_point_images_give_the_same_mask(coarse):
    volume, plain = coarse
    for kind in (np.float32, np.float64, np.int32):
        same = body_mask(Volume(volume.array.astype(kind), volume.geometry))
        np.testing.assert_array_equal(same, plain)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_flips_and_permutations_of_the_array_give_the_same_body(coarse, order):
    volume, plain = coarse
    g = volume.geometry
    origin = tuple(g.to_lps(np.array([g.shape[0] - 1, 0, g.shape[2] - 1])))
    signed = [tuple(-v for v in g.axes[0]), g.axes[1], tuple(-v for v in g.axes[2])]
    geometry = Geometry(
        tuple(g.shape[n] for n in order), tuple(g.spacing[n] for n in order), origin,
        tuple(signed[n] for n in order),
    )
    array = volume.array[::-1, :, ::-1].transpose(order)
    expected = plain[::-1, :, ::-1].transpose(order)
    np.testing.assert_array_equal(body_mask(Volume(array, geometry)), expected)


@pytest.mark.parametrize("degrees", [20, 40])
def test_an_oblique_grid_gives_the_same_body(degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    axes = ((0.0, -s, c), (0.0, c, s), (1.0, 0.0, 0.0))
    geometry = Geometry((110, 120, 124), (4.0, 4.0, 4.0), (-248.0, -120.0, -290.0), axes)
    volume, _ = make_phantom(geometry=geometry, noise_hu=15)
    assert dice(body_mask(volume), true_body(geometry)) > 0.99


@pytest.mark.parametrize(
    "part", [(slice(None), slice(None), slice(30, 80)), (slice(None), slice(20, 55), slice(None)),
             (slice(20, 50), slice(15, 60), slice(40, 75))],
)
def test_a_patient_cut_by_the_field_of_view_does_not_leak(coarse, part):
    volume, _ = coarse
    start = [s.indices(n)[0] for s, n in zip(part, volume.array.shape)]
    stop = [s.indices(n)[1] for s, n in zip(part, volume.array.shape)]
    geometry = volume.geometry.cropped(start, stop)
    mask = body_mask(Volume(volume.array[part], geometry))
    expected = true_body(volume.geometry)[part]
    assert np.count_nonzero(mask & ~expected) < 0.01 * np.count_nonzero(expected)
    tissue = expected & (volume.array[part] > -300)
    assert np.count_nonzero(tissue & ~mask) < 0.01 * np.count_nonzero(tissue)


def test_lung_cut_by_the_edge_is_body_and_air_at_the_edge_is_not():
    array = np.full((20, 60, 60), -1000, dtype=np.int16)
    array[:, 10:50, :] = 40
    array[:, 20:40, 30:] = -820
    mask = body_mask(Volume(array, Geometry(array.shape, (3.0, 3.0, 3.0))))
    assert mask[:, 10:50].all() and not mask[:, :10].any() and not mask[:, 50:].any()


def test_a_volume_inside_the_patient_is_body_all_over():
    array = np.full((20, 30, 40), 40, dtype=np.int16)
    assert body_mask(Volume(array, Geometry(array.shape, (2.0, 2.0, 2.0)))).all()


def test_one_slice_is_enough(coarse):
    volume, plain = coarse
    geometry = volume.geometry.cropped((60, 0, 0), (61, *volume.array.shape[1:]))
    mask = body_mask(Volume(volume.array[60:61], geometry))
    assert changed(mask, plain[60:61]) < 0.02


@pytest.mark.parametrize("value", [-1000, -1024, -3024])
def test_air_alone_holds_no_body(value):
    array = np.full((10, 40, 40), value, dtype=np.int16)
    with pytest.raises(InputError, match="no body found"):
        body_mask(Volume(array, Geometry(array.shape, (3.0, 3.0, 3.0))))


def test_a_couch_alone_holds_no_body():
    array = np.full((40, 60, 100), -1000, dtype=np.int16)
    array[:, 40] = array[:, 46] = -100
    with pytest.raises(InputError, match="no body found"):
        body_mask(Volume(array, Geometry(array.shape, (3.0, 3.0, 3.0))))


def test_a_large_volume_is_quick_and_stays_small():
    half = Geometry((160, 256, 256), (2.0, 2.0, 2.0), (-256.0, -256.0, -190.0))
    coarse = make_phantom(geometry=half)[0].array
    array = coarse.repeat(2, axis=1).repeat(2, axis=2)
    volume = Volume(array, Geometry(array.shape, (2.0, 1.0, 1.0), (-256.5, -256.5, -190.0)))
    start = time.process_time()
    body_mask(volume)
    assert time.process_time() - start < 5.0
    tracemalloc.start()
    body_mask(volume)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * volume.array.size


@pytest.fixture(scope="session")
def real_cases(shared_data: Path):
    folders = sorted((shared_data / "head_neck" / "validation").iterdir())
    return [(f.name, read_volume(f / "ct.nrrd"), f / "structures.seg.nrrd") for f in folders]


def test_real_patients_keep_their_tissue_and_every_drawn_structure(real_cases):
    kept = []
    for name, volume, structures in real_cases:
        mask, tissue = body_mask(volume), volume.array > -300
        labels, _ = ndimage.label(tissue)
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        largest = labels == sizes.argmax()
        kept.append(np.count_nonzero(mask & largest) / np.count_nonzero(largest))
        for structure, drawn in read_labelmap(structures).masks.items():
            assert not np.any(drawn & tissue & ~mask), (name, structure)
    # In two of the 31 cases the largest piece of tissue includes parts of the couch.
    assert np.sort(kept)[2] > 0.995 and min(kept) > 0.96


def test_real_patients_are_the_same_with_a_couch_and_a_mask(real_cases):
    for name, volume, _ in real_cases[::6]:
        roomy = padded(volume, (0, 14, 14))
        plain = body_mask(roomy)
        assert changed(body_mask(add_couch(roomy, 5.0)), plain) < 0.001, name
        assert changed(body_mask(add_couch(roomy)), plain) < 0.01, name
        apart = add_fixation_mask(roomy, gap_mm=3.0)
        assert changed(body_mask(apart), plain) < 0.001, name


def test_the_default_grid_of_the_phantom_has_room_for_the_couch():
    assert default_geometry(COARSE).shape[1] * COARSE[1] > 330
