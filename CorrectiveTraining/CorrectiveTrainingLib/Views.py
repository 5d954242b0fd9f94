"""Axial and sagittal view side by side, and what is shown in them; all of it can be taken back."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.correction.annotation import Part
from AutoContourRTLib.VolumeNodes import FLIP, geometryOfVolumeNode

LAYOUT = 7305  # beyond Slicer's own numbers
AXIAL, SAGITTAL = "Red", "Yellow"
#: HU; the first is Smith 2021's. Others: usual windows (width / level) for CT.
PRESETS: Tuple[Tuple[str, float, float], ...] = (
    ("mediastinum", -125, 250), ("soft_tissue", -160, 240), ("head_neck", -115, 235),
    ("brain", 0, 80), ("lung", -1350, 150), ("bone", -500, 1300),
)  # fmt: skip
_VIEW = (
    '<item><view class="vtkMRMLSliceNode" singletontag="{tag}">'
    '<property name="orientation" action="default">{orientation}</property>'
    '<property name="viewlabel" action="default">{label}</property>'
    '<property name="viewcolor" action="default">{color}</property></view></item>'
)


def presetTitle(name: str) -> str:
    """A preset in the user's language, with its limits."""
    titles = {
        "mediastinum": _("Mediastinum"), "soft_tissue": _("Soft tissue"),
        "head_neck": _("Head and neck"), "brain": _("Brain"), "lung": _("Lung"),
        "bone": _("Bone"),
    }  # fmt: skip
    low, high = limits(name)
    return _("{name} ({low:g} to {high:g} HU)").format(name=titles[name], low=low, high=high)


def limits(name: str) -> Tuple[float, float]:
    """Lowest and highest HU of a preset."""
    return next((low, high) for preset, low, high in PRESETS if preset == name)


class Views:
    """The layout, while the module is entered, and the display of the open case."""

    def __init__(self) -> None:
        self._layoutBefore: Optional[int] = None
        self._linesBefore = False
        self._isTurned = False

    # The layout

    def enter(self) -> None:
        """Axial beside sagittal, each with the line of the other."""
        if self._layoutBefore is not None:
            return
        node, logic = _layoutNode(), slicer.app.applicationLogic()
        if node is None:
            return
        visible = slicer.vtkMRMLApplicationLogic.IntersectingSlicesVisibility
        self._linesBefore = logic.GetIntersectingSlicesEnabled(visible)
        self._layoutBefore = node.GetViewArrangement()
        if not node.IsLayoutDescription(LAYOUT):
            node.AddLayoutDescription(LAYOUT, _layoutText())
        node.SetViewArrangement(LAYOUT)
        node.SetSaveWithScene(False)  # a Slicer that does not know our layout would show no view
        logic.SetIntersectingSlicesEnabled(visible, True)

    def exit(self) -> None:
        """As it was before `enter`; a layout that the user chose meanwhile stays."""
        if self._layoutBefore is None:
            return
        node, logic = _layoutNode(), slicer.app.applicationLogic()
        if node is not None:
            node.SetSaveWithScene(True)
            if node.GetViewArrangement() == LAYOUT:
                node.SetViewArrangement(self._layoutBefore)
        visible = slicer.vtkMRMLApplicationLogic.IntersectingSlicesVisibility
        logic.SetIntersectingSlicesEnabled(visible, self._linesBefore)
        self._layoutBefore = None

    # The case

    def show(self, case: Any) -> None:
        """The image of a case behind its contours, in the middle of the selected structure."""
        if slicer.app.layoutManager() is not None:
            slicer.util.setSliceViewerLayers(background=case.volume, fit=True)
        self._turn(case.volume)
        box = case.box()
        if box is not None:
            jump(case.volume, middle(case.correction.annotation.corrected_in(box), box))

    def _turn(self, volume: Any) -> None:
        """Our two views along the slices of a tilted image, and back again for the next."""
        nodes = sliceNodes(volume.GetScene())
        if self._isTurned:
            for node, orientation in zip(nodes, ("Axial", "Sagittal")):
                node.SetOrientation(orientation)
        self._isTurned = self._layoutBefore is not None and sliceIndex(volume) is None
        if self._isTurned:
            for node in nodes:
                node.RotateToVolumePlane(volume)

    def setWindow(self, case: Any, preset: str) -> None:
        """Show the image in the window of a preset."""
        display = case.volume.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(*limits(preset))

    def setShown(self, case: Any, shown: Dict[str, bool], isFilled: bool) -> None:
        """shown: "image", "prediction", "contours", "marks". isFilled: areas, not outlines."""
        for composite in _composites(case.volume.GetScene()):
            if slicer.app.layoutManager() is not None:
                composite.SetBackgroundVolumeID(case.volume.GetID() if shown["image"] else None)
        for name in ("prediction", "contours", "marks"):
            display = getattr(case, name).GetDisplayNode()
            display.SetVisibility(shown[name])
            display.SetVisibility2DOutline(True)
            display.SetVisibility2DFill(name == "marks" or (isFilled and name == "contours"))
            display.SetOpacity2DFill(0.35)
            display.SetOpacity2DOutline(1.0)
            display.SetSliceIntersectionThickness(1 if name == "prediction" else 2)
        case.prediction.GetDisplayNode().SetOpacity2DOutline(0.8)


def middle(mask: np.ndarray, part: Part) -> Tuple[float, float, float]:
    """A voxel (k, j, i) of a mask of a part: near the middle of the slice where it is largest."""
    k = int(np.argmax(mask.sum(axis=(1, 2))))
    inside = np.argwhere(mask[k])
    nearest = inside[np.argmin(((inside - inside.mean(axis=0)) ** 2).sum(axis=1))]
    place = np.array([k, *nearest]) + [one.start for one in part]
    return (float(place[0]), float(place[1]), float(place[2]))


def jump(volumeNode: Any, index: Tuple[float, float, float]) -> None:
    """Move all slice views to a voxel (k, j, i)."""
    lps = geometryOfVolumeNode(volumeNode).to_lps(np.array([index], dtype=float))[0]
    world = [0.0, 0.0, 0.0]
    ras = (FLIP[:3, :3] @ lps).tolist()
    volumeNode.TransformPointToWorld(ras, world)
    mode = slicer.vtkMRMLSliceNode.OffsetJumpSlice
    slicer.vtkMRMLSliceNode.JumpAllSlices(volumeNode.GetScene(), *world, mode)


def sliceIndex(volumeNode: Any) -> Optional[int]:
    """Index k of the array slice that a view shows: of the view that lies along the slices.

    None where no view shows all of one slice (it leans by more than half a slice distance at the
    image's corners), or the view shows a place outside the volume.
    """
    geometry = geometryOfVolumeNode(volumeNode)
    axis = FLIP[:3, :3] @ np.array(geometry.axes[0])
    best, node = max(
        ((_alignment(item, axis), item) for item in sliceNodes(volumeNode.GetScene())),
        key=lambda pair: pair[0], default=(0.0, None),
    )
    corner = 0.5 * np.linalg.norm(np.multiply(geometry.shape, geometry.spacing)[1:])
    if node is None or corner * np.sqrt(max(0.0, 1.0 - best**2)) > 0.5 * geometry.spacing[0]:
        return None
    matrix = node.GetSliceToRAS()
    world = [matrix.GetElement(row, 3) for row in range(3)]
    ras = [0.0, 0.0, 0.0]
    volumeNode.TransformPointFromWorld(world, ras)
    k = int(round(geometry.to_kji((FLIP[:3, :3] @ np.array(ras))[None])[0][0]))
    return k if 0 <= k < geometry.shape[0] else None


def sliceNodes(scene: Any) -> List[Any]:
    """The slice nodes of the layout: axial and sagittal; all where there are none of these."""
    nodes = [scene.GetSingletonNode(tag, "vtkMRMLSliceNode") for tag in (AXIAL, SAGITTAL)]
    found = [node for node in nodes if node is not None]
    return found or slicer.util.getNodesByClass("vtkMRMLSliceNode")


def _alignment(sliceNode: Any, axis: np.ndarray) -> float:
    matrix = sliceNode.GetSliceToRAS()
    normal = np.array([matrix.GetElement(row, 2) for row in range(3)])
    return float(abs(normal @ axis) / np.linalg.norm(normal))


def _composites(scene: Any) -> List[Any]:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode", scene)


def _layoutNode() -> Any:
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")


def _layoutText() -> str:
    views = "".join([
        _VIEW.format(tag=AXIAL, orientation="Axial", label="R", color="#F34A33"),
        _VIEW.format(tag=SAGITTAL, orientation="Sagittal", label="Y", color="#EDD54C"),
    ])
    return f'<layout type="horizontal" split="true">{views}</layout>'
