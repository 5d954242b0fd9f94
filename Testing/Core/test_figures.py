"""Pictures show structures where they are: the patient's left on the right of the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

pytest.importorskip("matplotlib")

from matplotlib import image as picture  # noqa: E402

from three_planes import save_three_planes  # noqa: E402

STRAIGHT = Geometry((30, 40, 40), (5.0, 5.0, 5.0))
#: The same grid with i running to the patient's right.
FLIPPED = Geometry(
    (30, 40, 40), (5.0, 5.0, 5.0), (195.0, 0.0, 0.0), ((0, 0, 1), (0, 1, 0), (-1, 0, 0))
)


def green_columns(path: Path, panel: slice) -> np.ndarray:
    """Columns (0..1 of the panel's width) with the green of Parotid_L, above the legend."""
    pixels = picture.imread(path)[..., :3]
    part = pixels[: int(0.8 * len(pixels)), panel]
    green = part[..., 1] - part[..., 0] > 0.2
    return np.flatnonzero(green.any(axis=0)) / (panel.stop - panel.start)


@pytest.mark.parametrize("geometry", [STRAIGHT, FLIPPED], ids=["straight", "flipped"])
def test_the_patients_left_is_on_the_right_of_the_axial_picture(tmp_path, geometry):
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1)
    lps = geometry.to_lps(index)
    left = np.linalg.norm(lps - (150.0, 100.0, 75.0), axis=-1) < 25
    body = np.where(np.abs(lps[..., 0] - 100) < 90, 0, -1000).astype(np.int16)
    far_below = np.linalg.norm(lps - (50.0, 100.0, 20.0), axis=-1) < 3
    masks = {"Parotid_L": left, "Larynx": far_below}
    path = tmp_path / "planes.png"
    save_three_planes(
        Volume(body, geometry), LabelMap(masks, geometry), path, center=(150.0, 100.0, 75.0)
    )
    width = picture.imread(path).shape[1]
    columns = green_columns(path, slice(int(0.02 * width), int(0.33 * width)))
    assert columns.size and columns.min() > 0.4


def test_the_outline_of_a_structure_of_a_dull_colour_is_bright(tmp_path):
    """Brainstem's (145, 92, 140) is all but the grey of tissue in a line of a pixel or two."""
    index = np.stack(np.meshgrid(*map(np.arange, STRAIGHT.shape), indexing="ij"), axis=-1)
    middle = np.linalg.norm(STRAIGHT.to_lps(index) - (100.0, 100.0, 75.0), axis=-1) < 40
    path = tmp_path / "planes.png"
    volume = Volume(np.zeros(STRAIGHT.shape, dtype=np.int16), STRAIGHT)
    save_three_planes(volume, LabelMap({"Brainstem": middle}, STRAIGHT), path)
    pixels = picture.imread(path)[..., :3]
    above_legend = pixels[: int(0.8 * len(pixels))]
    seen = (above_legend[..., 0] > 0.85) & (above_legend[..., 0] - above_legend[..., 1] > 0.35)
    assert seen.sum() > 200


def test_a_picture_without_structures_can_be_made(tmp_path):
    volume = Volume(np.zeros(STRAIGHT.shape, dtype=np.int16), STRAIGHT)
    path = tmp_path / "folder" / "empty.png"
    save_three_planes(volume, LabelMap({}, STRAIGHT), path, title="nothing")
    assert path.stat().st_size > 1000
