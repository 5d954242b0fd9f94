"""A cohort's folder, a case and what is done with it, without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, List, Sequence, Tuple

import numpy as np
import pytest

from AutoContourRTCore import __version__, messages
from AutoContourRTCore.cohorts.request import RECORDS
from AutoContourRTCore.cohorts.segment_request import SegmentCaseRequest, model_key
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap


class Store:
    """A model store with one model."""

    def __init__(self) -> None:
        self.model = Manifest(
            id="m", version="1.2", name="m", structures=("SpinalCord", "Parotid_L"), region="r",
            anatomy="a", recipe={"spacing": [1, 1, 1]}, network={"outputs": 2},
            training_spacing_mm=(1.0, 1.0, 1.0), data="none", licence="none",
        )

    def manifest(self, model_id: str) -> Manifest:
        return self.model


@pytest.fixture()
def store() -> Store:
    return Store()


@pytest.fixture()
def out(tmp_path: Path) -> Path:
    """A cohort's folder."""
    (tmp_path / "out" / RECORDS).mkdir(parents=True)
    return tmp_path / "out"


@pytest.fixture()
def ask(tmp_path: Path, out: Path, store: Store) -> Callable[..., SegmentCaseRequest]:
    """Makes a request for a case whose CT is a file of any content."""

    def request(case: str = "a", **changes: Any) -> SegmentCaseRequest:
        ct = tmp_path / f"{case}.nrrd"
        if not ct.exists():
            ct.write_bytes(b"ct of " + case.encode())
        made = SegmentCaseRequest(case, str(out), __version__, "run 1", False, 1, str(ct), "m",
                                  model_key(store.model))  # fmt: skip
        return replace(made, **changes)

    return request


class Segment:
    """In place of SegmentationService: writes `content`, counts the calls, notes the series."""

    def __init__(self) -> None:
        self.series: List[str] = []
        self.calls, self.content = 0, b"contours"
        self.meanwhile: Callable[[], Any] = lambda: None

    def __call__(self, request: Any, progress: Any) -> messages.SegmentResult:
        self.calls += 1
        self.series.append(request.series)
        progress(0.5, "half")
        Path(request.output).write_bytes(self.content)
        self.meanwhile()
        return messages.SegmentResult(
            request.output, {"SpinalCord": 20.0}, {"Parotid_L": "not found"}, ("a warning",)
        )


@pytest.fixture()
def segment() -> Segment:
    return Segment()


@pytest.fixture()
def sides(tmp_path: Path) -> Callable[..., Tuple[Path, Path]]:
    """Contours of a reference and a test, each case a file; case n is moved by n mod 4 voxels."""

    def make(cases: Sequence[str]) -> Tuple[Path, Path]:
        grid = Geometry((14, 15, 16), (2.5, 0.9, 1.1))
        for n, case in enumerate(cases):
            for folder, shift in (("reference", 0), ("test", n % 4)):
                (tmp_path / folder).mkdir(exist_ok=True)
                masks = {name: np.zeros(grid.shape, bool) for name in ("Brain", "Heart")}
                masks["Brain"][2 + shift : 7, 3:9, 4 : 10 + shift] = True
                masks["Heart"][8:11, 4 : 9 - shift, 5:9] = True
                write_labelmap(LabelMap(masks, grid), tmp_path / folder / f"{case}.seg.nrrd")
        return tmp_path / "reference", tmp_path / "test"

    return make
