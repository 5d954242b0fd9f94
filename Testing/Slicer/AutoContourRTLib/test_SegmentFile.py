"""The worker's contours out of their file: as Core reads them, and never in one long step."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTLib import SegmentFile
from AutoContourRTLib.EventLoop import runToEnd
from AutoContourRTLib.Layers import LayeredSegments
from AutoContourRTLib.SegmentFile import readSegments


def masksOf(segments: LayeredSegments) -> LabelMap:
    """Layers back on their whole grid."""
    masks = {}
    for name, number, value in segments.segments:
        layer = segments.layers[number]
        mask = np.zeros(segments.geometry.shape, bool)
        where = tuple(slice(a, a + n) for a, n in zip(layer.start, layer.array.shape))
        mask[where] = layer.array == value
        masks[name] = mask
    return LabelMap(masks, segments.geometry)


@pytest.mark.parametrize("chunk", [7, 1 << 22])
def test_every_voxel_of_every_segment_arrives(
    grid: Geometry, tmp_path: Path, overlapping: Any, same: Any, chunk: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SegmentFile, "CHUNK_BYTES", chunk)
    written = overlapping(grid)
    write_labelmap(written, tmp_path / "größe.seg.nrrd")
    segments = runToEnd(readSegments(tmp_path / "größe.seg.nrrd"))
    assert same(masksOf(segments), written)
    assert segments.geometry.same_grid(grid, 1e-9)
    assert len(segments.layers) == 3  # the last two share the first layer


def test_one_layer_and_more_than_255_structures_arrive(tmp_path: Path, same: Any) -> None:
    geometry = Geometry((8, 9, 10))
    masks = {}
    for number in range(300):
        mask = np.zeros(geometry.shape, bool)
        mask.ravel()[number * 2] = True
        masks[f"s{number}"] = mask
    write_labelmap(LabelMap(masks, geometry), tmp_path / "a.seg.nrrd")
    segments = runToEnd(readSegments(tmp_path / "a.seg.nrrd"))
    assert len(segments.layers) == 1
    assert same(masksOf(segments), LabelMap(masks, geometry))


def test_a_file_without_structures_has_none(tmp_path: Path) -> None:
    write_labelmap(LabelMap({}, Geometry((2, 3, 4))), tmp_path / "a.seg.nrrd")
    assert runToEnd(readSegments(tmp_path / "a.seg.nrrd")).segments == ()


@pytest.mark.parametrize("share", [0.05, 0.6, 0.98])
def test_a_file_that_is_cut_short_is_refused(
    tmp_path: Path, overlapping: Any, share: float
) -> None:
    path = tmp_path / "a.seg.nrrd"
    write_labelmap(overlapping(Geometry((30, 31, 32))), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="worker's result"):
        runToEnd(readSegments(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        runToEnd(readSegments(tmp_path / "a.seg.nrrd"))


@pytest.mark.slow
def test_reading_a_large_result_never_takes_a_second_at_a_time(tmp_path: Path) -> None:
    shape = (400, 512, 512)
    masks = {}
    for number, name in enumerate(("Brain", "Brainstem", "Larynx")):
        masks[name] = np.zeros(shape, bool)
        masks[name][50:300, 100:300, 100 + number : 250 + number] = True
    written = LabelMap(masks, Geometry(shape))
    write_labelmap(written, tmp_path / "a.seg.nrrd")
    ticks = [time.monotonic()]
    for _ in readSegments(tmp_path / "a.seg.nrrd"):
        ticks.append(time.monotonic())
    steps = np.diff(ticks)
    print(f"read in {steps.sum():.1f} s, longest step {steps.max() * 1000:.0f} ms")
    assert steps.max() < 0.5
