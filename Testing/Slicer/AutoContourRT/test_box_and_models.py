"""What a user adds while the panel is there: a box, a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any


def test_a_new_box_lies_in_the_volume_where_it_can_be_dragged(
    ui: Any, ct: Any, loaded: Any
) -> None:
    from AutoContourRTLib.RoiNodes import voxelBox

    node = ui.roiSelector.addNode()
    i, j, k = ct.GetImageData().GetDimensions()
    low_i, high_i, low_j, high_j, low_k, high_k = voxelBox(node, ct).bounds
    assert 0 < low_i < high_i < i and 0 < low_j < high_j < j and 0 < low_k < high_k < k
    assert loaded.logic.getParameterNode().roi is node and ui.segmentButton.enabled


def test_a_model_that_was_promoted_meanwhile_is_listed_at_the_next_visit(
    ui: Any, loaded: Any, monkeypatch: Any
) -> None:
    count, store = ui.modelComboBox.count, loaded.logic.store
    loaded.widget.exit()
    other = replace(store.list()[0], id="heart_2", name="Heart 2")
    known = store.list()
    monkeypatch.setattr(type(store), "list", lambda self: [*known, other])
    loaded.widget.enter()
    assert ui.modelComboBox.count == count + 1
    assert ui.modelComboBox.findText("Heart 2") >= 0
    assert ui.modelComboBox.currentData == "head_neck_7"
