"""One import: a DICOM structure set, segmentation or dose file into a node beside a volume node.

Slicer's core reads none of these by itself. The worker reads the file, sees that the volume lies
where its DICOM slices lie, and draws the contours on the volume's own grid; the scene is touched in
the last step only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Dict, Generator, Optional, Tuple

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.read_service import DOSE, ReadRtRequest
from AutoContourRTCore.volumes.dicom.same_image import sample, write_sample
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.DicomDatabase import checkModality
from AutoContourRTLib.DicomProvenance import dicomFiles, sliceInstances
from AutoContourRTLib.Layers import LayeredSegments
from AutoContourRTLib.RtNodes import addDose, addStructures
from AutoContourRTLib.SegmentFile import readSegments
from AutoContourRTLib.VolumeNodes import checkVolume, geometryOfVolumeNode, voxels
from AutoContourRTLib.VolumeWatch import VolumeWatch
from AutoContourRTLib.WorkerRun import WorkerRun

#: Shares of the progress at which the worker begins and ends.
WORKER_FROM, WORKER_TO = 0.02, 0.95


@dataclass(frozen=True)
class ImportResult:
    """node: the new segmentation or dose. renamed: (name in the file, name of the segment) of those
    that differ. warnings: for the user.
    """

    node: Any
    isDose: bool
    renamed: Tuple[Tuple[str, str], ...]
    warnings: Tuple[str, ...]


class RtImport(WorkerRun):
    """A WorkerRun whose onDone gets an ImportResult. path: an RTSTRUCT, SEG or RTDOSE file.

    database: as slicer.dicomDatabase, None for that.
    """

    def __init__(
        self, volumeNode: Any, path: Path, worker: Any, database: Optional[Any] = None,
        **callbacks: Any,
    ) -> None:  # fmt: skip
        super().__init__(worker, **callbacks)
        self.volumeNode, self._path, self._database = volumeNode, Path(path), database

    def _check(self) -> None:
        checkVolume(self.volumeNode)
        checkModality(self.volumeNode, self._database)

    def _work(self) -> None:
        self._watch = VolumeWatch(self.volumeNode, self._discard)
        self._watches = (self._watch,)
        self._run(self._sampled(), (0.0, WORKER_FROM), _("looking at the volume"), self._submit)

    def _sampled(self) -> Generator[float, None, ReadRtRequest]:
        """Returns the request, the sample of the volume's voxels written."""
        yield 0.0
        volume, output = self.volumeNode, str(self._folder.path / "result")
        grid = geometryOfVolumeNode(volume)
        request = partial(
            ReadRtRequest, "", str(self._path), output, repr(volume.GetName()), asdict(grid)
        )
        try:
            files = dicomFiles(volume, self._database)
        except InputError as error:
            return request(no_files=str(error), instances=sliceInstances(volume))
        image = self._folder.path / "image.npz"
        try:
            write_sample(sample(voxels(volume), grid), image)
        except OSError as error:
            text = _("{path} could not be written ({reason}); free some space on that disk.")
            raise InputError(text.format(path=image, reason=error.strerror)) from error
        return request(files=files, image=str(image))

    def _submit(self, request: ReadRtRequest) -> None:
        self._ask(request, (WORKER_FROM, WORKER_TO), self._read)

    def _read(self, result: Dict[str, Any]) -> None:
        path = Path(result["output"])
        work = _dose(path, result["grid"]) if result["kind"] == DOSE else readSegments(path)
        self._run(work, (WORKER_TO, 1.0), _("reading the result"), partial(self._place, result))

    def _place(self, result: Dict[str, Any], found: Any) -> None:
        difference = self._watch.difference()
        if difference:
            self._discard(difference)
        else:
            add = self._addedDose if result["kind"] == DOSE else self._addedStructures
            self._finish(add(result, found))

    def _addedDose(
        self, result: Dict[str, Any], found: Tuple[np.ndarray, Geometry]
    ) -> ImportResult:
        node = addDose(*found, self.volumeNode, result["label"], result["instance"])
        return ImportResult(node, True, (), tuple(result["warnings"]))

    def _addedStructures(self, result: Dict[str, Any], found: LayeredSegments) -> ImportResult:
        structures = result["structures"]
        node = addStructures(
            found, structures, self.volumeNode, result["label"], result["instance"]
        )
        pairs = ((each["roi_name"], each["name"]) for each in structures)
        renamed = tuple((roi, segment) for roi, segment in pairs if roi != segment)
        return ImportResult(node, False, renamed, tuple(result["warnings"]))


def _dose(
    path: Path, grid: Dict[str, Any]
) -> Generator[float, None, Tuple[np.ndarray, Geometry]]:
    """Gy [k, j, i] as the worker wrote them, and their grid."""
    yield 0.0
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        text = _("The worker's result {path} cannot be read ({error}).")
        raise InputError(text.format(path=path, error=error)) from error
    return array, Geometry(**grid)
