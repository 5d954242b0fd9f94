"""Which numbers a volume holds."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.scalars import plain_scalars


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([-1024, 3071], np.int32, np.int16),
        ([-32768, 32767], np.int64, np.int16),
        ([0, 32768], np.uint16, np.float32),
        ([-32769, 0], np.int32, np.float32),
        ([0, 1], bool, np.int16),
        ([0.5, 1.0], np.float64, np.float32),
        ([0.5, 1.0], np.float16, np.float32),
    ],
)
def test_integers_that_fit_become_int16_and_all_else_float32(
    values: list, kind: type, expected: type
) -> None:
    result = plain_scalars(np.array([[values]], kind), "x")
    assert result.dtype == expected
    assert result.tolist() == [[values]]


def test_int16_and_float32_are_not_copied() -> None:
    for kind in (np.int16, np.float32):
        array = np.zeros((1, 1, 2), kind)
        assert plain_scalars(array, "x") is array


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_a_voxel_that_is_no_finite_float32_is_named_with_its_place(bad: float) -> None:
    array = np.zeros((2, 3, 4))
    array[1, 2, 3] = bad
    with pytest.raises(InputError, match=r"scan.nrrd has 1 voxels.*\(1, 2, 3\)"):
        plain_scalars(array, "scan.nrrd")


def test_complex_voxels_are_refused() -> None:
    with pytest.raises(InputError, match="complex64"):
        plain_scalars(np.zeros((1, 1, 1), np.complex64), "x")
