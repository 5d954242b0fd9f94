"""Outlines give the very same pixels back, have their area, and never touch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from AutoContourRTCore.volumes.dicom.outlines import outlines
from AutoContourRTCore.volumes.dicom.polygons import area, fill


def _random_mask(rng: np.random.Generator) -> np.ndarray:
    values = rng.random(tuple(rng.integers(1, 22, 2)))
    smooth = ndimage.gaussian_filter(values, rng.choice([0.0, 0.7, 1.5]))
    return np.asarray(smooth > np.quantile(smooth, rng.uniform(0.02, 0.95)))


def test_any_mask_comes_back_voxel_by_voxel_with_its_area_and_its_pieces() -> None:
    rng = np.random.default_rng(11)
    for _ in range(300):
        mask = _random_mask(rng)
        found = outlines(mask)
        back = [fill(np.round(polygon, 3), mask.shape) for polygon in found]
        assert np.array_equal(np.sum(back, axis=0) if back else np.zeros(mask.shape), mask)
        assert sum(area(polygon) for polygon in found) == pytest.approx(mask.sum(), abs=1e-9)
        assert len(found) == ndimage.label(mask)[1]


@pytest.mark.parametrize("pixels", [1, 4, 25])
def test_a_small_square_keeps_its_area(pixels: int) -> None:
    side = int(pixels**0.5)
    mask = np.pad(np.ones((side, side), bool), 3)
    (polygon,) = outlines(mask)
    assert area(polygon) == pytest.approx(pixels)


def test_a_ring_is_one_contour_whose_channel_avoids_the_centres() -> None:
    j, i = np.indices((30, 30))
    radius = np.hypot(j - 15, i - 15)
    ring = (radius < 12) & (radius > 6)
    (polygon,) = outlines(ring)
    steps = np.roll(polygon, -1, axis=0) - polygon
    there = [n for n in range(len(polygon)) if steps[n, 0] == 0 and abs(steps[n, 1]) > 3]
    on_rows = [polygon[n, 0] % 1 for n in there if _is_walked_back(polygon, n)]
    assert on_rows == [0.25, 0.25]
    assert np.array_equal(fill(polygon, ring.shape), ring)


def _is_walked_back(polygon: np.ndarray, number: int) -> bool:
    """Whether an edge is there a second time, the other way."""
    end = np.roll(polygon, -1, axis=0)
    same = np.abs(end - polygon[number]).max(axis=1) + np.abs(polygon - end[number]).max(axis=1)
    return bool((same < 1e-9).any())


def test_pixels_that_meet_at_a_corner_are_two_pieces_that_do_not_touch() -> None:
    one, other = outlines(np.array([[1, 0], [0, 1]], bool))
    assert np.abs(one[:, None] - other).max(axis=2).min() > 0.2
    assert not outlines(np.zeros((4, 4), bool))


def test_straight_walls_have_two_points() -> None:
    (polygon,) = outlines(np.pad(np.ones((40, 60), bool), 2))
    assert len(polygon) == 8


def test_a_large_slice_takes_less_than_a_second() -> None:
    j, i = np.indices((512, 512))
    mask = np.hypot(j - 256, i - 256) < 240
    mask[:, ::7] = False  # 69 strips
    found = outlines(mask)
    assert len(found) == ndimage.label(mask)[1]
