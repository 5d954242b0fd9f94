"""One thread for what trains here; a small grid."""

from __future__ import annotations

import sys
from typing import Iterator

import pytest

from AutoContourRTCore.volumes.geometry import Geometry


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    torch = sys.modules.get("torch")  # some tests here run where there is none
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture()
def grid() -> Geometry:
    """4 x 6 x 8 voxels."""
    return Geometry((4, 6, 8), (3.0, 2.0, 1.0), (10.0, -20.0, 30.0))
