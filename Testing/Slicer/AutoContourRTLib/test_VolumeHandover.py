"""Volume nodes into files: exactly, and in steps that the event loop does not feel."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib import VolumeHandover
from AutoContourRTLib.EventLoop import StepRunner, runToEnd
from AutoContourRTLib.VolumeHandover import checksum, writeVolume

KINDS = ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"]


def test_the_file_holds_the_voxels_at_their_places(
    addVolume: Any, grid: Geometry, tmp_path: Path
) -> None:
    path = tmp_path / "größe 患者.nrrd"
    runToEnd(writeVolume(addVolume(grid), path))
    back = read_volume(path)
    assert back.array.dtype == np.int16
    assert np.array_equal(back.array.ravel(), np.arange(back.array.size))
    assert back.geometry.same_grid(grid, 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_each_type_of_voxel_arrives(
    addVolume: Any, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VolumeHandover, "CHUNK_BYTES", 100)  # chunks cut voxels and rows
    array = np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(kind)
    runToEnd(writeVolume(addVolume(Volume(array, Geometry(array.shape))), tmp_path / "a.nrrd"))
    assert np.array_equal(read_volume(tmp_path / "a.nrrd").array, array)


def test_the_checksum_tells_a_single_changed_voxel(addVolume: Any, tmp_path: Path) -> None:
    import slicer

    node = addVolume(Geometry((5, 6, 7)))
    written = runToEnd(writeVolume(node, tmp_path / "a.nrrd"))
    assert runToEnd(checksum(node)) == written
    slicer.util.arrayFromVolume(node)[4, 5, 6] += 1
    assert runToEnd(checksum(node)) != written


def test_what_is_stopped_half_way_leaves_no_file(
    addVolume: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VolumeHandover, "CHUNK_BYTES", 100)
    work = writeVolume(addVolume(Geometry((5, 6, 7))), tmp_path / "a.nrrd")
    assert 0 < next(work) < 1
    assert (tmp_path / "a.nrrd").exists()
    work.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_is_told_and_leaves_no_file(addVolume: Any, tmp_path: Path) -> None:
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        with pytest.raises(InputError, match="free some space"):
            runToEnd(writeVolume(addVolume(Geometry((5, 6, 7))), tmp_path / "a.nrrd"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_512_x_512_x_1000_voxels_keep_the_event_loop_for_less_than_a_second_at_a_time(
    slicer_app: Any, addVolume: Any, tmp_path: Path
) -> None:
    array = np.zeros((1000, 512, 512), np.int16)
    array[::7, ::3] = 1000
    node = addVolume(Volume(array, Geometry(array.shape, (3.0, 1.0, 1.0))))
    ended, ticks, began = [], [time.monotonic()], time.monotonic()
    runner = StepRunner(
        writeVolume(node, tmp_path / "a.nrrd"), lambda share: None, ended.append, ended.append
    )
    memory = _residentMiB()
    while not ended:
        slicer_app.app.processEvents()
        ticks.append(time.monotonic())
    longest = max(np.diff(ticks))
    grown = _residentMiB() - memory
    print(f"handed over in {ticks[-1] - began:.1f} s, longest step {longest * 1000:.0f} ms, "
          f"{grown:.0f} MiB more memory")
    assert isinstance(ended[0], int), ended
    assert longest < 1.0
    assert grown < 100  # the volume has 500
    assert runner is not None
    assert (tmp_path / "a.nrrd").stat().st_size == pytest.approx(array.nbytes, rel=1e-5)


def _residentMiB() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
