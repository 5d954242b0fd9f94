"""A cohort's folder, a case and what is done with it, without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from AutoContourRTCore import __version__, messages
from AutoContourRTCore.cohorts.record import RECORDS, model_key
from AutoContourRTCore.cohorts.request import CaseRequest
from AutoContourRTCore.models.manifest import Manifest


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
def ask(tmp_path: Path, out: Path, store: Store) -> Callable[..., CaseRequest]:
    """Makes a request for a case whose CT is a file of any content."""

    def request(case: str = "a", **changes: Any) -> CaseRequest:
        ct = tmp_path / f"{case}.nrrd"
        if not ct.exists():
            ct.write_bytes(b"ct of " + case.encode())
        made = CaseRequest(case, str(ct), str(out / f"{case}.seg.nrrd"), "m",
                           model_key(store.model), __version__, "run 1")
        return replace(made, **changes)

    return request


class Segment:
    """In place of SegmentationService: writes `content`, counts the calls."""

    def __init__(self) -> None:
        self.calls, self.content = 0, b"contours"
        self.meanwhile: Callable[[], Any] = lambda: None

    def __call__(self, request: Any, progress: Any) -> messages.SegmentResult:
        self.calls += 1
        progress(0.5, "half")
        Path(request.output).write_bytes(self.content)
        self.meanwhile()
        return messages.SegmentResult(
            request.output, {"SpinalCord": 20.0}, {"Parotid_L": "not found"}, ("a warning",)
        )


@pytest.fixture()
def segment() -> Segment:
    return Segment()
