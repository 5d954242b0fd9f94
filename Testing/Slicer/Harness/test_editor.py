"""The Segment Editor stand-in paints through the real logic."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest

SHAPE = (20, 32, 32)


@pytest.fixture()
def editor(slicer_app: Any, scene: Any, segmentation: Any, volume: Any) -> Any:
    slicer_app.util.selectModule("SegmentEditor")
    widget = slicer_app.modules.segmenteditor.widgetRepresentation().self().editor
    widget.setSegmentationNode(segmentation)
    widget.setSourceVolumeNode(volume)
    return widget


def voxels(slicer: Any, segmentation: Any, volume: Any) -> Tuple[np.ndarray, np.ndarray]:
    left, right = (slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segmentID, volume) != 0
                   for segmentID in ("L", "R"))
    return left, right


def across() -> np.ndarray:
    """A stroke from the middle of L to the middle of R."""
    mask = np.zeros(SHAPE, bool)
    mask[10, 16, 10:23] = True
    return mask


def test_by_default_painting_takes_voxels_from_the_neighbour(
    slicer_app: Any, editor: Any, segmentation: Any, volume: Any
) -> None:
    left, right = voxels(slicer_app, segmentation, volume)
    editor.setCurrentSegmentID("L")
    editor.paint(across())
    now = voxels(slicer_app, segmentation, volume)
    assert np.array_equal(now[0], left | across())
    assert np.array_equal(now[1], right & ~across()) and (right & across()).any()


def test_overwrite_mode_none_leaves_the_neighbour_alone(
    slicer_app: Any, editor: Any, segmentation: Any, volume: Any
) -> None:
    left, right = voxels(slicer_app, segmentation, volume)
    node = editor.mrmlSegmentEditorNode()
    node.SetOverwriteMode(node.OverwriteNone)
    editor.setCurrentSegmentID("L")
    editor.paint(across())
    now = voxels(slicer_app, segmentation, volume)
    assert np.array_equal(now[0], left | across()) and np.array_equal(now[1], right)


def test_erasing_and_undo_are_exact(
    slicer_app: Any, editor: Any, segmentation: Any, volume: Any
) -> None:
    left, right = voxels(slicer_app, segmentation, volume)
    editor.setCurrentSegmentID("R")
    editor.erase(across())
    assert np.array_equal(voxels(slicer_app, segmentation, volume)[1], right & ~across())
    editor.undo()
    now = voxels(slicer_app, segmentation, volume)
    assert np.array_equal(now[0], left) and np.array_equal(now[1], right)
    editor.redo()
    assert np.array_equal(voxels(slicer_app, segmentation, volume)[1], right & ~across())


def test_widget_and_node_agree_on_what_is_selected(editor: Any, segmentation: Any) -> None:
    heard = []
    editor.connect("currentSegmentIDChanged(QString)", heard.append)
    editor.mrmlSegmentEditorNode().SetSelectedSegmentID("R")
    assert editor.currentSegmentID() == "R" and heard == ["R"]
    assert editor.segmentationNode() is segmentation


def test_a_mask_of_another_grid_is_refused(editor: Any) -> None:
    with pytest.raises(ValueError, match="grid"):
        editor.paint(np.zeros((2, 2, 2), bool))


def test_a_scene_that_is_closed_leaves_nothing_selected(editor: Any, scene: Any) -> None:
    scene.Clear(0)
    assert editor.segmentationNode() is None and editor.sourceVolumeNode() is None
