"""Looking at segments and correcting them: slice views, surfaces, Segment Editor."""

from __future__ import annotations

from typing import Any, List

import slicer

from AutoContourRTLib.Belonging import likelyVolume
from AutoContourRTLib.Doubts import lookAtWorld
from AutoContourRTLib.Fingerprints import isEdited
from AutoContourRTLib.Provenance import provenance
from AutoContourRTLib.SegmentationNodes import LABELMAP, referenceVolume

SURFACE = "Closed surface"  # no tr


def prepareEditor(segmentationNode: Any, segmentId: str = "") -> Any:
    """Choose a segmentation, its volume and a segment in the editor's node, which is returned.

    The overwrite mode is None: Slicer's own choice, all segments, erases the neighbours of what
    is painted. The module Segment Editor takes its node over when it is opened.
    """
    node = _editorNode(segmentationNode.GetScene())
    node.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteNone)
    node.SetAndObserveSegmentationNode(segmentationNode)
    volume = referenceVolume(segmentationNode) or likelyVolume(segmentationNode)
    node.SetAndObserveSourceVolumeNode(volume)
    ids = segmentationNode.GetSegmentation().GetSegmentIDs()
    node.SetSelectedSegmentID(segmentId or (ids[0] if ids else ""))
    return node


def lookAt(segmentationNode: Any, segmentId: str) -> None:
    """Move the slice views to where the model was most in doubt of a segment; to the middle of one
    that was edited or is of other origin."""
    spot = None
    if not isEdited(segmentationNode, segmentId):
        spot = lookAtWorld(segmentationNode, segmentId)
    spot = spot or segmentationNode.GetSegmentCenterRAS(segmentId)
    if spot is not None:
        mode = slicer.vtkMRMLSliceNode.CenteredJumpSlice
        slicer.vtkMRMLSliceNode.JumpAllSlices(segmentationNode.GetScene(), *spot, mode)


def showAlone(segmentationNode: Any) -> None:
    """Show a segmentation on its volume, and hide those of all volumes: contours that lie on top
    of each other in the same colours cannot be told apart, nor those of another patient."""
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        display, isChosen = node.GetDisplayNode(), node is segmentationNode
        isContours = referenceVolume(node) is not None or bool(provenance(node))  # a clone has none
        if display is not None and (isChosen or isContours):
            display.SetVisibility(isChosen)
    volume = referenceVolume(segmentationNode)
    if volume is not None and slicer.app.layoutManager() is not None and not _isShown(volume):
        slicer.util.setSliceViewerLayers(background=volume, fit=True)


def _isShown(volume: Any) -> bool:
    """Whether a volume is seen in every slice view that shows any: in the back or in front."""
    views = [_seen(n) for n in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")]
    used = [ids for ids in views if ids]
    return bool(used) and all(volume.GetID() in ids for ids in used)


def _seen(composite: Any) -> List[str]:
    """IDs of the volumes that a slice view shows; Slicer's foreground begins at opacity 0."""
    front = composite.GetForegroundVolumeID() if composite.GetForegroundOpacity() > 0 else None
    return [volumeId for volumeId in (composite.GetBackgroundVolumeID(), front) if volumeId]


def show3D(segmentationNode: Any, shown: bool) -> None:
    """Show the segments as surfaces, or take the surfaces away: they cost time at every edit. Where
    the surfaces are what the slice views show, as of planar contours or an imported model, they are
    hidden."""
    if not shown:
        segmentation = segmentationNode.GetSegmentation()
        isExtra = segmentation.GetSourceRepresentationName() != SURFACE
        if isExtra and segmentation.ContainsRepresentation(LABELMAP):
            segmentationNode.RemoveClosedSurfaceRepresentation()
        else:
            segmentationNode.GetDisplayNode().SetVisibility3D(False)
        return
    segmentationNode.CreateClosedSurfaceRepresentation()
    segmentationNode.GetDisplayNode().SetVisibility3D(True)


def is3DShown(segmentationNode: Any) -> bool:
    """Whether there are surfaces to see."""
    display = segmentationNode.GetDisplayNode()
    has = segmentationNode.GetSegmentation().ContainsRepresentation(SURFACE)
    return bool(has and display is not None and display.GetVisibility3D())


def _editorNode(scene: Any) -> Any:
    """The one that the module Segment Editor uses, made where it has not been opened yet."""
    name, kind = "SegmentEditor", "vtkMRMLSegmentEditorNode"
    node = scene.GetSingletonNode(name, kind)
    if node is None:
        node = scene.CreateNodeByClass(kind)
        node.UnRegister(None)
        node.SetSingletonTag(name)
        node = scene.AddNode(node)
    return node
