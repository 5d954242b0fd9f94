"""Where organs of the head and neck may be reported."""

from __future__ import annotations

import numpy as np

from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.levels import head_neck_levels, outside_head_neck
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.segfile import read_labelmap

GRID = Geometry((40, 5, 5), (5.0, 5.0, 5.0))


def slab(first: int, last: int) -> np.ndarray:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[first:last] = True
    return mask


def test_all_organs_of_the_phantom_lie_at_levels_of_its_head_and_neck():
    volume, truth = make_phantom(spacing=(4.0, 4.0, 4.0))
    levels = head_neck_levels(volume, body_mask(volume))
    for name, mask in truth.masks.items():
        assert not outside_head_neck(name, mask, truth.geometry, levels), name


def test_an_organ_mostly_beyond_the_reach_of_the_head_and_neck_is_outside():
    levels = np.arange(100.0, 200.0, 5.0)
    assert outside_head_neck("Parotid_L", slab(2, 12), GRID, levels)
    assert not outside_head_neck("Parotid_L", slab(14, 30), GRID, levels)


def test_without_any_such_level_every_organ_of_the_head_is_outside():
    assert outside_head_neck("Brainstem", slab(5, 9), GRID, np.empty(0))


def test_the_cord_and_organs_of_other_regions_are_left_alone():
    for name in ("SpinalCord", "Esophagus", "Heart"):
        assert not outside_head_neck(name, slab(5, 9), GRID, np.empty(0))


def test_chest_and_pelvis_have_no_level_of_a_head_or_neck(shared_data):
    for path in ("thorax/ct_half.nii.gz", "pelvis/ct.nii.gz"):
        volume = read_volume(shared_data / path)
        assert len(head_neck_levels(volume, body_mask(volume))) == 0, path


def test_what_clinicians_drew_in_the_validation_cases_is_never_outside(shared_data):
    cases = sorted((shared_data / "head_neck" / "validation").iterdir())
    assert cases
    for case in cases:
        volume = read_volume(case / "ct.nrrd")
        levels = head_neck_levels(volume, body_mask(volume))
        drawn = read_labelmap(case / "structures.seg.nrrd")
        for name, mask in drawn.masks.items():
            outside = outside_head_neck(standard_name(name), mask, drawn.geometry, levels)
            assert not outside, (case.name, name)
