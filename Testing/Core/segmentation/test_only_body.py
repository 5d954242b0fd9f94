"""What the network sees of a patient: the body, and the skin that a grid mixed with air."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.segmentation.body import AIR_HU, only_body
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.resample import resample
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((7, 30, 30), (3.0, 4.0, 2.0), (0.0, 0.0, 0.0))


def test_outside_the_body_only_its_skin_is_kept() -> None:
    body = np.zeros(GRID.shape, dtype=bool)
    body[:, 10:20, 10:20] = True
    hu = np.full(GRID.shape, -1024, dtype=np.int16)
    hu[body] = 40
    hu[3, 15, 15] = -2048  # a hole in the data
    hu[:, 9, 15] = -600  # skin and air in one
    hu[:, 15, 21] = -350  # 4 mm away along i
    hu[:, 15, 24] = -350  # 10 mm away
    hu[:, 21, 15] = 60  # a fixation mask
    seen = only_body(Volume(hu, GRID), body)
    assert seen.dtype == np.float32
    wanted = np.full(GRID.shape, AIR_HU, dtype=np.float32)
    wanted[body] = 40
    wanted[3, 15, 15] = AIR_HU
    wanted[:, 9, 15], wanted[:, 15, 21] = -600, -350
    assert np.array_equal(seen, wanted)


def test_a_scan_that_came_through_a_turned_grid_keeps_its_thickness() -> None:
    geometry = Geometry((6, 60, 60), (3.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    center = geometry.to_lps(np.array([2.5, 29.5, 29.5]))
    _, y, x = np.indices(geometry.shape)
    inside = (y - 29.5) ** 2 + (x - 29.5) ** 2 < 20**2
    scan = Volume(np.where(inside, 0, -1000).astype(np.int16), geometry)
    angle = np.deg2rad(20.0)
    along = ((0, 0, 1), (-np.sin(angle), np.cos(angle), 0), (np.cos(angle), np.sin(angle), 0))
    turned = Geometry(geometry.shape, geometry.spacing, (0.0, 0.0, 0.0), along)
    turned = Geometry(
        turned.shape, turned.spacing,
        tuple(center - turned.to_lps(np.array([2.5, 29.5, 29.5]))), along,
    )  # fmt: skip
    again = resample(scan, turned, AIR_HU)
    tissue = [float((only_body(v, v.array > -300) - AIR_HU).sum()) for v in (scan, again)]
    cut = float((np.where(again.array > -300, again.array, AIR_HU) - AIR_HU).sum())
    assert tissue[1] == pytest.approx(tissue[0], rel=0.002)
    assert cut < 0.99 * tissue[0]
