"""What a network sees where the volume ends, and that training is taught the same there."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.nn.cases import prepare_case
from AutoContourRTCore.segmentation.body import AIR_HU
from AutoContourRTCore.segmentation.patient import (
    labels_like_the_image,
    network_grid,
    network_image,
)
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

SPACING = (2.5, 3.0, 3.0)
#: Its last slice lies 1 mm below a slice of the network's grid, too far for half a voxel.
CUT = Geometry((7, 20, 20), (1.5, 3.0, 3.0), (-30.0, -30.0, 0.0))


def cut_patient() -> "tuple[Volume, np.ndarray, np.ndarray]":
    """A body and an organ that both ends of the volume cut."""
    hu = np.full(CUT.shape, -1000.0, dtype=np.float32)
    body, organ = np.zeros(CUT.shape, dtype=bool), np.zeros(CUT.shape, dtype=bool)
    body[:, 4:16, 4:16] = True
    organ[:, 8:12, 8:12] = True
    hu[body] = 30.0
    hu[organ] = 90.0
    return Volume(hu, CUT), body, organ


def test_the_grid_s_slice_beyond_the_volume_shows_what_its_last_slice_shows() -> None:
    volume, body, _ = cut_patient()
    grid = network_grid(body, CUT, SPACING, 1)
    beyond = CUT.to_kji(grid.to_lps(np.array([grid.shape[0] - 1, 0, 0])))[0]
    assert beyond > CUT.shape[0] - 0.5  # else this test shows nothing
    image = network_image(volume, body, grid)
    assert np.allclose(image[-1], image[-2], atol=0.01)
    assert image[-1].max() == pytest.approx(90.0)


def test_labels_go_on_as_far_as_the_image_and_no_farther() -> None:
    volume, body, organ = cut_patient()
    grid = network_grid(body, CUT, SPACING, 4)  # with whole slices of air
    image = network_image(volume, body, grid)
    labels = labels_like_the_image(organ, CUT, CUT, grid)
    assert np.array_equal(labels.any(axis=(1, 2)), (image > AIR_HU).any(axis=(1, 2)))
    assert not labels.all(axis=(1, 2)).any()
    assert image[labels].min() > 30.0


def test_contours_on_another_grid_do_not_grow_at_that_grid_s_faces() -> None:
    """As a segmentation that was saved cut to its effective extent."""
    volume, body, organ = cut_patient()
    low, high = (2, 8, 8), (5, 12, 12)
    part = organ[2:5, 8:12, 8:12]
    grid = network_grid(body, CUT, SPACING, 1)
    whole = np.zeros_like(organ)
    whole[2:5, 8:12, 8:12] = part
    there = labels_like_the_image(part, CUT.cropped(low, high), CUT, grid)
    assert there.any()
    assert np.array_equal(there, labels_like_the_image(whole, CUT, CUT, grid))


def test_a_training_case_shows_what_contouring_shows() -> None:
    volume, body, organ = cut_patient()
    case = prepare_case("p", volume, LabelMap({"A": organ}, CUT), body, ("A",), SPACING)
    assert (case.image[-1] > AIR_HU).any() and case.labels[-1].any()
    assert np.array_equal(case.image[-1] > 80, case.labels[-1].astype(bool))
