"""The module's panel in the harness, with a worker that does what a test says, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import pytest

from asked_worker import AskedWorker
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

MODULE = Path(__file__).resolve().parents[3] / "AutoContourRT" / "AutoContourRT.py"
#: Half a litre of voxels of 1 ml.
GRID = Geometry((8, 8, 8), (10.0, 10.0, 10.0), (-35.0, -35.0, -35.0))
#: Structure -> edge_mm, look_at (LPS, mm); see messages.SegmentResult.
Doubts = Dict[str, Tuple[float, Tuple[float, float, float]]]


class SaidWorker(AskedWorker):
    """The test says what becomes of the last request."""

    def progress(self, fraction: float, message: str) -> None:
        self._handlers[-1].onProgress(fraction, message)

    def fail(self, message: str) -> None:
        self._handlers[-1].onFailed(message, "failure")

    def finish(
        self,
        masks: Dict[str, np.ndarray],
        absent: Optional[Dict[str, str]] = None,
        warnings: Sequence[str] = (),
        doubts: Optional[Doubts] = None,
    ) -> None:
        """Write these masks as the result, and say so."""
        from AutoContourRTCore.volumes.files import read_volume
        from AutoContourRTCore.volumes.segfile import write_labelmap

        request = self.requests[-1]
        labels = LabelMap(masks, read_volume(request.input).geometry)
        write_labelmap(labels, request.output)
        volumes = {name: labels.volume_ml(name) for name in masks}
        values = {"output": request.output, "volumes_ml": volumes, "absent": absent or {}}
        values["edge_mm"] = {name: edge for name, (edge, _) in (doubts or {}).items()}
        values["look_at"] = {name: list(spot) for name, (_, spot) in (doubts or {}).items()}
        self._handlers[-1].onDone({**values, "warnings": list(warnings)})


@pytest.fixture()
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of the user's own models."""
    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture()
def loaded(scene: Any, models_folder: Path) -> Iterator[Any]:
    """The module, its panel open."""
    import slicer

    from SlicerHarness import closeModule, loadModule

    module = loadModule(MODULE)
    slicer.util.selectModule("AutoContourRT")
    yield module
    closeModule(module)


@pytest.fixture()
def worker(loaded: Any) -> SaidWorker:
    """What the panel gives its requests to."""
    loaded.logic.worker = SaidWorker()
    return loaded.logic.worker


@pytest.fixture()
def ui(loaded: Any, worker: SaidWorker) -> Any:
    """The panel's widgets."""
    return loaded.widget.ui


@pytest.fixture()
def add_ct(scene: Any) -> Callable[..., Any]:
    """Adds a volume node to the scene."""

    def add(name: str = "CT", geometry: Geometry = GRID) -> Any:
        from AutoContourRTLib.SamplePhantom import addVolume

        array = np.arange(np.prod(geometry.shape), dtype=np.int16).reshape(geometry.shape)
        return addVolume(Volume(array, geometry), name)

    return add


@pytest.fixture()
def ct(ui: Any, add_ct: Callable[..., Any], loaded: Any) -> Any:
    """A volume, chosen in the panel."""
    node = add_ct()
    loaded.logic.getParameterNode().inputVolume = node
    return node


def box(low: Tuple[int, int, int], high: Tuple[int, int, int]) -> np.ndarray:
    """A mask on GRID: a box, half-open, k, j, i."""
    mask = np.zeros(GRID.shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high))] = True
    return mask


@pytest.fixture()
def masks() -> Dict[str, np.ndarray]:
    """20 ml of parotid (usual), and beside it 2 ml of brainstem (small)."""
    return {"Parotid_L": box((0, 0, 0), (5, 2, 2)), "Brainstem": box((0, 2, 0), (2, 3, 1))}


@pytest.fixture()
def wait(waitFor: Callable[..., None]) -> Callable[..., None]:
    """Runs the event loop until a condition holds."""
    return waitFor


@pytest.fixture()
def segment(
    ui: Any, ct: Any, worker: SaidWorker, wait: Callable[..., None], loaded: Any
) -> Callable[..., Any]:
    """Presses Segment and lets the worker finish with masks; returns the new node."""

    def run(*result: Any, **named: Any) -> Any:
        asked = len(worker.requests)
        ui.segmentButton.click()
        wait(lambda: len(worker.requests) > asked)
        worker.finish(*result, **named)
        wait(lambda: ui.segmentButton.enabled)
        return loaded.logic.getParameterNode().result

    return run


@pytest.fixture()
def things(scene: Any) -> Callable[[], List[str]]:
    """What a user sees in the scene: IDs of all nodes but those of the panel itself."""

    def list_() -> List[str]:
        nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
        return [node.GetID() for node in nodes if not node.IsA("vtkMRMLScriptedModuleNode")]

    return list_
