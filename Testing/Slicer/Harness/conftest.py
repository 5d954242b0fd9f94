"""A volume and a segmentation of two spheres on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

SHAPE = (20, 32, 32)


def sphere(center: Any, radius: float) -> np.ndarray:
    """A mask [k, j, i] of the shape above; centre and radius in voxels."""
    grid = np.indices(SHAPE).reshape(3, -1).T
    return (np.linalg.norm(grid - center, axis=1) <= radius).reshape(SHAPE)


@pytest.fixture()
def volume(slicer_app: Any, scene: Any) -> Any:
    """A bright ball in air, 3 x 3 x 4 mm."""
    values = np.where(sphere((10, 16, 16), 9), 40, -1000).astype(np.int16)
    node = slicer_app.util.addVolumeFromArray(values, name="CT")
    node.SetSpacing(3, 3, 4)
    return node


@pytest.fixture()
def segmentation(slicer_app: Any, scene: Any, volume: Any) -> Any:
    """Segments L (patient's left, red) and R (patient's right, green), which do not touch."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "organs")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for segmentID, i, color in (("L", 10, (1, 0, 0)), ("R", 22, (0, 1, 0))):
        node.GetSegmentation().AddEmptySegment(segmentID, f"Parotid_{segmentID}", color)
        slicer_app.util.updateSegmentBinaryLabelmapFromArray(
            sphere((10, 16, i), 4).astype(np.uint8), node, segmentID, volume)
    return node
