"""`make pictures`: the pictures of Contour Metrics in README.md, made from the running module.

Reference and test are the module's own example; the worker compares them. Also draws the icon.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, List

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "Resources" / "Screenshots"
ICON = ROOT / "MetricsModule" / "Resources" / "Icons" / "MetricsModule.png"
STRUCTURE = "Parotid_L"
MOST_BYTES = 300_000


def main() -> None:
    """All pictures; the files' names are printed."""
    for path in [drawIcon(), *photographModule(FOLDER)]:
        print(path, path.stat().st_size)
        if path.stat().st_size > MOST_BYTES:
            raise OSError(f"{path} is larger than {MOST_BYTES} bytes")


def photographModule(folder: Path) -> List[Path]:
    """Panel, table, plots, coloured surface and worst place of the example, as PNG files."""
    sys.path[:0] = [str(ROOT / "AutoContourRT"), str(ROOT / "Testing")]
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import SlicerHarness

    slicer = SlicerHarness.start()
    SlicerHarness.useLayoutManager().threeDWidget(0)
    SlicerHarness.loadModule(ROOT / "AutoContourRT" / "AutoContourRT.py")
    module = SlicerHarness.loadModule(ROOT / "MetricsModule" / "MetricsModule.py")
    slicer.util.selectModule("MetricsModule")
    volume = compareExample(slicer, module.widget)
    try:
        return [
            *photographPanel(module, folder), *photographPlots(slicer, module, folder),
            *photographViews(slicer, volume, folder), photographRating(module, folder),
            photographCohort(slicer, module, folder),
        ]
    finally:
        module.logic.worker.shutdown()
        SlicerHarness.closeModule(module)


def compareExample(slicer: Any, widget: Any) -> Any:
    """Load the example, press Compare, and choose the row of STRUCTURE; the volume node."""
    from MetricsModuleLib import Example

    volume, reference, test = Example.addExample()
    parameters = widget.logic.getParameterNode()
    parameters.reference, parameters.test = reference, test
    widget.ui.compareButton.click()
    end = time.monotonic() + 300
    while widget.ui.cancelButton.enabled:
        if time.monotonic() > end:
            raise TimeoutError(widget.ui.progressLabel.text)
        slicer.app.processEvents()
        time.sleep(0.01)
    choose(widget, STRUCTURE)
    return volume


def choose(widget: Any, structure: str) -> None:
    """Click the row of a structure."""
    table = widget.ui.resultTable
    for line in range(table.rowCount):
        if table.item(line, 1).text() == structure:
            table.selectRow(line)
            widget.result.onClicked(line)


def photographPanel(module: Any, folder: Path) -> List[Path]:
    """The panel at first sight, and with all that is folded in."""
    from SlicerHarness import photograph

    ui = module.widget.ui
    paths = [photograph(module.panel, folder / "metrics_panel.png", (560, 960))]
    folded = (ui.optionsCollapsibleButton, ui.matchingCollapsibleButton,
              ui.limitsCollapsibleButton, ui.cohortCollapsibleButton)  # fmt: skip
    for button in folded:
        button.collapsed = False
    ui.resultCollapsibleButton.collapsed = True
    paths.append(photograph(module.panel, folder / "metrics_options.png", (560, 1160)))
    for button in folded:
        button.collapsed = True
    ui.resultCollapsibleButton.collapsed = False
    return paths


def photographPlots(slicer: Any, module: Any, folder: Path) -> List[Path]:
    """Both charts of a comparison."""
    from MetricsModuleLib import Charts
    from SlicerHarness import photograph

    paths = []
    for chart, name in zip(Charts.makeCharts(module.widget.result.node), ("agreement", "distance")):
        view = slicer.qMRMLPlotView()
        view.setMRMLPlotChartNode(chart)
        paths.append(photograph(view, folder / f"metrics_plot_{name}.png", (860, 460)))
    return paths


def photographViews(slicer: Any, volume: Any, folder: Path) -> List[Path]:
    """The slice view at the worst place, and the coloured surface."""
    from MetricsModuleLib import DistanceSurface, WorstPlace
    from SlicerHarness import photograph, sliceView

    manager = slicer.app.layoutManager()
    place = [0.0, 0.0, 0.0]
    WorstPlace.marker(slicer.mrmlScene).GetNthControlPointPositionWorld(0, place)
    axialOffset = manager.sliceWidget("Red").sliceLogic().GetSliceOffset()
    axial = sliceView(volume, "Red", size=(640, 560))
    axial.sliceLogic().GetSliceNode().SetFieldOfView(110, 96, 1)
    WorstPlace.jumpTo(slicer.mrmlScene, place)
    axial.sliceLogic().GetSliceNode().SetSliceOffset(axialOffset)
    paths = [photograph(axial, folder / "metrics_worst_slice.png", (640, 560))]
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        node.GetDisplayNode().SetVisibility3D(False)
    widget = manager.threeDWidget(0)
    lookAt(widget.threeDView(), DistanceSurface.modelNode(slicer.mrmlScene))
    return [*paths, photograph(widget, folder / "metrics_surface.png", (700, 520))]


def lookAt(view: Any, model: Any) -> None:
    """Seen from the patient's left and front."""
    view.array((700, 520))
    bounds = [0.0] * 6
    model.GetRASBounds(bounds)
    center = [(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)]
    camera = view.renderer().GetActiveCamera()
    camera.SetFocalPoint(*center)
    camera.SetPosition(center[0] - 150, center[1] + 120, center[2] + 40)
    camera.SetViewUp(0, 0, 1)
    view.renderer().ResetCamera(bounds)


def photographRating(module: Any, folder: Path) -> Path:
    """The rating of one contour."""
    from SlicerHarness import photograph

    ui = module.widget.ui
    ui.ratingCollapsibleButton.collapsed = False
    ui.goodRadioButton.click()
    ui.noteLineEdit.text = "too far lateral in the upper slices"
    module.widget.rating.onRated()
    return photograph(ui.ratingCollapsibleButton, folder / "metrics_rating.png")


def photographCohort(slicer: Any, module: Any, folder: Path) -> Path:
    """Box plots of made-up observers, who drew the phantom at random places."""
    from MetricsModuleLib import Charts
    from SlicerHarness import photograph

    path = Path(slicer.app.temporaryPath) / "per_case.csv"
    writeCohort(path)
    module.widget.ui.cohortPathLineEdit.currentPath = str(path)
    module.widget.ui.openCohortButton.click()
    view = slicer.qMRMLPlotView()
    view.setMRMLPlotChartNode(Charts.makeCharts(module.widget.result.node)[0])
    return photograph(view, folder / "metrics_cohort.png", (860, 460))


def writeCohort(path: Path, cases: int = 12) -> None:
    """per_case.csv of contours that are shifted by up to a voxel or two, at random (seed 0)."""
    import numpy as np

    from AutoContourRTCore.metrics.compare.comparison import compare
    from AutoContourRTCore.metrics.inputs.csv_files import write_csv
    from AutoContourRTCore.phantom import make_phantom
    from AutoContourRTCore.volumes.labelmap import LabelMap

    truth, random, rows = make_phantom((3.0, 3.0, 3.0))[1], np.random.default_rng(0), []
    names = ("Brainstem", "SpinalCord", "Parotid_L", "Parotid_R", "Larynx", "Eye_L", "Eye_R")
    for case in range(cases):
        masks = {
            name: np.roll(truth.masks[name], random.integers(-1, 2, 3), (0, 1, 2))
            for name in names
        }
        found = compare(truth.only(names), LabelMap(masks, truth.geometry), case=f"case {case}")
        rows += [row.cells(found.columns) for row in found.rows]
    write_csv(path, found.columns, rows)


def drawIcon() -> Path:
    """Two contours and the distance between them, 128 pixels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Ellipse, FancyBboxPatch

    figure = pyplot.figure(figsize=(1.28, 1.28), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 128), ylim=(0, 128))
    axes.set_axis_off()
    ground = FancyBboxPatch((6, 6), 116, 116, boxstyle="round,pad=0,rounding_size=22")
    ground.set(facecolor="#1d2a38", edgecolor="none")
    axes.add_patch(ground)
    for x, width, color in ((57, 66, "#009ef2"), (68, 80, "#ff8c00")):
        axes.add_patch(Ellipse((x, 64), width, 72, facecolor="none", edgecolor=color, lw=6))
    arrow = {"arrowstyle": "<->", "color": "white", "lw": 2.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (90, 64), (108, 64), arrowprops=arrow)
    ICON.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(ICON, transparent=True)
    pyplot.close(figure)
    return ICON


if __name__ == "__main__":
    main()
