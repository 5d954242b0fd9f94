"""One run: a volume node in, a new segmentation node out, and nothing else changed.

Steps: check; write the volume for the worker; let it work; read its result; see that the volume is
still the same; add the node. Until the last step the scene is not touched, so that a run that is
cancelled, fails or is discarded leaves it as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Dict, Optional, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTLib.Doubts import keepDoubts
from AutoContourRTLib.Fingerprints import keepFingerprints
from AutoContourRTLib.Layers import LayeredSegments
from AutoContourRTLib.Provenance import Provenance, now
from AutoContourRTLib.RoiNodes import voxelBox
from AutoContourRTLib.SegmentationNodes import addSegmentation
from AutoContourRTLib.SegmentFile import readSegments
from AutoContourRTLib.SegmentOrigins import keepModel
from AutoContourRTLib.VolumeHandover import checksum, writeVolume
from AutoContourRTLib.VolumeNodes import checkVolume
from AutoContourRTLib.VolumeWatch import VolumeWatch
from AutoContourRTLib.WorkerRun import WorkerRun

#: Shares of the progress at which the worker begins and ends.
WORKER_FROM, WORKER_TO = 0.05, 0.95


@dataclass(frozen=True)
class RunOptions:
    """model: id in the store. structures: TG-263 names (None: all). roiNode: markups ROI or None.

    device: "auto", "cpu" or "cuda". name: of the new node ("": volume and model).
    """

    model: str
    structures: Optional[Tuple[str, ...]] = None
    roiNode: Optional[Any] = None
    device: str = "auto"
    name: str = ""


@dataclass(frozen=True)
class RunResult:
    """segmentationNode: None where nothing was found. volumesMl by name; absent: why not there."""

    segmentationNode: Optional[Any]
    volumesMl: Dict[str, float]
    absent: Dict[str, str]
    warnings: Tuple[str, ...]
    seconds: float


class SegmentationRun(WorkerRun):
    """A WorkerRun whose onDone gets a RunResult. store: for tests."""

    def __init__(
        self,
        volumeNode: Any,
        options: RunOptions,
        worker: Any,
        store: Optional[ModelStore] = None,
        **callbacks: Any,
    ) -> None:
        super().__init__(worker, **callbacks)
        self.volumeNode, self.options = volumeNode, options
        self._store = store or ModelStore()
        self._checksum = 0

    def _check(self) -> None:
        checkVolume(self.volumeNode)
        self._modelVersion = self._store.manifest(self.options.model).version
        roi = self.options.roiNode
        self._box = voxelBox(roi, self.volumeNode) if roi is not None else None

    def _named(self, message: str) -> str:
        """With the volume's name in place of the temporary file's."""
        file, name = self._folder.path / "volume.nrrd", self.volumeNode.GetName()
        return message.replace(str(file), repr(name))

    def _work(self) -> None:
        self._watch = VolumeWatch(self.volumeNode, self._discard)
        self._watches = (self._watch,)
        path = self._folder.path / "volume.nrrd"
        work = writeVolume(self.volumeNode, path)
        self._run(work, (0.0, WORKER_FROM), _("handing the volume over"),
                  partial(self._submit, path))  # fmt: skip

    def _submit(self, path: Any, checksum_: int) -> None:
        self._checksum = checksum_
        options, output = self.options, self._folder.path / "result.seg.nrrd"
        bounds = self._box.bounds if self._box else None
        request = SegmentRequest(
            "", str(path), str(output), options.model, options.structures, bounds, options.device
        )
        self._ask(request, (WORKER_FROM, WORKER_TO), self._read)

    def _read(self, result: Dict[str, Any]) -> None:
        found = SegmentResult(**result)
        work, share = readSegments(found.output), (WORKER_TO, 0.99)
        self._run(work, share, _("reading the contours"), partial(self._compare, found))

    def _compare(self, found: SegmentResult, segments: LayeredSegments) -> None:
        """Only where the voxels were touched: are they still the same?"""
        difference = self._watch.difference()
        if difference:
            self._discard(difference)
        elif self._watch.voxelsMayDiffer():
            work, judge = checksum(self.volumeNode), partial(self._judge, found, segments)
            self._run(work, (0.99, 1.0), _("comparing the volume"), judge)
        else:
            self._finish(self._result(found, segments))

    def _judge(self, found: SegmentResult, segments: LayeredSegments, checksum_: int) -> None:
        difference = self._watch.difference()
        if difference or checksum_ != self._checksum:
            changed = _("The voxels of {name!r} were changed meanwhile.")
            self._discard(difference or changed.format(name=self.volumeNode.GetName()))
        else:
            self._finish(self._result(found, segments))

    def _result(self, found: SegmentResult, segments: LayeredSegments) -> RunResult:
        node, volume = None, self.volumeNode
        if segments.segments:
            name = self.options.name or f"{volume.GetName()} {self.options.model}"
            origin = Provenance(
                self.options.model, self._modelVersion, volume.GetID(), volume.GetName(), date=now()
            )
            node = addSegmentation(segments, volume, name, origin)
            keepFingerprints(node)
            keepModel(node)
            keepDoubts(node, found.edge_mm, found.look_at)
        note = self._box.note if self._box else ""
        warnings = (*([note] if note else []), *found.warnings)
        return RunResult(node, found.volumes_ml, found.absent, warnings, self._seconds)
