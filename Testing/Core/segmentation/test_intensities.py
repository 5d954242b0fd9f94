"""Images in HU, and images that are not."""

from __future__ import annotations

from pathlib import Path
from typing import List

import numpy as np
import pytest

from AutoContourRTCore.segmentation.intensities import intensity_warnings
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume


def _ct() -> np.ndarray:
    """Half air, the rest muscle (40 HU), a fourth of it fat, and a little bone; noise of 15 HU."""
    array = np.full((30, 60, 60), -1000.0)
    array[:, :30] = 40.0
    array[:, :8] = -100.0
    array[:, 20:22, 20:40] = 700.0
    return array + np.random.default_rng(3).normal(0.0, 15.0, array.shape)


def _warnings(array: np.ndarray) -> List[str]:
    return intensity_warnings(Volume(array, Geometry(array.shape)))


def test_a_ct_in_hu_gives_no_warning() -> None:
    assert _warnings(_ct()) == []


@pytest.mark.parametrize("padding", [-1024, -2048, -3024])
def test_padding_below_air_gives_no_warning(padding: int) -> None:
    array = _ct()
    array[:, 45:] = padding
    assert _warnings(array) == []


@pytest.mark.parametrize(
    ("slope", "offset", "words"),
    [
        (1.0, 1024.0, "subtract 1024"),
        (1.0, 1000.0, "subtract 1024"),
        (0.5, 500.0, "No air near -1000 HU"),
        (2.0, 2000.0, "No air near -1000 HU"),
        (-1.0, 0.0, "No air near -1000 HU"),
        (0.5, 0.0, "No air near -1000 HU"),
        (1.0, 120.0, "not in HU"),
        (3.0, 500.0, "not in HU"),
        (0.1, 0.0, "no contrast"),
        (0.0, 40.0, "no contrast"),
    ],
)
def test_values_on_another_scale_are_noticed(slope: float, offset: float, words: str) -> None:
    (warning,) = _warnings(slope * _ct() + offset)
    assert words in warning


def test_values_that_are_not_finite_do_not_hide_the_others() -> None:
    array = _ct()
    array[:5] = np.nan
    assert _warnings(array) == []
    assert _warnings(np.full((3, 3, 3), np.nan)) == ["The image holds no finite value."]


def test_real_cts_are_in_hu_and_not_after_a_change_of_scale(shared_data: Path) -> None:
    paths = sorted((shared_data / "head_neck" / "validation").glob("*/ct.nrrd"))
    assert paths
    for path in paths:
        volume = read_volume(path)
        assert intensity_warnings(volume) == [], path
        for slope, offset in ((0.5, 500.0), (1.0, 1024.0), (0.25, 250.0)):
            changed = Volume(volume.array * slope + offset, volume.geometry)
            assert len(intensity_warnings(changed)) == 1, (path, slope, offset)
