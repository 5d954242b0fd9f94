"""One run: a volume node in, a new segmentation node out, and nothing else changed.

Steps: check; write the volume for the worker; let it work; read its result; see that the volume is
still the same; add the node. Until the last step the scene is not touched, so that a run that is
cancelled, fails or is discarded leaves it as it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, Optional, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTLib.EventLoop import QtTimer, StepRunner, Steps, TimerFactory
from AutoContourRTLib.Fingerprints import keepFingerprints
from AutoContourRTLib.Layers import LayeredSegments
from AutoContourRTLib.Provenance import Provenance, now
from AutoContourRTLib.Requests import RequestHandler, call, ignore
from AutoContourRTLib.RoiNodes import voxelBox
from AutoContourRTLib.RunFolder import RunFolder
from AutoContourRTLib.SegmentationNodes import addSegmentation
from AutoContourRTLib.SegmentFile import readSegments
from AutoContourRTLib.VolumeHandover import checksum, writeVolume
from AutoContourRTLib.VolumeNodes import checkVolume
from AutoContourRTLib.VolumeWatch import VolumeWatch

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


class SegmentationRun:
    """onProgress(fraction, sentence), and at the end, from the event loop, exactly one of
    onDone(RunResult), onFailed(message) and onCancelled(reason).

    reason: "" where cancel() was called, else why the result was discarded. worker: something with
    submit and cancel, as WorkerProcess. store, folderFactory, timerFactory: for tests.
    """

    def __init__(
        self,
        volumeNode: Any,
        options: RunOptions,
        worker: Any,
        onProgress: Callable[[float, str], None] = ignore,
        onDone: Callable[[RunResult], None] = ignore,
        onFailed: Callable[[str], None] = ignore,
        onCancelled: Callable[[str], None] = ignore,
        store: Optional[ModelStore] = None,
        folderFactory: Callable[[], Any] = RunFolder,
        timerFactory: TimerFactory = QtTimer,
    ) -> None:
        self.volumeNode, self.options, self._worker = volumeNode, options, worker
        self._onProgress, self._onDone = onProgress, onDone
        self._onFailed, self._onCancelled = onFailed, onCancelled
        self._store = store or ModelStore()
        self._makeFolder, self._makeTimer = folderFactory, timerFactory
        self.isRunning = False
        self._steps: Optional[StepRunner] = None
        self._request = ""
        self._folder: Optional[Any] = None
        self._watch: Optional[VolumeWatch] = None
        self._checksum, self._notes, self._reason = 0, (), ""

    def start(self) -> None:
        """Begin. Raises InputError at once for what can be seen at once; then nothing began."""
        if self.isRunning:
            raise InputError("This run has begun already.")
        checkVolume(self.volumeNode)
        self._modelVersion = self._store.manifest(self.options.model).version
        roi = self._roi()
        self._folder = self._makeFolder()
        self._began = time.monotonic()
        self.isRunning = True
        self._watch = VolumeWatch(self.volumeNode, self._discard)
        path = self._folder.path / "volume.nrrd"
        work = writeVolume(self.volumeNode, path)
        report = partial(self._report, 0.0, WORKER_FROM, "handing the volume over")
        self._run(work, report, partial(self._submit, path, roi))

    def cancel(self) -> None:
        """Stop; onCancelled("") comes, at the latest when the worker has been ended."""
        self._discard("")

    # Steps

    def _run(self, work: Steps, report: Callable[[float], None], then: Callable) -> None:
        self._steps = StepRunner(work, report, then, self._failedHere, self._makeTimer)

    def _submit(self, path: Any, roi: Any, checksum_: int) -> None:
        self._steps, self._checksum = None, checksum_
        options, output = self.options, self._folder.path / "result.seg.nrrd"
        request = SegmentRequest(
            "", str(path), str(output), options.model, options.structures, roi, options.device
        )
        handler = RequestHandler(
            onProgress=partial(self._report, WORKER_FROM, WORKER_TO),
            onDone=self._read,
            onFailed=lambda message, cause: self._fail(message),
            onCancelled=lambda: self._end(self._onCancelled, self._reason),
        )
        self._request = self._worker.submit(request, handler)

    def _read(self, result: Dict[str, Any]) -> None:
        self._request = ""
        found = SegmentResult(**result)
        report = partial(self._report, WORKER_TO, 0.99, "reading the contours")
        self._run(readSegments(found.output), report, partial(self._compare, found))

    def _compare(self, found: SegmentResult, segments: LayeredSegments) -> None:
        """Only where the voxels were touched: are they still the same?"""
        self._steps = None
        difference = self._watch.difference()
        if difference:
            self._discard(difference)
        elif self._watch.voxelsMayDiffer():
            report = partial(self._report, 0.99, 1.0, "comparing the volume")
            self._run(checksum(self.volumeNode), report, partial(self._judge, found, segments))
        else:
            self._finish(found, segments)

    def _judge(self, found: SegmentResult, segments: LayeredSegments, checksum_: int) -> None:
        self._steps = None
        difference = self._watch.difference()
        if difference or checksum_ != self._checksum:
            name = self.volumeNode.GetName()
            self._discard(difference or f"The voxels of {name!r} were changed meanwhile.")
        else:
            self._finish(found, segments)

    def _finish(self, found: SegmentResult, segments: LayeredSegments) -> None:
        node, volume = None, self.volumeNode
        if segments.segments:
            name = self.options.name or f"{volume.GetName()} {self.options.model}"
            origin = Provenance(
                self.options.model, self._modelVersion, volume.GetID(), volume.GetName(), date=now()
            )
            try:
                node = addSegmentation(segments, volume, name, origin)
                keepFingerprints(node)
            except InputError as error:
                self._fail(str(error))
                return
        seconds = time.monotonic() - self._began
        warnings = (*self._notes, *found.warnings)
        result = RunResult(node, found.volumes_ml, found.absent, warnings, seconds)
        self._end(self._onDone, result)

    # Ends

    def _discard(self, reason: str) -> None:
        """Stop for this reason; the last callback comes from the event loop."""
        if not self.isRunning or self._reason:
            return
        self._reason = reason
        if self._watch is not None:
            self._watch.stop()
        if self._request:
            self._worker.cancel(self._request)
            return
        if self._steps is not None:
            self._steps.cancel()
            self._steps = None
        self._last = self._makeTimer(0, lambda: self._end(self._onCancelled, reason))

    def _failedHere(self, error: Exception) -> None:
        if not isinstance(error, InputError):
            self._fail(f"{type(error).__name__}: {error}. Please report this.")
            raise error
        self._fail(str(error))

    def _fail(self, message: str) -> None:
        self._end(self._onFailed, message)

    def _end(self, callback: Callable[..., None], what: Any) -> None:
        """The last word, once."""
        if not self.isRunning:
            return
        self.isRunning, self._request, self._steps = False, "", None
        self._watch.stop()
        self._folder.remove()
        call(callback, what)

    def _report(self, start: float, end: float, *what: Any) -> None:
        """(sentence, share) of a step here, or (share, sentence) of the worker."""
        message, share = what if isinstance(what[0], str) else what[::-1]
        if self.isRunning:
            call(self._onProgress, start + (end - start) * share, message)

    def _roi(self) -> Optional[Tuple[int, ...]]:
        if self.options.roiNode is None:
            return None
        box = voxelBox(self.options.roiNode, self.volumeNode)
        self._notes = (box.note,) if box.note else ()
        return box.bounds
