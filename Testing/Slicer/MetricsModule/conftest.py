"""Two small contour sets, and a worker that computes in this process, when a test says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import numpy as np
import pytest

from asked_worker import AskedWorker, Heard
from AutoContourRTCore.metrics.compare.service import CompareService
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

ROOT = Path(__file__).resolve().parents[3]
#: Voxels of 1 x 1 x 2 mm (i, j, k), so that distances of the boxes below are whole numbers.
GRID = Geometry((16, 20, 24), (2.0, 1.0, 1.0), (-10.0, -8.0, 30.0))


class HereWorker(AskedWorker):
    """`finish` serves the last request, really."""

    def finish(self) -> None:
        """Compute and answer as the worker does: results as JSON has them, errors as words."""
        from dataclasses import asdict

        from AutoContourRTCore.errors import InputError

        handler = self._handlers[-1]
        try:
            result = CompareService()(self.requests[-1], handler.onProgress)
        except InputError as error:
            handler.onFailed(str(error), "input")
            return
        handler.onDone({**asdict(result), "warnings": list(result.warnings)})

    def shutdown(self) -> None:
        """Nothing runs."""


def box(k: Tuple[int, int], j: Tuple[int, int], i: Tuple[int, int]) -> np.ndarray:
    """A box of voxels, half-open."""
    mask = np.zeros(GRID.shape, bool)
    mask[slice(*k), slice(*j), slice(*i)] = True
    return mask


def referenceSet() -> LabelMap:
    return LabelMap(
        {"Parotid_L": box((4, 9), (5, 11), (6, 12)), "Brain": box((10, 14), (3, 17), (3, 20)),
         "Eye_R": box((2, 3), (2, 4), (2, 4)), "PTV": box((5, 8), (6, 9), (7, 10))},
        GRID,
    )  # fmt: skip


def testSet() -> LabelMap:
    """Parotid_L 3 mm to the left (+i), Brain the same under another name, Eye_R missing."""
    return LabelMap(
        {"Lt Parotid": box((4, 9), (5, 11), (9, 15)), "Brain": box((10, 14), (3, 17), (3, 20)),
         "Larynx": box((1, 2), (3, 5), (3, 5))},
        GRID,
    )  # fmt: skip


testSet.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture()
def grid() -> Geometry:
    return GRID


@pytest.fixture()
def boxOf() -> Callable[..., np.ndarray]:
    return box


@pytest.fixture()
def worker() -> HereWorker:
    return HereWorker()


@pytest.fixture()
def addSet(scene: Any) -> Callable[..., Any]:
    """Adds a segmentation node of a label map, under the very names, in layers of its own."""
    import slicer

    from AutoContourRTLib.MrmlBridge import segmentationFromLabelMap
    from AutoContourRTLib.SamplePhantom import addVolume

    volumes: Dict[Any, Any] = {}

    def add(labels: LabelMap, name: str) -> Any:
        if labels.geometry not in volumes:
            empty = Volume(np.zeros(labels.geometry.shape, np.int16), labels.geometry)
            volumes[labels.geometry] = addVolume(empty, "CT")
        node = segmentationFromLabelMap(labels, volumes[labels.geometry], name)
        segmentation = node.GetSegmentation()
        for segmentId, written in zip(list(segmentation.GetSegmentIDs()), labels.names):
            segmentation.GetSegment(segmentId).SetName(written)
        slicer.app.processEvents()
        return node

    return add


@pytest.fixture()
def reference(addSet: Any) -> Any:
    return addSet(referenceSet(), "Observer 1")


@pytest.fixture()
def test(addSet: Any) -> Any:
    return addSet(testSet(), "Observer 2")


@pytest.fixture()
def labels() -> Tuple[LabelMap, LabelMap]:
    return referenceSet(), testSet()


@pytest.fixture()
def removeVoxel() -> Callable[[Any], None]:
    """Takes a voxel away from the first segment, as the editor does."""
    import slicer

    def remove(node: Any) -> None:
        segmentId = node.GetSegmentation().GetNthSegmentID(0)
        array = slicer.util.arrayFromSegmentBinaryLabelmap(node, segmentId).copy()
        array[tuple(np.argwhere(array)[0])] = 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, segmentId)

    return remove


class Watched(Heard):
    """A run with what it told."""

    def __init__(self, base: Path, worker: Any, reference: Any, test: Any, options: Any) -> None:
        from AutoContourRTLib.RunFolder import RunFolder
        from MetricsModuleLib.ComparisonRun import ComparisonRun

        super().__init__()
        self.run = ComparisonRun(
            reference, test, options, worker,
            folderFactory=lambda: RunFolder(base), **self.callbacks,
        )  # fmt: skip


@pytest.fixture()
def begin(tmp_path: Path, waitFor: Any, worker: HereWorker) -> Callable[..., Watched]:
    """Starts a comparison and waits until the worker has the contours."""

    def start(reference: Any, test: Any, options: Optional[Any] = None) -> Watched:
        from MetricsModuleLib.ComparisonRun import Options

        before = len(worker.requests)
        watched = Watched(tmp_path / "runs", worker, reference, test, options or Options())
        watched.run.start()
        waitFor(lambda: len(worker.requests) > before or watched.ends)
        return watched

    return start


@pytest.fixture()
def outcome(begin: Any, reference: Any, test: Any, worker: HereWorker) -> Any:
    """The comparison of both sets."""
    watched = begin(reference, test)
    worker.finish()
    assert watched.ends[0][0] == "done", watched.ends
    return watched.ends[0][1]


@pytest.fixture()
def result(outcome: Any, reference: Any, test: Any) -> Any:
    """Its table node."""
    from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS
    from MetricsModuleLib.Results import addResult

    return addResult(reference.GetScene(), outcome, reference, test, DEFAULT_LIMITS)


@pytest.fixture()
def module(scene: Any, worker: HereWorker) -> Iterator[Any]:
    """The module, its panel open, computing here."""
    import slicer

    from SlicerHarness import closeModule, loadModule

    loaded = loadModule(ROOT / "MetricsModule" / "MetricsModule.py")
    slicer.util.selectModule("MetricsModule")
    loaded.logic.worker = worker
    yield loaded
    closeModule(loaded)


@pytest.fixture()
def chosen(module: Any, reference: Any, test: Any) -> Any:
    """The panel with both sets chosen."""
    parameters = module.logic.getParameterNode()
    parameters.reference, parameters.test = reference, test
    return module.widget


@pytest.fixture()
def compared(chosen: Any, worker: Any, waitFor: Any) -> Any:
    """The panel with a result."""
    chosen.ui.compareButton.click()
    waitFor(lambda: worker.requests)
    worker.finish()
    assert chosen.ui.compareButton.enabled, chosen.ui.progressLabel.text
    return chosen
