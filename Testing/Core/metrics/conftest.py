"""The public reference library, made to run on today's NumPy and SciPy; small contour sets."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Callable, Iterator, Mapping, Sequence

import numpy as np
import pytest
from scipy import ndimage

from AutoContourRTCore.cohorts.evaluate_service import EvaluateCaseService
from AutoContourRTCore.cohorts.evaluating import Evaluating, evaluate_cohort
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.cohort.cohort import Cohort, CohortOptions
from AutoContourRTCore.metrics.compare.rows import COMPARED, Row
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from in_this_process import InThisProcess


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


SHAPE = (20, 24, 28)
SPACING = (2.5, 1.0, 1.25)


@pytest.fixture()
def grid() -> Geometry:
    """A grid of anisotropic voxels that does not begin at the origin."""
    return Geometry(SHAPE, SPACING, (-30.0, 12.5, 100.0))


@pytest.fixture()
def box() -> Callable[..., np.ndarray]:
    """A mask of the grid with one filled box: first voxel and size, k, j, i."""

    def make(first: Sequence[int], size: Sequence[int], shape: Sequence[int] = SHAPE) -> np.ndarray:
        mask = np.zeros(shape, bool)
        mask[tuple(slice(f, f + n) for f, n in zip(first, size))] = True
        return mask

    return make


@pytest.fixture()
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Writes label maps as <folder>/<case>/structures.seg.nrrd; returns the folder."""

    def make(name: str, cases: Mapping[str, LabelMap]) -> Path:
        for case, labelmap in cases.items():
            (tmp_path / name / case).mkdir(parents=True)
            write_labelmap(labelmap, tmp_path / name / case / "structures.seg.nrrd")
        return tmp_path / name

    return make


@pytest.fixture()
def row() -> Callable[..., Row]:
    """A row with the given figures."""

    def make(case: str = "1", structure: str = "Brain", state: str = COMPARED, **figures: float
             ) -> Row:
        return Row(case, structure, structure, structure, state, figures)

    return make


@pytest.fixture()
def sets(grid, box):
    """A contour set with a brain moved by so many slices, without a heart if there is None."""

    def make(brain, heart=0):
        masks = {"Brain": box((3 + brain, 4, 5), (10, 6, 7))}
        if heart is not None:
            masks["heart"] = box((3 + heart, 14, 14), (5, 5, 5))
        return LabelMap(masks, grid)

    return make


@pytest.fixture()
def folders(folder_of, sets):
    """Three cases: agreeing, the heart missing in the test, the heart missing in the reference."""
    reference = {"p1": sets(0), "p2": sets(0), "p3": sets(0, None)}
    test = {"p1": sets(0), "p2": sets(1, None), "p3": sets(2, 1)}
    return folder_of("reference", reference), folder_of("test", test)


@pytest.fixture()
def evaluated(tmp_path: Path) -> Callable[..., Cohort]:
    """The cohort of two folders; more: progress, and what CohortOptions take."""

    def run(
        reference: Path, test: Path, progress: Progress = ignore_progress, **options: Any
    ) -> Cohort:
        given = CohortOptions(**options)
        wanted = Evaluating(reference, test, tmp_path / "evaluated", given,
                            provenance_of(given.settings, user="Ada"))  # fmt: skip
        return evaluate_cohort(wanted, InThisProcess(EvaluateCaseService()), progress)[1]

    return run
