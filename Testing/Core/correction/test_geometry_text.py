from __future__ import annotations

import json
from dataclasses import replace

import pytest

from AutoContourRTCore.correction.geometry_text import from_values, to_values, told_apart
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry

ODD = Geometry((3, 4, 5), (1 / 3, 0.1, 0.7), (-1.1, 1e-7, 3.3), ((0, 0, -1), (0, 1, 0), (1, 0, 0)))


def test_a_grid_survives_json_to_the_last_digit() -> None:
    assert from_values(json.loads(json.dumps(to_values(ODD)))) == ODD


@pytest.mark.parametrize("values", [{}, {"shape": 3}, {**to_values(ODD), "spacing": [1, 2]}])
def test_what_is_no_grid_is_refused(values: dict) -> None:
    with pytest.raises(InputError, match="not the grid"):
        from_values(values)


def test_what_differs_is_named() -> None:
    text = told_apart(ODD, replace(ODD, shape=(3, 4, 6)))
    assert "shape (3, 4, 5) and (3, 4, 6)" in text and "origin" not in text
