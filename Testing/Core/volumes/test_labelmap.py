"""Named masks on one grid."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap


def test_volumes_come_from_the_voxel_count_and_overlap_is_allowed() -> None:
    whole, half = np.ones((2, 2, 2), bool), np.zeros((2, 2, 2), bool)
    half[0] = True
    labelmap = LabelMap({"b": whole, "a": half}, Geometry((2, 2, 2), (10, 5, 5)))
    assert labelmap.names == ("b", "a")
    assert labelmap.volume_ml("b") == pytest.approx(2.0)
    assert labelmap.volume_ml("a") == pytest.approx(1.0)


def test_a_mask_of_another_shape_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="Larynx"):
        LabelMap({"Larynx": np.zeros((2, 2, 3), bool)}, Geometry((2, 2, 2)))


def test_only_keeps_the_named_structures_that_are_there():
    masks = {"Larynx": np.ones((2, 2, 2), dtype=bool), "Brain": np.zeros((2, 2, 2), dtype=bool)}
    kept = LabelMap(masks, Geometry((2, 2, 2))).only(["Larynx", "Heart"])
    assert kept.names == ("Larynx",)
    assert kept.masks["Larynx"] is masks["Larynx"]
