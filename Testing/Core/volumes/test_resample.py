from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from typing import Tuple

import numpy as np
import pytest

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.resample import (
    lps_grid_around,
    resample,
    resample_mask,
    to_sitk,
)
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((10, 12, 14), (2.5, 1.0, 1.5), (-7.0, 30.0, 110.0))


def turned(degrees: float) -> "tuple[tuple[float, float, float], ...]":
    """Axes turned about S."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return ((0.0, 0.0, 1.0), (-s, c, 0.0), (c, s, 0.0))


def linear(geometry: Geometry) -> np.ndarray:
    """1 x + 2 y - 3 z + 4 at the voxels of a grid."""
    kji = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    return (geometry.to_lps(kji) @ (1.0, 2.0, -3.0) + 4.0).astype(np.float32)


def center_of_mass(array: np.ndarray, geometry: Geometry) -> np.ndarray:
    kji = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    weight = array[..., None] / array.sum()
    return np.asarray((geometry.to_lps(kji) * weight).sum(axis=(0, 1, 2)))


def stored(
    array: np.ndarray, geometry: Geometry, order: Tuple[int, ...], flips: Tuple[bool, ...]
) -> Tuple[np.ndarray, Geometry]:
    """The same voxels at the same places, with other array axes."""
    corner = [n - 1 if f else 0 for n, f in zip(geometry.shape, flips)]
    signs = [-1.0 if f else 1.0 for f in flips]
    axes = [tuple(s * np.asarray(row)) for s, row in zip(signs, geometry.axes)]
    flipped = array[tuple(slice(None, None, -1 if f else 1) for f in flips)]
    grid = Geometry(
        tuple(geometry.shape[n] for n in order),  # type: ignore[arg-type]
        tuple(geometry.spacing[n] for n in order),  # type: ignore[arg-type]
        tuple(geometry.to_lps(np.array(corner))),  # type: ignore[arg-type]
        tuple(axes[n] for n in order),  # type: ignore[arg-type]
    )
    return flipped.transpose(order), grid


def test_simpleitk_puts_every_voxel_where_the_geometry_does() -> None:
    grid = replace(GRID, axes=turned(30.0))
    image = to_sitk(np.zeros(grid.shape, dtype=np.float32), grid)
    for k, j, i in ((0, 0, 0), (9, 0, 0), (0, 11, 0), (0, 0, 13), (3, 4, 5)):
        there = image.TransformIndexToPhysicalPoint((i, j, k))
        assert np.allclose(there, grid.to_lps(np.array([k, j, i])))


@pytest.mark.parametrize("degrees", [0.0, 33.0])
def test_on_its_own_grid_nothing_changes(degrees: float) -> None:
    grid = replace(GRID, axes=turned(degrees))
    array = np.random.default_rng(0).normal(size=grid.shape).astype(np.float32)
    same = resample(Volume(array, grid), grid, -1000.0)
    assert same.geometry == grid and same.array.dtype == np.float32
    assert np.allclose(same.array, array, atol=1e-4)
    mask = array > 0
    assert np.array_equal(resample_mask(mask, grid, grid), mask)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_flips_and_permutations_are_undone_exactly(order: Tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=GRID.shape).astype(np.float32)
    for flips in product((False, True), repeat=3):
        other, grid = stored(array, GRID, order, flips)
        assert np.allclose(resample(Volume(other, grid), GRID, 0.0).array, array, atol=1e-4)


@pytest.mark.parametrize(
    "target",
    [
        Geometry((8, 7, 9), (1.1, 0.7, 0.9), (-2.0, 32.0, 115.0)),
        Geometry((5, 6, 6), (1.5, 0.9, 1.1), (0.0, 33.0, 116.0), turned(20.0)),  # type: ignore[arg-type]
    ],
)
def test_a_linear_image_stays_linear_on_a_finer_or_turned_grid(target: Geometry) -> None:
    moved = resample(Volume(linear(GRID), GRID), target, np.nan)
    assert np.allclose(moved.array, linear(target), atol=1e-2)


def test_a_linear_image_stays_linear_when_it_is_smoothed_for_a_coarser_grid() -> None:
    source = Geometry((60, 60, 60), (1.0, 1.0, 1.0))
    target = Geometry((5, 5, 5), (5.0, 5.0, 5.0), (20.0, 20.0, 20.0))
    moved = resample(Volume(linear(source), source), target, np.nan)
    assert np.allclose(moved.array, linear(target), atol=0.02)


def test_what_the_source_does_not_cover_is_outside() -> None:
    target = replace(GRID, origin=(-7.0, 30.0, 110.0 + 2.5 * 8))
    moved = resample(Volume(np.full(GRID.shape, 5.0, dtype=np.float32), GRID), target, -1000.0)
    assert np.all(moved.array[:2] == 5.0) and np.all(moved.array[2:] == -1000.0)


@pytest.mark.parametrize("spacing", [(2.5, 3.0, 3.0), (4.0, 5.0, 2.0), (0.7, 0.6, 0.5)])
@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_nothing_moves_when_the_grid_becomes_coarser_or_finer(
    spacing: Tuple[float, float, float], degrees: float
) -> None:
    source = Geometry((40, 44, 48), (1.0, 0.9, 0.8), (-20.0, -15.0, 3.0), turned(degrees))  # type: ignore[arg-type]
    k, j, i = np.indices(source.shape)
    ball = np.exp(-((k - 20.3) ** 2 + (j - 21.7) ** 2 + (i - 24.2) ** 2) / (2 * 6.0**2))
    target = source.with_spacing(spacing)
    moved = resample(Volume(ball.astype(np.float32), source), target, 0.0)
    shift = center_of_mass(moved.array, target) - center_of_mass(ball, source)
    assert np.abs(shift).max() < 0.05
    mass = moved.array.sum() * target.voxel_ml / (ball.sum() * source.voxel_ml)
    assert mass == pytest.approx(1.0, abs=0.02)


def test_a_fine_pattern_does_not_fold_into_a_coarser_grid() -> None:
    source = Geometry((1, 1, 240), (1.0, 1.0, 1.0))
    stripes = np.where(np.arange(240) % 6 == 0, 300.0, 0.0).astype(np.float32)[None, None]
    target = Geometry((1, 1, 30), (1.0, 1.0, 6.0), (30.0, 0.0, 0.0))
    moved = resample(Volume(stripes, source), target, 0.0)
    assert moved.array.max() < 100  # 300 if every sixth voxel were simply taken
    assert moved.array.mean() == pytest.approx(50, abs=20)


def test_an_upsampled_image_comes_back_as_it_was() -> None:
    coarse = Geometry((10, 11, 12), (2.5, 3.0, 3.0))
    array = np.random.default_rng(0).normal(size=coarse.shape).astype(np.float32)
    fine = Geometry((19, 31, 34), (1.25, 1.0, 1.0))
    upsampled = resample(Volume(array, coarse), fine, 0.0)
    assert np.allclose(resample(upsampled, coarse, 0.0).array, array, atol=1e-4)


def test_a_coarse_grid_far_beyond_the_finest_is_smoothed_enough() -> None:
    source = Geometry((1, 1, 8000), (1.0, 1.0, 0.25))
    noise = np.random.default_rng(0).normal(0, 100, source.shape).astype(np.float32)
    target = Geometry((1, 1, 390), (1.0, 1.0, 5.0), (25.0, 0.0, 0.0))
    # White noise under a Gaussian of SD s voxels keeps 1 / sqrt(2 s sqrt(pi)) of its SD; s = 8.
    smoothed = resample(Volume(noise, source), target, 0.0).array.std()
    assert smoothed == pytest.approx(100 / np.sqrt(16 * np.sqrt(np.pi)), rel=0.15)


def test_a_mask_keeps_its_volume_on_another_grid() -> None:
    source = Geometry((40, 40, 40), (1.0, 1.0, 1.0))
    k, j, i = np.indices(source.shape)
    ball = (k - 20) ** 2 + (j - 20) ** 2 + (i - 20) ** 2 <= 12**2
    for target in (source.with_spacing((2.5, 3.0, 3.0)), source.with_spacing((0.5, 0.7, 0.5))):
        moved = resample_mask(ball, source, target)
        volume = moved.sum() * target.voxel_ml / (ball.sum() * source.voxel_ml)
        assert volume == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("spacing", [(2.5, 1.0, 1.5), (5.0, 2.0, 3.0), (4.0, 0.6, 7.0)])
def test_another_spacing_begins_at_the_same_face_and_covers_the_same_extent(
    spacing: Tuple[float, float, float]
) -> None:
    grid = replace(GRID, axes=turned(15.0))  # type: ignore[arg-type]
    other = grid.with_spacing(spacing)
    assert np.allclose(grid.to_lps(np.full(3, -0.5)), other.to_lps(np.full(3, -0.5)))
    old, new = np.array(grid.shape) * grid.spacing, np.array(other.shape) * spacing
    assert np.all(new >= old - 1e-6) and np.all(new < old + spacing)


@pytest.mark.parametrize("degrees", [0.0, 25.0])
def test_all_ways_to_store_a_mask_lead_to_one_grid(degrees: float) -> None:
    geometry = replace(GRID, axes=turned(degrees))  # type: ignore[arg-type]
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[2:7, 3:11, 1:9] = True
    mask[5, 1, 12] = True
    grids = set()
    for order, flips in product(permutations(range(3)), product((False, True), repeat=3)):
        other, grid = stored(mask, geometry, order, flips)
        grids.add(lps_grid_around(other, grid, (2.5, 3.0, 3.0)))
    assert len(grids) == 1


@pytest.mark.parametrize("degrees", [0.0, 25.0])
def test_the_grid_covers_the_mask_and_little_more(degrees: float) -> None:
    geometry = replace(GRID, axes=turned(degrees))  # type: ignore[arg-type]
    mask = np.random.default_rng(1).random(GRID.shape) < 0.01
    spacing = (2.5, 3.0, 3.0)
    grid = lps_grid_around(mask, geometry, spacing)
    assert grid.axes == Geometry((1, 1, 1)).axes and grid.spacing == spacing
    inside = grid.to_kji(geometry.to_lps(np.argwhere(mask)))
    assert inside.min() > -0.01 and np.all(inside.max(axis=0) < np.array(grid.shape) - 0.99)
    assert inside.min(axis=0).max() < 1.0
    assert np.all(inside.max(axis=0) > np.array(grid.shape) - 2.0)


def test_blocks_hold_the_grid_still_when_the_mask_changes_a_little() -> None:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[2:7, 3:11, 1:9] = True
    spacing, block = (2.5, 3.0, 3.0), 4
    grid = lps_grid_around(mask, GRID, spacing, block)
    assert all(n % block == 0 for n in grid.shape)
    start = np.array(grid.origin)[::-1] / spacing
    assert np.allclose(start % block, 0)
    inside = grid.to_kji(GRID.to_lps(np.argwhere(mask)))
    assert inside.min() >= -0.01 and np.all(inside.max(axis=0) <= np.array(grid.shape) - 0.99)
    mask[3, 4, 9] = True
    assert lps_grid_around(mask, GRID, spacing, block) == grid


def test_a_single_voxel_gets_a_grid_and_an_empty_mask_an_error() -> None:
    mask = np.zeros(GRID.shape, dtype=bool)
    with pytest.raises(ValueError, match="empty"):
        lps_grid_around(mask, GRID, (2.0, 2.0, 2.0))
    mask[4, 5, 6] = True
    grid = lps_grid_around(mask, GRID, (2.0, 2.0, 2.0))
    assert max(grid.shape) <= 2
    assert resample_mask(np.ones_like(mask), GRID, grid).all()
