"""`make pictures`: the pictures of Corrective Training in README.md, made from the running module.

Phantoms of several sizes are the cases. The simulated user corrects each to the phantom's truth, as
with an effect of the Segment Editor; the worker trains a small network from nothing meanwhile. What
the pictures show is what came out of that. Also draws the icon.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, List

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "Resources" / "Screenshots"
ICON = ROOT / "CorrectiveTraining" / "Resources" / "Icons" / "CorrectiveTraining.png"
STRUCTURES = ("Parotid_L", "Bone_Mandible")
SIZES = (1.0, 0.93, 1.07, 0.97, 1.04, 0.95, 1.02)  # of the phantoms
CORRECTED = 5
PANEL_WIDTH = 510
MOST_BYTES = 300_000
MOST_SECONDS = 1500.0


def main() -> None:
    """All pictures; the files' names are printed."""
    for path in [drawIcon(), *photographModule(FOLDER)]:
        print(path, path.stat().st_size)
        if path.stat().st_size > MOST_BYTES:
            raise OSError(f"{path} is larger than {MOST_BYTES} bytes")


def photographModule(folder: Path) -> List[Path]:
    """Panel beside the views, before and after a correction, and the plots."""
    sys.path[:0] = [str(ROOT / "AutoContourRT"), str(ROOT / "Testing")]
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import SlicerHarness

    slicer = SlicerHarness.start()
    SlicerHarness.useLayoutManager()
    module = SlicerHarness.loadModule(ROOT / "CorrectiveTraining" / "CorrectiveTraining.py")
    with tempfile.TemporaryDirectory() as temporary:
        slicer.util.selectModule("CorrectiveTraining")
        try:
            desk = Desk(module.panel)  # lives until the module is closed
            return walk(module, desk, Path(temporary), folder)
        finally:
            module.logic.session.close()
            module.logic.session._worker.shutdown()
            SlicerHarness.closeModule(module)


def walk(module: Any, desk: Any, temporary: Path, folder: Path) -> List[Path]:
    """Correct case after case; photograph the last one."""
    widget, session = module.widget, module.logic.session
    truths = makeProject(session, temporary)
    session.open(session.project.record.cases[0].id)
    for _ in range(CORRECTED):
        correct(widget, truths[session.case.name])
        widget.ui.caseReviewedButton.click()
        epoch = session.training.status.get("epoch") or 0
        widget.ui.nextButton.click()
        wait(lambda: (session.training.status.get("epoch") or 0) > epoch + 1)  # noqa: B023
        session.predict(session.case.id)
        wait(lambda: not session.training.isPredicting(session.case.id))
    widget.ui.projectCollapsibleButton.collapsed = True
    desk.settle((1380, 860))
    widget.views.show(session.case)
    desk.zoom()
    written = [desk.photograph(folder / "correction_prediction.png")]
    correct(widget, truths[session.case.name])
    written.append(desk.photograph(folder / "correction_corrected.png"))
    for name in ("cases", "correct", "view"):
        getattr(widget.ui, f"{name}CollapsibleButton").collapsed = True
    widget.ui.saveButton.click()
    combo = widget.ui.plotComboBox
    combo.currentIndex = combo.findData("validation")
    written.append(desk.photographPanel(folder / "correction_validation.png"))
    return written


def makeProject(session: Any, temporary: Path) -> dict:
    """A project of phantoms; case -> its true masks."""
    from AutoContourRTCore.correction.setup import correction_recipe
    from AutoContourRTCore.phantom import make_phantom
    from AutoContourRTCore.volumes.files import write_volume
    from AutoContourRTCore.volumes.geometry import Geometry
    from AutoContourRTCore.volumes.volume import Volume

    recipe = replace(
        correction_recipe("default"), spacing=(5.0, 4.0, 4.0), patch=(16, 24, 24),
        widths=(16, 24, 32), batch=4, warmup_steps=0, lr=4e-3, average=0.9,
    )
    session.createProject(temporary / "phantoms", STRUCTURES, recipe)
    truths, paths = {}, []
    for number, size in enumerate(SIZES):
        volume, truth = make_phantom(spacing=(4.0, 3.0, 3.0), seed=number)
        own = volume.geometry
        grid = Geometry(own.shape, [size * n for n in own.spacing], own.origin, own.axes)
        paths.append(temporary / f"phantom {number + 1}.nrrd")
        write_volume(Volume(volume.array, grid), paths[-1])
        truths[f"phantom {number + 1}"] = {name: truth.masks[name] for name in STRUCTURES}
    session.addFiles([str(path) for path in paths], copy=False)
    return truths


def correct(widget: Any, truth: dict) -> None:
    """Let the contours be the truth, as an effect of the Segment Editor would."""
    import slicer

    ui, case = widget.ui, widget.logic.session.case
    ui.editRadioButton.checked = True
    for name, mask in truth.items():
        ui.structureComboBox.currentIndex = ui.structureComboBox.findData(name)
        before = case.correction.corrected.copy()
        ui.editor.paint(mask & ~before)
        ui.editor.erase(before & ~mask)
        slicer.app.processEvents()
    ui.structureComboBox.currentIndex = 0
    slicer.app.processEvents()


class Desk:
    """The panel beside axial and sagittal view, as the module's layout has them."""

    def __init__(self, panel: Any) -> None:
        import qt
        import slicer

        self._panel, self._window = panel, qt.QWidget()
        self._manager = slicer.app.layoutManager()
        columns = qt.QHBoxLayout(self._window)
        scroll = qt.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(qt.QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        scroll.setFixedWidth(PANEL_WIDTH)
        scroll.setWidget(panel)
        columns.addWidget(scroll)
        for name in ("Red", "Yellow"):
            columns.addWidget(self._manager.sliceWidget(name))

    def settle(self, size: Any) -> None:
        """Give it its size."""
        import slicer

        self._window.resize(*size)
        self._window.show()
        for _ in range(3):
            slicer.app.processEvents()

    def zoom(self) -> None:
        """Look closer than Slicer does by itself: the shoulders make the field of view wide."""
        for name in ("Red", "Yellow"):
            node = self._manager.sliceWidget(name).mrmlSliceNode()
            width, height, depth = node.GetFieldOfView()
            node.SetFieldOfView(0.5 * width, 0.5 * height, depth)

    def photograph(self, path: Path) -> Path:
        import SlicerHarness

        return SlicerHarness.photograph(self._window, path)

    def photographPanel(self, path: Path) -> Path:
        import SlicerHarness

        return SlicerHarness.photograph(self._panel, path)


def wait(condition: Any) -> None:
    import slicer

    end = time.monotonic() + MOST_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("The worker took too long; nothing was photographed.")
        slicer.app.processEvents()
        time.sleep(0.01)


def drawIcon() -> Path:
    """An organ, a contour that misses it, two strokes, and the arrow that leads back."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Circle, Ellipse, FancyArrowPatch, FancyBboxPatch

    figure = pyplot.figure(figsize=(1.28, 1.28), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 128), ylim=(0, 128))
    axes.set_axis_off()
    ground = FancyBboxPatch((6, 6), 116, 116, boxstyle="round,pad=0,rounding_size=22")
    ground.set(facecolor="#1d2a38", edgecolor="none")
    organ = Ellipse((64, 62), 66, 52, facecolor="#8d98a5", edgecolor="none")
    contour = Ellipse((56, 62), 58, 50, facecolor="none", edgecolor="#ffb347", linewidth=4.2)
    arrow = FancyArrowPatch(
        (98, 88), (30, 88), connectionstyle="arc3,rad=0.45", arrowstyle="-|>", mutation_scale=16,
        color="#4fc3f7", linewidth=4.2,
    )
    foreground = Circle((91, 60), 9, facecolor="#39d353", edgecolor="none")
    background = Circle((27, 62), 9, facecolor="#ff5b5b", edgecolor="none")
    for patch in (ground, organ, contour, foreground, background, arrow):
        axes.add_patch(patch)
    ICON.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(ICON, transparent=True)
    pyplot.close(figure)
    return ICON


if __name__ == "__main__":
    main()
