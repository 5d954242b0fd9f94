"""Review status and plausible volumes; names and colours are in test_SegmentationNodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import STATUSES
from AutoContourRTLib.Appearance import plausibleVolumeMl, segmentStatus, setSegmentStatus
from AutoContourRTLib.SegmentationNodes import segmentationFromLabelMap


def test_each_status_is_slicers_own(addVolume: Any) -> None:
    import slicer

    grid = Geometry((2, 3, 4))
    labels = LabelMap({"Brain": np.ones(grid.shape, bool)}, grid)
    node = segmentationFromLabelMap(labels, addVolume(grid), "S")
    segment = node.GetSegmentation().GetNthSegment(0)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    for status in STATUSES:
        setSegmentStatus(node, "Brain", status)
        assert segmentStatus(node, "Brain") == status
        number = logic.GetSegmentStatus(segment)
        assert logic.GetSegmentStatusAsMachineReadableString(number) == status
    with pytest.raises(KeyError, match="'S' has no segment 'Larynx'"):
        segmentStatus(node, "Larynx")


def test_plausible_volumes_are_the_catalogues() -> None:
    assert plausibleVolumeMl("left parotid") == find("Parotid_L").volume_ml
    assert plausibleVolumeMl("Ein Organ") is None
