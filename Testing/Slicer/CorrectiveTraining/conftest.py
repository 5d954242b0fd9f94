"""A tiny project of bright cubes, the module in the harness, and a user with the Segment Editor."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterator, List

import numpy as np
import pytest

import SlicerHarness
from AutoContourRTCore.correction.setup import correction_recipe
from AutoContourRTCore.nn.recipes import Augmentation, Recipe
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

MODULE = Path(__file__).parents[3] / "CorrectiveTraining" / "CorrectiveTraining.py"
SHAPE = (12, 24, 28)
LEFT, RIGHT = "Kidney_L", "Kidney_R"  # no organs that are looked for in heads only
GEOMETRY = Geometry(SHAPE, (3.0, 3.0, 3.0), (-40.0, -35.0, -17.0))


def body() -> np.ndarray:
    """Everything but a rim of air: bool [k, j, i]."""
    inside = np.zeros(SHAPE, dtype=bool)
    inside[:, 2:-2, 2:-2] = True
    return inside


def cube(k: int, j: int, i: int, side: int = 6) -> np.ndarray:
    """A mask, bool [k, j, i]."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[k : k + side, j : j + side, i : i + side] = True
    return mask


def truth(number: int) -> dict:
    """Where the two organs of a case lie: a bit elsewhere in each."""
    shift = number % 3
    return {LEFT: cube(3, 6 + shift, 17), RIGHT: cube(3, 8, 4 + shift)}


def image(number: int) -> Volume:
    """Water with two bright cubes, the left one brighter, and some noise."""
    organs = truth(number)
    array = np.where(body(), 0, -1000).astype(np.int16)
    array[organs[LEFT]], array[organs[RIGHT]] = 300, 150
    noise = np.random.default_rng(number).integers(-15, 16, SHAPE)
    return Volume((array + noise).astype(np.int16), GEOMETRY)


class User:
    """What somebody does in the module; truth of a case: `truths[case id]`."""

    def __init__(self, loaded: Any, folder: Path) -> None:
        self.loaded, self.widget, self.ui = loaded, loaded.widget, loaded.widget.ui
        self.session, self.folder = loaded.logic.session, folder
        self.LEFT, self.RIGHT = LEFT, RIGHT

    @property
    def case(self) -> Any:
        return self.session.case

    @property
    def editor(self) -> Any:
        return self.ui.editor

    def truth(self) -> dict:
        """Of the open case."""
        return truth(int(self.case.name.split("-")[1]))

    def events(self, turns: int = 3) -> None:
        """Let the event loop run."""
        import slicer

        for _ in range(turns):
            slicer.app.processEvents()

    def edit(self, structure: str, mask: np.ndarray) -> None:
        """Make the contour of a structure this mask, as with an effect of the Segment Editor."""
        self.ui.editRadioButton.checked = True
        self.ui.structureComboBox.currentIndex = self.ui.structureComboBox.findData(structure)
        shown = self.shown(self.case.contours, structure)
        if (mask & ~shown).any():
            self.editor.paint(mask & ~shown)
        if (shown & ~mask).any():
            self.editor.erase(shown & ~mask)
        self.events()

    def paint(self, button: Any, mask: np.ndarray) -> None:
        """Press Foreground, Background or Eraser, and paint."""
        button.click()
        self.editor.paint(mask)
        self.events()

    def shown(self, node: Any, segmentId: str) -> np.ndarray:
        """The mask of a segment as it is in the node."""
        from CorrectiveTrainingLib import Segments

        return Segments.masksOf(node, self.case.volume, [segmentId])[segmentId]

    def waitFor(self, condition: Callable[[], Any], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.ui.stateLabel.text
            self.events(1)
            time.sleep(0.005)


@pytest.fixture()
def tinyRecipe() -> Recipe:
    """Two levels, patches of 8 x 16 x 16 voxels of 3 mm."""
    return replace(
        correction_recipe("default"), spacing=(3.0, 3.0, 3.0), patch=(8, 16, 16), widths=(8, 16),
        batch=4, warmup_steps=0, lr=5e-3, average=0.9, augmentation=Augmentation(),
    )


@pytest.fixture()
def images(tmp_path: Path) -> List[Path]:
    """Four files."""
    paths = [tmp_path / "ct" / f"case-{n}.nrrd" for n in range(4)]
    paths[0].parent.mkdir()
    for number, path in enumerate(paths):
        write_volume(image(number), path)
    return paths


class SilentWorker:
    """Takes requests and answers nothing by itself."""

    def __init__(self) -> None:
        self.requests: dict = {}
        self.cancelled: List[str] = []

    def submit(self, request: Any, handler: Any) -> str:
        number = f"r{len(self.requests) + 1}"
        self.requests[number] = (request, handler)
        return number

    def cancel(self, number: str) -> None:
        self.cancelled.append(number)

    def of(self, kind: str) -> List[Any]:
        """(request, handler) of a kind, such as "PredictRequest"."""
        return [pair for pair in self.requests.values() if type(pair[0]).__name__ == kind]


@pytest.fixture()
def models(tmp_path: Path, monkeypatch: Any) -> Path:
    """The store of the user's models, for this process and the worker."""
    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture()
def worker() -> SilentWorker:
    return SilentWorker()


@pytest.fixture()
def loaded(slicer_app: Any, scene: Any, models: Path, worker: Any) -> Iterator[Any]:
    """The module, entered, with a worker that does nothing."""
    made = SlicerHarness.loadModule(MODULE)
    made.widget.session._worker = worker
    slicer_app.util.selectModule("CorrectiveTraining")
    yield made
    SlicerHarness.closeModule(made)


@pytest.fixture()
def views(scene: Any) -> Any:
    """Slice views that draw; to be asked for before the module is."""
    return SlicerHarness.useLayoutManager()


@pytest.fixture()
def user(loaded: Any, tmp_path: Path, images: List[Path], tinyRecipe: Recipe) -> User:
    """With a project of two structures and four cases, the first of which is open."""
    made = User(loaded, tmp_path / "project")
    made.session.createProject(made.folder, [LEFT, RIGHT], tinyRecipe)
    ids = made.session.addFiles([str(path) for path in images], copy=False)
    made.session.open(ids[0])
    return made
