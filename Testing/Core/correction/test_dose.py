from __future__ import annotations

import math

import numpy as np
import pytest

from AutoContourRTCore.correction.dose import bands, dose_deviation_gy
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

CT = Geometry((10, 12, 14), (3.0, 2.0, 2.0), (-10.0, 5.0, 7.0))


def linear_dose(per_mm: float = 0.5) -> Volume:
    """1 Gy at z = 0, rising with z, on a coarser grid that covers the CT."""
    grid = Geometry((9, 9, 9), (5.0, 5.0, 5.0), (-15.0, 0.0, 2.0))
    z = grid.to_lps(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1))[..., 2]
    return Volume((1.0 + per_mm * z).astype(np.float32), grid)


def slab(first: int, last: int) -> np.ndarray:
    mask = np.zeros(CT.shape, dtype=bool)
    mask[first : last + 1, 3:9, 4:10] = True
    return mask


def test_the_deviation_is_that_of_the_middles() -> None:
    found = dose_deviation_gy(slab(2, 6), slab(3, 7), CT, linear_dose())
    assert found == pytest.approx(0.5 * 3.0, abs=1e-4)
    assert dose_deviation_gy(slab(2, 6), slab(2, 6), CT, linear_dose()) == 0.0


def test_no_mean_is_made_up_for_nothing_or_for_what_the_dose_does_not_cover() -> None:
    dose = linear_dose()
    low = Volume(dose.array[:4], dose.geometry.cropped((0, 0, 0), (4, 9, 9)))
    assert dose_deviation_gy(slab(0, 1), slab(0, 9), CT, low) is None
    assert dose_deviation_gy(slab(0, 1), slab(0, 2), CT, low) is not None
    assert dose_deviation_gy(slab(2, 6), np.zeros(CT.shape, dtype=bool), CT, dose) is None


def test_bands_are_shares_of_what_is_known() -> None:
    found = bands([0.0, 0.2499, 0.25, 1.0, 1.0001, None, 3.0, 0.5])
    assert found == pytest.approx(
        {"count": 7, "below_0.25": 2 / 7, "0.25_to_1": 3 / 7, "above_1": 2 / 7}
    )
    assert math.isnan(bands([None])["above_1"]) and bands([])["count"] == 0
