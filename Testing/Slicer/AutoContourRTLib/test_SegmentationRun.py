"""One run from a volume node to a segmentation node, with whatever may happen in between."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

from asked_worker import Heard
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTLib import VolumeHandover
from AutoContourRTLib.Provenance import provenance
from AutoContourRTLib.RunFolder import RunFolder
from AutoContourRTLib.SegmentationRun import RunOptions, SegmentationRun
from AutoContourRTLib.SegmentLabels import labelMapFromSegmentation
from AutoContourRTLib.WorkerProcess import WorkerProcess

GRID = Geometry((7, 8, 9), (3.0, 1.1, 0.9), (-10.5, 20.25, -300.0))
MODEL = "head_neck_7"


class FakeWorker:
    """Takes requests; `finish` does the work, as far as a test wants it."""

    def __init__(self) -> None:
        self.requests: Dict[str, Any] = {}
        self.cancelled: List[str] = []

    def submit(self, request: Any, handler: Any) -> str:
        number = f"r{len(self.requests) + 1}"
        self.requests[number] = (request, handler)
        return number

    def cancel(self, number: str) -> None:
        self.cancelled.append(number)

    def finish(self, number: str, masks: Callable[[np.ndarray], Dict[str, np.ndarray]]) -> None:
        """The contours that `masks` makes of the voxels it was given."""
        request, handler = self.requests[number]
        volume = read_volume(request.input)
        found = LabelMap(masks(volume.array), volume.geometry)
        write_labelmap(found, request.output)
        volumes = {name: found.volume_ml(name) for name in found.names}
        absent, warnings = {"Eye_L": "not found"}, ["too thick slices"]
        handler.onProgress(0.5, "half")
        handler.onDone({"output": request.output, "volumes_ml": volumes, "absent": absent,
                        "warnings": warnings})


class Watched(Heard):
    """A run with what it told."""

    def __init__(self, volume: Any, worker: Any, base: Path, **options: Any) -> None:
        super().__init__()
        self.run = SegmentationRun(
            volume, RunOptions(**{"model": MODEL, **options}), worker,
            folderFactory=lambda: RunFolder(base), **self.callbacks,
        )  # fmt: skip


@pytest.fixture()
def begin(tmp_path: Path, waitFor: Any) -> Any:
    """Starts a run at a fake worker and waits until the worker has the volume."""

    def start(volume: Any, worker: FakeWorker, **options: Any) -> Watched:
        before = len(worker.requests)
        watched = Watched(volume, worker, tmp_path / "runs", **options)
        watched.run.start()
        waitFor(lambda: len(worker.requests) > before or watched.ends)
        return watched

    return start


@pytest.fixture()
def runFolders(tmp_path: Path) -> Callable[[], List[Path]]:
    return lambda: list((tmp_path / "runs").iterdir())


def bright(array: np.ndarray) -> Dict[str, np.ndarray]:
    return {"Brain": array > array.mean(), "Larynx": np.zeros(array.shape, bool)}


def classes(scene: Any) -> List[Any]:
    nodes = [scene.GetNthNode(number) for number in range(scene.GetNumberOfNodes())]
    return [(node.GetClassName(), node.GetName()) for node in nodes]


def test_a_run_gives_a_new_node_with_the_contours_and_where_they_come_from(
    scene: Any, addVolume: Any, begin: Any, waitFor: Any, runFolders: Any
) -> None:
    volume, worker = addVolume(GRID, "CT 患者"), FakeWorker()
    before = classes(scene)
    watched = begin(volume, worker, structures=("Brain",), device="cpu")
    request, _ = worker.requests["r1"]
    assert (request.model, request.structures, request.device) == (MODEL, ("Brain",), "cpu")
    assert request.roi is None and classes(scene) == before
    worker.finish("r1", bright)
    assert watched.ends == []  # its file is read in steps
    waitFor(lambda: watched.ends)
    kind, result = watched.ends[0]
    assert kind == "done" and len(watched.ends) == 1 and not watched.run.isRunning
    found = labelMapFromSegmentation(result.segmentationNode, volume).labelMap
    voxels = np.arange(found.masks["Brain"].size).reshape(GRID.shape)
    assert np.array_equal(found.masks["Brain"], voxels > voxels.mean())
    assert result.volumesMl["Brain"] == pytest.approx(found.volume_ml("Brain"))
    assert result.absent == {"Eye_L": "not found"} and result.warnings == ("too thick slices",)
    kept = provenance(result.segmentationNode)
    assert kept["model"] == MODEL and kept["volumeId"] == volume.GetID()
    assert kept["volumeName"] == "CT 患者" and kept["modelVersion"] and kept["date"]
    assert result.segmentationNode.GetName() == f"CT 患者 {MODEL}"
    shares = [share for share, _ in watched.progress]
    assert shares == sorted(shares) and shares[-1] <= 1 and 0.4 < shares[len(shares) // 2] < 1
    assert runFolders() == []


def test_volumes_of_one_name_are_never_mixed(
    scene: Any, addVolume: Any, begin: Any, waitFor: Any
) -> None:
    """Two runs at once, served in the other order; then a second run on the first volume."""
    worker = FakeWorker()
    first, second = addVolume(GRID), addVolume(GRID)
    assert first.GetName() == second.GetName()
    import slicer

    slicer.util.arrayFromVolume(second)[:] = slicer.util.arrayFromVolume(second)[::-1].copy()
    one, two = begin(first, worker), begin(second, worker)
    worker.finish("r2", bright)
    worker.finish("r1", bright)
    waitFor(lambda: one.ends and two.ends)
    nodes = [watched.ends[0][1].segmentationNode for watched in (one, two)]
    for volume, node in zip((first, second), nodes):
        array = slicer.util.arrayFromVolume(volume)
        mask = labelMapFromSegmentation(node, volume).labelMap.masks["Brain"]
        assert np.array_equal(mask, array > array.mean())
        assert node.GetNodeReference("referenceImageGeometryRef") is volume
    ids = nodes[0].GetSegmentation().GetSegmentIDs()
    nodes[0].GetSegmentation().GetSegment(ids[0]).SetName("edited by hand")
    again = begin(first, worker)
    worker.finish("r3", bright)
    waitFor(lambda: again.ends)
    assert again.ends[0][1].segmentationNode not in nodes
    assert nodes[0].GetSegmentation().GetSegment(ids[0]).GetName() == "edited by hand"


def test_nothing_found_makes_no_node(
    scene: Any, addVolume: Any, begin: Any, waitFor: Any
) -> None:
    volume, worker = addVolume(GRID), FakeWorker()
    before = classes(scene)
    watched = begin(volume, worker)
    worker.finish("r1", lambda array: {})
    waitFor(lambda: watched.ends)
    assert watched.ends[0][1].segmentationNode is None and classes(scene) == before


def test_cancel_in_each_phase_leaves_the_scene_and_no_files(
    scene: Any, addVolume: Any, begin: Any, waitFor: Any, tmp_path: Path, runFolders: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    volume, worker = addVolume(GRID), FakeWorker()
    before = classes(scene)
    monkeypatch.setattr(VolumeHandover, "CHUNK_BYTES", 10)
    early = Watched(volume, worker, tmp_path / "runs")
    early.run.start()
    early.run.cancel()
    assert early.ends == []
    waitFor(lambda: early.ends)
    middle = begin(volume, worker)
    middle.run.cancel()
    assert worker.cancelled == ["r1"] and middle.ends == []
    worker.requests["r1"][1].onCancelled()
    late = begin(volume, worker)
    worker.finish("r2", bright)
    late.run.cancel()
    waitFor(lambda: late.ends)
    for watched in (early, middle, late):
        assert watched.ends == [("cancelled", "")] and not watched.run.isRunning
        watched.run.cancel()  # is over: left alone
    assert classes(scene) == before and runFolders() == []


@pytest.mark.parametrize("phase", ["at the worker", "while the result is read"])
@pytest.mark.parametrize("change", ["removed", "closed", "grid", "voxels", "bent", "image"])
def test_a_volume_that_is_not_the_same_any_more_gets_no_contours(
    scene: Any, addVolume: Any, addTransform: Any, begin: Any, waitFor: Any, runFolders: Any,
    change: str, phase: str,
) -> None:
    import slicer
    import vtk

    volume, worker, bent = addVolume(GRID), FakeWorker(), addTransform()
    watched = begin(volume, worker)
    if phase == "while the result is read":
        worker.finish("r1", bright)
    if change == "removed":
        scene.RemoveNode(volume)
    elif change == "closed":
        scene.Clear(0)
        addVolume(GRID)  # has the name and the ID of the one that is gone
    elif change == "grid":
        volume.SetSpacing(1, 1, 1)
    elif change == "voxels":
        slicer.util.arrayFromVolume(volume)[0, 0, 0] += 1
        slicer.util.arrayFromVolumeModified(volume)
    elif change == "image":
        other = vtk.vtkImageData()
        other.DeepCopy(volume.GetImageData())
        other.GetPointData().GetScalars().Fill(0)
        volume.SetAndObserveImageData(other)
    else:
        volume.SetAndObserveTransformNodeID(bent.GetID())
    before = classes(scene)
    if phase == "at the worker":
        if worker.cancelled:
            worker.requests["r1"][1].onCancelled()
        else:
            worker.finish("r1", bright)
    waitFor(lambda: watched.ends)
    kind, reason = watched.ends[0]
    assert kind == "cancelled" and len(watched.ends) == 1
    words = {"removed": "was removed", "closed": "scene was closed", "grid": "grid",
             "voxels": "voxels", "image": "voxels", "bent": "not linear"}
    assert words[change] in reason
    assert classes(scene) == before and runFolders() == []


def test_what_does_not_matter_does_not_matter(
    scene: Any, addVolume: Any, addTransform: Any, begin: Any, waitFor: Any
) -> None:
    """Another name, another window, a linear transform, voxels that were touched but are as before,
    another volume removed: the contours come, under the transform of now.
    """
    import slicer

    volume, other, worker = addVolume(GRID), addVolume(GRID), FakeWorker()
    watched = begin(volume, worker)
    volume.SetName("renamed")
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().SetWindowLevel(100, 20)
    shift = np.eye(4)
    shift[:3, 3] = (10, 20, 30)
    transform = addTransform(shift)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    slicer.util.arrayFromVolumeModified(volume)
    scene.RemoveNode(other)
    worker.finish("r1", bright)
    waitFor(lambda: watched.ends)
    kind, result = watched.ends[0]
    assert kind == "done"
    assert result.segmentationNode.GetParentTransformNode() is transform
    assert provenance(result.segmentationNode)["volumeName"] == "renamed"


def test_a_failure_of_the_worker_is_passed_on(
    scene: Any, addVolume: Any, begin: Any, runFolders: Any
) -> None:
    volume, worker = addVolume(GRID), FakeWorker()
    before = classes(scene)
    watched = begin(volume, worker)
    request, handler = worker.requests["r1"]
    handler.onFailed(f"{request.input} has 5 voxels that are no numbers", "input")
    (end,) = watched.ends
    assert end == ("failed", "'CT' has 5 voxels that are no numbers"), "no file of ours is named"
    assert classes(scene) == before and runFolders() == []


def test_a_result_that_cannot_be_read_is_told(
    scene: Any, addVolume: Any, begin: Any, waitFor: Any, runFolders: Any
) -> None:
    volume, worker = addVolume(GRID), FakeWorker()
    watched = begin(volume, worker)
    request, handler = worker.requests["r1"]
    Path(request.output).write_bytes(b"NRRD0004\nhalf")
    handler.onDone({"output": request.output, "volumes_ml": {}})
    waitFor(lambda: watched.ends)
    assert watched.ends[0][0] == "failed" and "cannot be read" in watched.ends[0][1]
    assert runFolders() == []


def test_what_can_be_seen_at_once_is_told_at_once_and_nothing_begins(
    scene: Any, addVolume: Any, addTransform: Any, tmp_path: Path
) -> None:
    worker, volume = FakeWorker(), addVolume(GRID)
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    roi.SetCenter(5000, 0, 0)
    roi.SetSize(10, 10, 10)
    bentVolume = addVolume(GRID, "Tilted")
    bentVolume.SetAndObserveTransformNodeID(addTransform().GetID())
    for node, options, word in (
        (None, {}, "No volume"),
        (bentVolume, {}, "hardened copy"),
        (volume, {"model": "nobody"}, "nobody"),
        (volume, {"roiNode": roi}, "outside"),
    ):
        watched = Watched(node, worker, tmp_path / "runs", **options)
        with pytest.raises(InputError, match=word):
            watched.run.start()
        assert not watched.run.isRunning and watched.ends == []
    assert worker.requests == {} and not (tmp_path / "runs").exists()


def test_the_box_goes_along_as_voxels_and_its_note_as_a_warning(
    scene: Any, addVolume: Any, begin: Any, waitFor: Any
) -> None:
    volume, worker = addVolume(Geometry((7, 8, 9))), FakeWorker()
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    roi.SetCenter(-4, -3, 2)
    roi.SetSize(100, 2, 2)
    watched = begin(volume, worker, roiNode=roi)
    assert worker.requests["r1"][0].roi == (0, 9, 2, 5, 1, 4)
    worker.finish("r1", bright)
    waitFor(lambda: watched.ends)
    assert "outside the volume" in watched.ends[0][1].warnings[0]


def test_the_end_of_the_application_ends_a_run(
    scene: Any, addVolume: Any, tmp_path: Path, waitFor: Any, runFolders: Any
) -> None:
    volume = addVolume(GRID)
    worker = WorkerProcess(sys.executable, ("-c", "import time; time.sleep(60)"),
                           atQuit=lambda callback: None)
    watched = Watched(volume, worker, tmp_path / "runs")
    before = classes(scene)
    watched.run.start()
    waitFor(lambda: worker.state == "starting")
    worker.shutdown()
    assert watched.ends == [("cancelled", "")]
    assert classes(scene) == before and runFolders() == []


@pytest.mark.slow
def test_the_real_worker_contours_the_phantom_twice_and_the_second_time_is_warm(
    scene: Any, addVolume: Any, tmp_path: Path, waitFor: Any, runFolders: Any
) -> None:
    pytest.importorskip("torch")
    from AutoContourRTCore.phantom import make_phantom

    volume, _ = make_phantom((5.0, 4.0, 4.0))
    node, worker = addVolume(volume), WorkerProcess(atQuit=lambda callback: None)
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")  # small, for the sake of time
    roi.SetCenter(0, -20, -20)
    roi.SetSize(40, 40, 40)
    results, pids = [], []
    try:
        for _ in range(2):
            watched = Watched(node, worker, tmp_path / "runs", device="cpu", roiNode=roi)
            watched.run.start()
            waitFor(lambda watched=watched: watched.ends, 280)
            assert watched.ends[0][0] == "done", watched.ends
            results.append(watched.ends[0][1])
            pids.append(worker._pids)
        stopped = Watched(node, worker, tmp_path / "runs", device="cpu")
        before = classes(scene)
        stopped.run.start()
        waitFor(lambda: any(share > 0.1 for share, _ in stopped.progress), 60)
        stopped.run.cancel()
        waitFor(lambda: stopped.ends, 60)
        assert stopped.ends == [("cancelled", "")] and classes(scene) == before
    finally:
        worker.shutdown()
    print(f"first {results[0].seconds:.1f} s, second {results[1].seconds:.1f} s")
    assert pids[0] == pids[1] and results[1].seconds < results[0].seconds
    assert results[0].volumesMl and results[0].volumesMl == results[1].volumesMl
    found = labelMapFromSegmentation(results[0].segmentationNode, node).labelMap
    assert {name: found.volume_ml(name) for name in found.names} == pytest.approx(
        results[0].volumesMl
    )
    assert runFolders() == []
