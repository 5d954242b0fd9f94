"""Cases that are known in places only: patches, files and mistakes keep to what is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from AutoContourRTCore.nn.augment import training_patch
from AutoContourRTCore.nn.cases import Case, load_cases, save_cases, unpack
from AutoContourRTCore.nn.mistakes import wrongly_filled
from AutoContourRTCore.nn.recipes import Augmentation
from tiny_cases import cube_case, tiny_recipe

CPU = torch.device("cpu")
CENTER = (5.5, 9.5, 11.5)


def half_known() -> Case:
    """The first structure is known in the lower half, the second on the right."""
    case = cube_case()
    known = np.zeros(case.labels.shape, dtype=np.int32)
    known[:6] |= 1
    known[..., 12:] |= 2
    return replace(case, known=known)


def test_a_patch_says_voxel_by_voxel_what_is_known() -> None:
    case = half_known()
    rng = np.random.default_rng(0)
    _, target, known = training_patch(case, CENTER, tiny_recipe(), (0, 1), rng, CPU)
    place = (slice(2, 10), slice(2, 18), slice(4, 20))
    assert case.known is not None
    assert np.array_equal(known.numpy(), unpack(case.known[place], 2))
    assert np.array_equal(target.numpy(), unpack(case.labels[place], 2))


def test_a_mirrored_patch_exchanges_what_is_known_with_the_labels() -> None:
    case = half_known()
    recipe = tiny_recipe(augmentation=Augmentation(mirror=1.0))
    rng = np.random.default_rng(0)
    _, target, known = training_patch(case, CENTER, recipe, (1, 0), rng, CPU)
    place = (slice(2, 10), slice(2, 18), slice(4, 20))
    assert case.known is not None
    assert np.array_equal(known.numpy()[::-1], unpack(case.known[place][..., ::-1], 2))
    assert np.array_equal(target.numpy()[::-1], unpack(case.labels[place][..., ::-1], 2))


def test_beyond_the_volume_nothing_is_known() -> None:
    case = half_known()
    rng = np.random.default_rng(0)
    _, _, known = training_patch(case, (-0.5, 9.5, 11.5), tiny_recipe(), (0, 1), rng, CPU)
    assert not known[:, :4].any() and known[:, 4:].any()


def test_a_structure_without_annotation_is_known_nowhere() -> None:
    case = replace(half_known(), drawn=(False, True))
    rng = np.random.default_rng(0)
    _, _, known = training_patch(case, CENTER, tiny_recipe(), (0, 1), rng, CPU)
    assert not known[0].any() and known[1].any()


def test_files_keep_what_is_known(tmp_path: Path) -> None:
    cases = [half_known(), cube_case()]
    save_cases(cases, tmp_path / "c.npz")
    first, second = load_cases(tmp_path / "c.npz")
    assert np.array_equal(first.known, cases[0].known) and second.known is None


def test_only_known_voxels_can_be_mistakes() -> None:
    case = half_known()
    assert case.known is not None
    everywhere = np.ones((2, *case.image.shape), dtype=bool)
    wrong = unpack(case.known, 2) & ~unpack(case.labels, 2)
    assert np.array_equal(wrongly_filled(everywhere, case), wrong.any(axis=0))
