"""The module's "Save and next" timed in the harness, with its nodes and panels.

A CT of 512 x 512 x 128 with five structures, the next image and prediction there already, as when
the user has looked at a case for two seconds. The harness draws no slices; Slicer does. Prints
Markdown lines as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Tuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
STRUCTURES = ("Parotid_L", "Parotid_R", "Bone_Mandible", "SpinalCord", "Brainstem")
CASES = 5


class SilentWorker:
    """Does nothing: what it would do is done by another process."""

    def submit(self, request: Any, handler: Any) -> str:
        return "r"

    def cancel(self, number: str) -> None:
        pass


def main() -> None:
    """See the top of the file."""
    sys.path[:0] = [str(ROOT / "AutoContourRT"), str(ROOT / "Testing")]
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import SlicerHarness

    slicer = SlicerHarness.start()
    SlicerHarness.useLayoutManager()
    module = SlicerHarness.loadModule(ROOT / "CorrectiveTraining" / "CorrectiveTraining.py")
    with tempfile.TemporaryDirectory() as folder:
        slicer.util.selectModule("CorrectiveTraining")
        session = module.logic.session
        session._worker = SilentWorker()
        session.trainsByItself = False
        try:
            make_project(session, Path(folder))
            found = [next_case(session) for _ in range(CASES - 1)]
        finally:
            session.close()
    SlicerHarness.closeModule(module)
    wall, cpu = (statistics.median(one) for one in zip(*found))
    print(json.dumps([
        f"| save and next in the module, 512x512x128, {len(STRUCTURES)} structures | {wall:.2f} s "
        f"by the clock | {cpu:.2f} s of processor time | limit 1 s |"
    ]))  # fmt: skip


def make_project(session: Any, folder: Path) -> None:
    """Cases with predictions; the first one is open."""
    from AutoContourRTCore.correction.predictions import Prediction, write_prediction
    from AutoContourRTCore.correction.project import case_folder
    from AutoContourRTCore.correction.setup import correction_recipe
    from AutoContourRTCore.volumes.files import write_volume
    from AutoContourRTCore.volumes.geometry import Geometry
    from AutoContourRTCore.volumes.volume import Volume

    grid = Geometry((128, 512, 512), (2.5, 1.0, 1.0))
    image = np.random.default_rng(0).integers(-100, 100, grid.shape, dtype=np.int16)
    write_volume(Volume(image, grid), folder / "large.nrrd")
    recipe = correction_recipe("default", small=True)
    session.createProject(folder / "project", STRUCTURES, recipe)
    masks = {}
    for number, name in enumerate(STRUCTURES):
        masks[name] = np.zeros(grid.shape, dtype=bool)
        masks[name][40:90, 100 + 40 * number : 160 + 40 * number, 150:230] = True
    for _ in range(CASES):
        case_id = session.project.add_image(folder / "large.nrrd")
        write_prediction(Prediction(masks, grid, "m"), case_folder(session.project.folder, case_id))
    session.open(session.project.record.cases[0].id)


def next_case(session: Any) -> Tuple[float, float]:
    """Edit the open case, wait, save and go on: seconds by the clock, and of the processor."""
    import slicer

    from CorrectiveTrainingLib import Segments

    case = session.case
    mask = case.correction.corrected.copy()
    mask[60, 100:140, 100:140] = True
    Segments.setMask(case.contours, case.structure, mask, case.geometry)
    settle(slicer)
    session._touchedAt = -1e9  # the user has looked at it for long
    session._readAhead()
    assert session.isNextReady()
    settle(slicer)
    wall, cpu = time.perf_counter(), time.process_time()
    session.saveAndNext()
    settle(slicer)
    return time.perf_counter() - wall, time.process_time() - cpu


def settle(slicer: Any) -> None:
    """Let the event loop run."""
    for _ in range(3):
        slicer.app.processEvents()


if __name__ == "__main__":
    main()
