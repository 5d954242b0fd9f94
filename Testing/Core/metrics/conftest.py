"""The public reference library, made to run on today's NumPy and SciPy."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Iterator

import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture()
def reference(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """PyPI surface-distance 0.1; its names that newer libraries dropped are lent to it."""
    module = pytest.importorskip("surface_distance")
    monkeypatch.setattr(np, "Inf", np.inf, raising=False)
    monkeypatch.setattr(np, "NaN", np.nan, raising=False)
    old = SimpleNamespace(
        filters=ndimage, morphology=ndimage, correlate=ndimage.correlate,
        distance_transform_edt=ndimage.distance_transform_edt,
    )
    monkeypatch.setattr("surface_distance.metrics.ndimage", old)
    yield module
