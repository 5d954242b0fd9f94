from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.correction import geometry_text
from AutoContourRTCore.correction.annotation_file import write_arrays
from AutoContourRTCore.correction.predictions import (
    PREDICTION,
    Prediction,
    read_prediction,
    write_prediction,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry


def test_a_prediction_comes_back_as_it_was(grid: Geometry, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    masks = {name: rng.random(grid.shape) < 0.3 for name in ("Heart", "Lung_L")}
    box = (0, 3, 0, 6, 1, 2)
    write_prediction(Prediction(masks, grid, "epoch 3", box), tmp_path / "case")
    back = read_prediction(tmp_path / "case", grid)
    assert back is not None and (back.model, back.box) == ("epoch 3", box)
    assert list(back.masks) == ["Heart", "Lung_L"]
    assert all(np.array_equal(back.masks[name], masks[name]) for name in masks)


def test_small_masks_come_back_in_their_places_and_empty_ones_empty(
    grid: Geometry, tmp_path: Path
) -> None:
    small = np.zeros(grid.shape, dtype=bool)
    small[1, 2:4, 3] = True
    masks = {"Heart": small, "Lung_L": np.zeros(grid.shape, dtype=bool)}
    path = write_prediction(Prediction(masks, grid, "epoch 3"), tmp_path)
    back = read_prediction(tmp_path, grid)
    assert back is not None and all(np.array_equal(back.masks[n], masks[n]) for n in masks)
    with np.load(path) as file:
        assert (len(file["mask0"]), len(file["mask1"])) == (1, 0)


def test_a_prediction_of_the_first_schema_is_still_read(grid: Geometry, tmp_path: Path) -> None:
    mask = np.random.default_rng(0).random(grid.shape) < 0.3
    about = {
        "schema": 1, "structures": ["Heart"], "model": "m", "box": None,
        "geometry": geometry_text.to_values(grid),
    }  # fmt: skip
    write_arrays(tmp_path / PREDICTION, about, mask0=np.packbits(mask))
    back = read_prediction(tmp_path, grid)
    assert back is not None and np.array_equal(back.masks["Heart"], mask)


def test_a_case_without_prediction_has_none(grid: Geometry, tmp_path: Path) -> None:
    assert read_prediction(tmp_path, grid) is None


def test_a_prediction_for_another_grid_or_a_damaged_one_is_refused(
    grid: Geometry, tmp_path: Path
) -> None:
    write_prediction(Prediction({}, grid, "m"), tmp_path)
    with pytest.raises(InputError, match="another image.*predict again"):
        read_prediction(tmp_path, replace(grid, spacing=(3.0, 2.0, 1.5)))
    (tmp_path / PREDICTION).write_bytes(b"PK")
    with pytest.raises(InputError, match="damaged"):
        read_prediction(tmp_path, grid)
