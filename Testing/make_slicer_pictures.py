"""`make pictures`: the module at work, photographed in the harness.

What is drawn is the real module, MRML and VTK; frames and menus of the application are not there.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Callable, List

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "Resources" / "Screenshots"
THUMBNAIL = ROOT / "AutoContourRT" / "Resources" / "Icons" / "AutoContourRTPhantom.png"
sys.path.insert(0, str(ROOT / "Testing"))

import SlicerHarness  # noqa: E402

PANEL_WIDTH = 460
AXIAL_ZOOM = 0.65  # the shoulders make the field of view wide
MOST_SECONDS = 600.0


class Desk:
    """The module's panel beside four views, as Slicer's usual layout has them."""

    def __init__(self, panel: Any) -> None:
        import qt
        import slicer

        self._panel, self._window = panel, qt.QWidget()
        self._manager = slicer.app.layoutManager()
        rows = qt.QHBoxLayout(self._window)
        grid = qt.QGridLayout()
        grid.setSpacing(3)
        scroll = qt.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(qt.QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        scroll.setFixedWidth(PANEL_WIDTH)
        scroll.setWidget(panel)
        rows.addWidget(scroll)
        rows.addLayout(grid)
        places = {"Red": (0, 0), "Yellow": (1, 1), "Green": (1, 0)}
        for name, place in places.items():
            grid.addWidget(self._manager.sliceWidget(name), *place)
        grid.addWidget(self._manager.threeDWidget(0), 0, 1)

    def settle(self, size: Any) -> None:
        """Give it its size and let views fit what they show."""
        import slicer

        self._window.resize(*size)
        self._window.show()
        for _ in range(3):
            slicer.app.processEvents()
        self._manager.resetSliceViews()
        axial = self._manager.sliceWidget("Red").mrmlSliceNode()
        width, height, depth = axial.GetFieldOfView()
        axial.SetFieldOfView(AXIAL_ZOOM * width, AXIAL_ZOOM * height, depth)

    def photograph(self, name: str) -> Path:
        return SlicerHarness.photograph(self._window, FOLDER / name)


def make() -> List[Path]:
    """The pictures of the tutorial in README.md; the files written."""
    slicer = SlicerHarness.start()
    SlicerHarness.useLayoutManager()
    loaded = SlicerHarness.loadModule(ROOT / "AutoContourRT" / "AutoContourRT.py")
    from AutoContourRTLib import Inspection, SamplePhantom
    from AutoContourRTLib.Tables import keyAt

    SamplePhantom.loadPhantom()
    slicer.util.selectModule("AutoContourRT")
    desk, ui = Desk(loaded.panel), loaded.widget.ui
    size = (1360, 800)
    desk.settle(size)
    look_at(0.0, -20.0, -30.0)
    written = [desk.photograph("slicer_start.png")]
    ui.segmentButton.click()
    wait(lambda: ui.progressBar.value >= 400 or ui.segmentButton.enabled)
    written.append(desk.photograph("slicer_running.png"))
    wait(lambda: ui.segmentButton.enabled)
    result = loaded.logic.getParameterNode().result
    if result is None:
        raise SystemExit(f"There is no result to photograph: {ui.progressLabel.text}")
    ui.contourCollapsibleButton.collapsed = True
    ui.show3DButton.click()
    Inspection.lookAt(result, keyAt(ui.resultTable, 2))
    check(ui, 2)
    look_from_front(slicer.app.layoutManager().threeDWidget(0).threeDView())
    desk.settle(size)
    written.append(desk.photograph("slicer_result.png"))
    written.append(make_thumbnail())
    loaded.logic.worker.shutdown()
    SlicerHarness.closeModule(loaded)
    return written


def make_thumbnail() -> Path:
    """What the module Sample Data shows of the phantom: 260 x 280 pixels."""
    import slicer

    widget = slicer.app.layoutManager().sliceWidget("Green")
    widget.setParent(None)
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        node.GetDisplayNode().SetVisibility(False)
    widget.resize(260, 280)
    widget.show()
    slicer.app.processEvents()
    widget.fitSliceToBackground()
    return SlicerHarness.photograph(widget, THUMBNAIL)


def look_at(right: float, anterior: float, superior: float) -> None:
    """Move the slice views to a point (RAS, mm)."""
    import slicer

    mode = slicer.vtkMRMLSliceNode.CenteredJumpSlice
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, right, anterior, superior, mode)


def look_from_front(view: Any) -> None:
    """Turn the camera of a 3D view to the patient's face, a little from the left."""
    camera = view.renderer().GetActiveCamera()
    camera.SetFocalPoint(0, 0, 0)
    camera.SetPosition(-300, 900, 150)
    camera.SetViewUp(0, 0, 1)
    view.resetCamera()


def check(ui: Any, row: int) -> None:
    """Tick a row as reviewed."""
    import qt

    ui.resultTable.item(row, 0).setCheckState(qt.Qt.Checked)


def wait(condition: Callable[[], Any]) -> None:
    """Run the event loop until a condition holds."""
    import slicer

    end = time.monotonic() + MOST_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("The worker did not come to an end.")
        slicer.app.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    for path in make():
        print(path)
