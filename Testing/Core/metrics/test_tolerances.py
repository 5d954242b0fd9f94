from __future__ import annotations

import math

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.tolerances import rounded_tolerance


@pytest.mark.parametrize(
    ("tolerance", "spacing", "expected"),
    [
        (1.0, (1.0, 1.0, 1.0), 1.0),
        (1.01, (2.5, 0.976, 0.976), 0.976),
        (2.5, (2.5, 0.976, 0.976), 2.5),
        (1.2, (1.0, 1.0, 1.0), 1.0),
        (1.3, (1.0, 1.0, 1.0), math.sqrt(2)),
        (2.85, (2.0, 2.0, 2.0), math.sqrt(8)),
        (0.0, (2.5, 0.976, 0.976), 0.976),  # never 0: not all steps are 0
        (0.1, (3.0, 3.0, 3.0), 3.0),
        (4.0, (100.0, 1.0, 50.0), 4.0),
    ],
)
def test_the_nearest_distance_that_the_spacing_allows_is_taken(tolerance, spacing, expected):
    assert rounded_tolerance(tolerance, spacing) == pytest.approx(expected, rel=1e-12)


def test_half_way_between_two_distances_the_lower_is_taken():
    assert rounded_tolerance(1.5, (1.0, 10.0, 10.0)) == 1.0
    assert rounded_tolerance(0.15, (0.1, 10.0, 10.0)) == pytest.approx(0.1)


def test_every_permutation_of_equal_steps_lies_within_the_rounded_tolerance():
    d = 0.976
    tau = rounded_tolerance(3.65, (d, d, d))
    steps = [(1, 2, 3), (2, 1, 3), (3, 2, 1), (1, 3, 2), (2, 3, 1), (3, 1, 2)]
    for k, j, i in steps:
        assert math.sqrt((k * d) ** 2 + (j * d) ** 2 + (i * d) ** 2) <= tau


@pytest.mark.parametrize("tolerance", [-1.0, math.nan, math.inf])
def test_a_tolerance_that_is_no_length_is_refused(tolerance):
    with pytest.raises(InputError, match="tolerance"):
        rounded_tolerance(tolerance, (1.0, 1.0, 1.0))
