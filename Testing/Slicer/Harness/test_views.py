"""Views that draw off the screen, and pictures of widgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest


def reddish(picture: np.ndarray) -> np.ndarray:
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    return (red > green + 60) & (red > blue + 60)


def test_a_slice_shows_the_volume_and_the_segments_where_they_lie(
    slicer_app: Any, volume: Any, segmentation: Any
) -> None:
    from SlicerHarness import sliceView

    segmentation.GetDisplayNode().SetSegmentVisibility("R", False)
    picture = sliceView(volume, size=(200, 200)).sliceView().array()
    assert picture.shape == (200, 200, 3)
    assert picture[100, 100].min() > 200 and picture[3, 3].max() < 30  # the ball, the air
    rows, columns = np.nonzero(reddish(picture))
    # i = 10 of 32 in an identity IJK to RAS lies left of the middle in RAS: right in the picture
    assert columns.mean() == pytest.approx(200 * (1 - 10.5 / 32), abs=3)
    assert rows.mean() == pytest.approx(200 * (1 - 16.5 / 32), abs=3)


def test_a_slice_above_the_segment_does_not_show_it(
    slicer_app: Any, volume: Any, segmentation: Any
) -> None:
    from SlicerHarness import sliceView

    assert reddish(sliceView(volume, offset=40.0).sliceView().array()).any()
    assert not reddish(sliceView(volume, offset=70.0).sliceView().array()).any()


def test_the_layout_manager_shows_what_slicer_util_sets(
    slicer_app: Any, volume: Any, segmentation: Any
) -> None:
    from SlicerHarness import useLayoutManager

    manager = useLayoutManager()
    assert slicer_app.app.layoutManager() is manager
    slicer_app.util.setSliceViewerLayers(background=volume, fit=True)
    logic = manager.sliceWidget("Green").sliceLogic()
    assert logic.GetBackgroundLayer().GetVolumeNode() is volume
    assert manager.sliceWidget("Green").mrmlSliceNode().GetOrientation() == "Coronal"


def test_an_empty_scene_gives_a_dark_slice_and_no_error(slicer_app: Any, scene: Any) -> None:
    from SlicerHarness import useLayoutManager

    view = useLayoutManager().sliceWidget("Yellow").sliceView()
    assert view.array((64, 64)).max() < 30


def test_a_surface_is_seen_in_3d(slicer_app: Any, segmentation: Any) -> None:
    from SlicerHarness import useLayoutManager

    view = useLayoutManager().threeDWidget(0).threeDView()
    assert not reddish(view.array((120, 120))).any()
    segmentation.CreateClosedSurfaceRepresentation()
    view.array((120, 120))
    view.resetFocalPoint()
    assert reddish(view.array((120, 120))).mean() > 0.02


def test_a_photograph_has_the_size_and_the_text(
    slicer_app: Any, scene: Any, tmp_path: Path
) -> None:
    import qt

    from SlicerHarness import photograph

    label = qt.QLabel("Parotid_L 23 ml")
    path = photograph(label, tmp_path / "label.png", (160, 40))
    image = qt.QImage(str(path))
    assert (image.width(), image.height()) == (160, 40)
    grey = [image.pixelColor(x, 20).lightness() for x in range(160)]
    assert min(grey) < 100 < max(grey)


def test_a_slice_widget_can_be_photographed(
    slicer_app: Any, volume: Any, segmentation: Any, tmp_path: Path
) -> None:
    import qt

    from SlicerHarness import photograph, sliceView

    image = qt.QImage(str(photograph(sliceView(volume), tmp_path / "slice.png", (150, 150))))
    assert image.pixelColor(75, 75).lightness() > 150
