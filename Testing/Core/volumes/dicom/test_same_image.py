"""Does an image show what the DICOM slices show at the same place?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Tuple

import numpy as np
import pytest
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.same_image import (
    Sample,
    check_same_image,
    read_sample,
    sample,
    write_sample,
)
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.resample import resample
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((20, 60, 64), (3.0, 1.5, 1.25), (-10.0, 20.0, 300.0))


def ct(seed: int = 0) -> Volume:
    """Blobs of some voxels, from -300 to 300 HU about, and noise of 10 HU."""
    random = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(random.normal(size=GRID.shape), (1.0, 2.5, 3.0))
    return Volume(100 * blobs / blobs.std() + random.normal(0, 10, GRID.shape), GRID)


def check(image: Volume, of: Volume) -> None:
    check_same_image(sample(image.array, image.geometry), of, "'CT'", "folder")


def moved(image: Volume, mm: Tuple[float, float, float]) -> Volume:
    """The same voxels at another place; mm along x, y, z."""
    x, y, z = (a + b for a, b in zip(image.geometry.origin, mm))
    return Volume(image.array, replace(image.geometry, origin=(x, y, z)))


def test_a_sample_is_of_the_voxels_at_its_points_without_air() -> None:
    array = np.full(GRID.shape, -1000.0)
    array[3, 4, 5], array[7, 8, 9] = 40.0, 50.0
    found = sample(np.repeat(array[:, :, :1], 64, axis=2), GRID)
    assert len(found.values) == 0
    whole = sample(ct().array, GRID)
    k, j, i = np.rint(GRID.to_kji(whole.points)).astype(int).T
    assert len(whole.values) > 10_000
    assert np.array_equal(ct().array[k, j, i], whole.values)


def test_the_ct_itself_a_part_of_it_and_one_rounded_to_whole_numbers_pass() -> None:
    whole = ct()
    part = Volume(whole.array[4:15, 10:40, 3:50], GRID.cropped((4, 10, 3), (15, 40, 50)))
    check(whole, whole)
    check(part, whole)
    check(Volume(np.rint(whole.array), GRID), whole)


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 3.0), (2.0, 1.0, 1.0)])
def test_a_resampled_image_passes(spacing: Tuple[float, float, float]) -> None:
    target = GRID.with_spacing(spacing)
    check(resample(ct(), target, -1000.0), ct())


def test_the_axes_may_be_turned_over() -> None:
    flipped = Geometry(GRID.shape, GRID.spacing, tuple(GRID.to_lps(np.array([19, 0, 0]))),
                       ((0, 0, -1), (0, 1, 0), (1, 0, 0)))  # fmt: skip
    check(Volume(ct().array[::-1], flipped), ct())


@pytest.mark.parametrize(
    "mm", [(0, 0, 3), (0, 0, -3), (1.25, 0, 0), (0, -1.5, 0), (2, 2, 2), (0, 9, 0), (0.9, 0, 0)]
)
def test_a_moved_image_is_refused(mm: Tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="'CT' does not show what the CT of folder shows"):
        check(moved(ct(), mm), ct())


@pytest.mark.parametrize("mm", [(0.5, 0.0, 0.0), (0.0, 0.1, 0.0), (0.0, 0.0, 1.2), (0.3, 0.3, 1)])
def test_an_image_moved_by_a_part_of_a_voxel_is_refused(mm: Tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="moved by a part of a voxel"):
        check(moved(ct(), mm), ct())


def test_a_turned_image_is_refused() -> None:
    turn = np.deg2rad(5)
    axes = ((0, 0, 1), (-np.sin(turn), np.cos(turn), 0), (np.cos(turn), np.sin(turn), 0))
    with pytest.raises(InputError, match="does not show"):
        check(Volume(ct().array, replace(GRID, axes=axes)), ct())


def test_another_ct_is_refused() -> None:
    with pytest.raises(InputError, match="does not show"):
        check(ct(1), ct())


def test_an_image_beside_the_ct_is_refused() -> None:
    with pytest.raises(InputError, match="'CT' lies largely outside the CT of folder"):
        check(moved(ct(), (60, 0, 0)), ct())


def test_nothing_but_air_is_refused() -> None:
    with pytest.raises(InputError, match="lies largely outside"):
        check_same_image(Sample(np.zeros((0, 3)), np.zeros(0)), ct(), "'CT'", "folder")


def test_a_sample_comes_back_from_its_file_and_one_cut_short_is_refused(tmp_path: Path) -> None:
    found = sample(ct().array, GRID)
    write_sample(found, tmp_path / "image.npz")
    back = read_sample(tmp_path / "image.npz")
    assert np.array_equal(back.points, found.points) and np.array_equal(back.values, found.values)
    (tmp_path / "image.npz").write_bytes((tmp_path / "image.npz").read_bytes()[:100])
    with pytest.raises(InputError, match="image.npz cannot be read"):
        read_sample(tmp_path / "image.npz")


def test_a_sample_takes_each_voxel_once() -> None:
    points = sample(np.zeros((4, 5, 6)), Geometry((4, 5, 6))).points
    assert len(points) == len(np.unique(points, axis=0)) == 4 * 5 * 6
