"""An image and its grid belong together."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume


def test_an_array_that_fits_its_grid_is_taken_as_it_is() -> None:
    array = np.zeros((2, 3, 4), np.int16)
    assert Volume(array, Geometry((2, 3, 4))).array is array


def test_an_array_of_another_shape_is_refused_with_both_shapes() -> None:
    with pytest.raises(InputError, match=r"\(4, 3, 2\).*\(2, 3, 4\)"):
        Volume(np.zeros((4, 3, 2), np.int16), Geometry((2, 3, 4)))
