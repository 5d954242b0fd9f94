from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence, Tuple

import numpy as np
import pytest
import torch
from torch import Tensor

from AutoContourRTCore.nn.augment import (
    _blurred,
    _elastic,
    _spline_basis,
    normalised,
    training_patch,
)
from AutoContourRTCore.nn.cases import AIR, Case, unpack
from AutoContourRTCore.nn.recipes import Augmentation, Intensity
from tiny_cases import SOME, cube_case, tiny_recipe

CPU = torch.device("cpu")
HU = Intensity(low=-5000.0, high=5000.0, offset=0.0, scale=1.0)  # the network's input is the HU
SIDES = (1, 0)  # right and left


def patch(
    case: Case,
    center: Sequence[float],
    partner: Sequence[int] = SIDES,
    seed: int = 0,
    size: Tuple[int, int, int] = (8, 16, 16),
    **augmentation: Any,
) -> "tuple[Tensor, Tensor, Tensor]":
    recipe = tiny_recipe(
        augmentation=Augmentation(**augmentation), intensity=HU, patch=size, spacing=(2.0, 1.0, 3.0)
    )
    return training_patch(case, center, recipe, partner, np.random.default_rng(seed), CPU)


def noisy_case(shape: Tuple[int, int, int] = (12, 20, 24)) -> Case:
    rng = np.random.default_rng(0)
    image = rng.integers(-1000, 3000, shape).astype(np.int16)
    return Case("noise", image, rng.integers(0, 4, shape).astype(np.int32), (True, True))


def test_without_augmentation_a_patch_is_the_case_itself() -> None:
    case = noisy_case()
    image, target, known = patch(case, (5.5, 9.5, 10.5))
    place = (slice(2, 10), slice(2, 18), slice(3, 19))
    assert np.array_equal(np.rint(image[0].numpy()), case.image[place])
    assert np.array_equal(target.numpy(), unpack(case.labels[place], 2))
    assert known.flatten().tolist() == [1, 1]


def test_beyond_the_case_there_is_air_without_labels() -> None:
    case = noisy_case()
    image, target, _ = patch(case, (-0.5, 9.5, 11.5))
    assert torch.all(image[0, :4] == AIR) and torch.all(target[:, :4] == 0)
    assert np.array_equal(np.rint(image[0, 4:].numpy()), case.image[:4, 2:18, 4:20])


def test_a_case_of_a_single_slice_is_not_repeated() -> None:
    case = noisy_case((1, 20, 24))
    image, target, _ = patch(case, (0.5, 9.5, 11.5))
    assert np.array_equal(np.rint(image[0, 3].numpy()), case.image[0, 2:18, 4:20])
    others = [n for n in range(8) if n != 3]
    assert torch.all(image[0, others] == AIR) and torch.all(target[:, others] == 0)


def test_a_mirrored_patch_is_flipped_and_its_labels_change_sides() -> None:
    case = noisy_case()
    plain, target, _ = patch(case, (5.5, 9.5, 11.5))
    mirrored, swapped, known = patch(case, (5.5, 9.5, 11.5), mirror=1.0)
    assert torch.allclose(mirrored, plain.flip(-1), atol=0.05)
    assert torch.equal(swapped, target.flip(-1).flip(0))
    assert known.flatten().tolist() == [1, 1]


def test_a_patch_for_a_structure_without_its_other_side_is_not_mirrored() -> None:
    recipe = tiny_recipe(augmentation=Augmentation(mirror=1.0), spacing=(2.0, 1.0, 3.0))
    known = {
        structure: training_patch(
            noisy_case(), (5.5, 9.5, 11.5), recipe, (-1, 1), np.random.default_rng(0), CPU,
            structure=structure,
        )[2].flatten().tolist()
        for structure in (None, 0, 1)
    }  # fmt: skip
    assert known == {None: [0, 1], 0: [1, 1], 1: [0, 1]}


def test_a_midline_structure_stays_itself_in_a_mirror() -> None:
    case = noisy_case()
    _, target, _ = patch(case, (5.5, 9.5, 11.5))
    _, mirrored, _ = patch(case, (5.5, 9.5, 11.5), partner=(0, 1), mirror=1.0)
    assert torch.equal(mirrored, target.flip(-1))


def test_a_mirrored_structure_whose_partner_is_not_drawn_is_unknown() -> None:
    case = cube_case(drawn=(True, False))
    assert patch(case, (5.5, 9.5, 11.5))[2].flatten().tolist() == [1, 0]
    _, target, known = patch(case, (5.5, 9.5, 11.5), mirror=1.0)
    assert known.flatten().tolist() == [0, 1]
    assert target[1].sum() == 5**3 and target[0].sum() == 0


def test_a_mirrored_structure_whose_other_side_the_model_lacks_is_unknown() -> None:
    case = cube_case(corners=((3, 6, 4),), drawn=(True,))
    _, target, known = patch(case, (5.5, 9.5, 11.5), partner=(-1,), mirror=1.0)
    assert known.flatten().tolist() == [0] and target.sum() == 0


@pytest.mark.parametrize(
    "kind",
    [
        {"rotate": 0.5}, {"tilt": 0.4}, {"scale": 0.3}, {"shear": 0.4}, {"shift_mm": 5.0},
        {"elastic_mm": 4.0, "elastic_grid_mm": 20.0}, {"mirror": 1.0},
        {"rotate": 0.5, "tilt": 0.3, "scale": 0.2, "shear": 0.2, "mirror": 0.5, "elastic_mm": 3.0},
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_labels_follow_the_image_through_every_deformation(
    kind: "dict[str, float]", seed: int
) -> None:
    case = cube_case(corners=((7, 10, 8),), shape=(24, 32, 34), side=10)
    case.image[case.labels == 0] = -200
    place = {"center": (11.5, 14.5, 15.5), "partner": (0,), "size": (16, 32, 32)}
    image, target, _ = patch(case, seed=seed, **place, **kind)  # type: ignore[arg-type]
    plain, _, _ = patch(case, **place)  # type: ignore[arg-type]
    assert (image - plain).abs().max() > 100, "the deformation does nothing"
    bright, labelled = image[0] > 0, target[0] > 0  # midway between -200 and 200 HU
    inside = image[0] > -900  # at the volume's edge, air mixes in
    assert labelled.sum() > 500
    # Linear and nearest sampling may only differ on the cube's surface.
    dice = 2 * (bright & labelled).sum() / (bright.sum() + labelled.sum())
    assert dice > 0.93
    assert torch.all(labelled[(image[0] > 199.9) & inside])
    assert not torch.any(labelled[(image[0] < -199.9)])


def test_a_rotation_turns_by_its_angle_in_mm_and_not_in_voxels() -> None:
    k, j, i = np.indices((8, 64, 64))
    ramp = (10 * j).astype(np.int16)  # 10 HU per voxel of 1 mm along j
    case = Case("ramp", ramp, np.zeros((8, 64, 64), dtype=np.int32), (True,))
    image, _, _ = patch(case, (3.5, 31.5, 31.5), partner=(0,), seed=4, rotate=0.6)
    # A turn keeps the length of the gradient, in mm: spacing is 1 mm along j, 3 mm along i.
    along_j = (image[0, 4, 10, 8] - image[0, 4, 6, 8]) / 4
    along_i = (image[0, 4, 8, 10] - image[0, 4, 8, 6]) / 12
    assert float(torch.hypot(along_j, along_i)) == pytest.approx(10.0, rel=1e-3)
    assert abs(float(along_i)) > 0.1


def test_the_same_seed_gives_the_same_patch_and_another_another() -> None:
    everything = replace(SOME, blur=0.5, contrast=0.1, shift_hu=20.0, shear=0.1, tilt=0.1)
    recipe = tiny_recipe(augmentation=everything)
    images = [
        training_patch(noisy_case(), (5.5, 9.5, 11.5), recipe, SIDES, np.random.default_rng(s), CPU)
        for s in (7, 7, 8)
    ]
    for first, again in zip(images[0], images[1]):
        assert torch.equal(first, again)
    assert not torch.equal(images[0][0], images[2][0])


def test_intensities_change_in_the_patient_and_never_in_the_air() -> None:
    case = cube_case()
    case.image[:, :, :12] = AIR
    plain, _, _ = patch(case, (5.5, 9.5, 11.5))
    air = plain[0] == AIR
    for kind in ({"noise_hu": 20.0}, {"shift_hu": 50.0}, {"streaks": 1.0}, {"blur": 1.0}):
        changed, _, _ = patch(case, (5.5, 9.5, 11.5), seed=3, **kind)
        assert torch.equal(changed[0][air], plain[0][air]), kind
        assert not torch.equal(changed[0][~air], plain[0][~air]), kind


def test_a_blur_has_the_width_drawn_and_keeps_the_sum() -> None:
    recipe = tiny_recipe(spacing=(2.0, 1.0, 3.0), augmentation=Augmentation(blur=1.0, blur_mm=3.0))
    point = torch.zeros(41, 41, 41)
    point[20, 20, 20] = 1.0
    widths = []
    for seed in range(20):
        blurred = _blurred(point, recipe, np.random.default_rng(seed))
        assert float(blurred.sum()) == pytest.approx(1.0, rel=1e-5)
        for axis, spacing in enumerate(recipe.spacing):
            along = blurred.sum(dim=tuple({0, 1, 2} - {axis})).numpy()
            widths.append(spacing * float(np.sqrt(along @ (np.arange(41.0) - 20) ** 2)))
    assert 0 <= min(widths) < 0.3 and 2.4 < max(widths) <= 3.0


def test_another_grid_leaves_a_ramp_as_it_is_and_blurs_single_voxels() -> None:
    k, j, i = np.meshgrid(*(np.arange(n) for n in (24, 60, 60)), indexing="ij")
    ramp = Case("ramp", (3 * k + 2 * j - i).astype(np.int16), 0 * k.astype(np.int32), (True, True))
    center, size = (11.5, 29.5, 29.5), (8, 16, 16)
    straight, *_ = patch(ramp, center, size=size)
    noise = noisy_case((24, 60, 60))
    sharp, target, _ = patch(noise, center, size=size)
    for seed in range(4):
        through, *_ = patch(ramp, center, size=size, seed=seed, regrid=1.0)
        assert torch.allclose(through, straight, atol=0.01)
        blurred, same, _ = patch(noise, center, size=size, seed=seed, regrid=1.0)
        assert blurred.std() < 0.8 * sharp.std()
        assert torch.equal(same, target)  # labels never pass through the other grid


def test_contrast_and_offset_stay_within_their_ranges() -> None:
    case = cube_case()
    offsets, factors = [], []
    for seed in range(40):
        shifted, _, _ = patch(case, (5.5, 9.5, 11.5), seed=seed, shift_hu=100.0)
        offsets.append(float(shifted[0, 0, 0, 0]))
        scaled, _, _ = patch(case, (5.5, 9.5, 11.5), seed=seed, contrast=0.1)
        factors.append(float(scaled.max()) / 200)
    assert -100 <= min(offsets) < -70 and 70 < max(offsets) <= 100
    assert 0.9 <= min(factors) < 0.93 and 1.07 < max(factors) <= 1.1


def test_cubic_splines_sum_to_one_everywhere() -> None:
    for count, spacing in ((1, 2.0), (51, 2.0), (64, 0.976)):
        basis = _spline_basis(count, spacing, 100.0)
        assert np.allclose(basis.sum(axis=1), 1.0) and basis.min() >= 0


def test_elastic_displacements_are_smooth_and_of_the_size_asked_for() -> None:
    recipe = tiny_recipe(augmentation=Augmentation(elastic_mm=5.0, elastic_grid_mm=20.0))
    fields = [_elastic(recipe, np.random.default_rng(n), CPU).numpy() for n in range(60)]
    # The variance of a spline is that of its control points times the sum of squared weights.
    bases = [_spline_basis(n, 2.0, 20.0) for n in recipe.patch]
    k, j, i = ((basis[3] ** 2).sum() for basis in bases)
    at_one_voxel = np.array([field[3, 3, 3] for field in fields])
    assert at_one_voxel.std() == pytest.approx(5.0 * np.sqrt(k * j * i), rel=0.25)
    steps = np.abs(np.diff(np.array(fields), axis=3)).max()
    assert steps < 5.0


def test_hu_are_cut_and_scaled_as_the_recipe_says() -> None:
    hu = torch.tensor([-2000.0, -500.0, 0.0, 250.0, 3000.0])
    assert normalised(hu, Intensity()).tolist() == [-2.0, -2.0, 0.0, 1.0, 4.0]
    shifted = Intensity(low=-800.0, high=800.0, offset=-800.0, scale=1600.0)
    assert normalised(hu, shifted).tolist() == pytest.approx([0, 0.1875, 0.5, 0.65625, 1])


def test_a_patch_may_be_scaled_by_its_own_range() -> None:
    per_patch = Intensity(per_patch=True)
    hu = torch.tensor([-1000.0, 0.0, 1000.0])
    assert normalised(hu, per_patch).tolist() == [0.0, 0.5, 1.0]
    assert normalised(torch.full((3,), AIR), per_patch).tolist() == [0.0, 0.0, 0.0]
