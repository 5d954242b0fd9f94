"""One export: a segmentation node out into a structure set (RTSTRUCT) or a DICOM segmentation
(SEG), by the worker.

The contours are taken as they are when the export begins, in one go; then the worker reads the CT's
slices, sees that they show what the volume shows, and writes. The scene is not touched, but for
reviews that an edit has made void.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.segmentation.export_service import (
    RTSTRUCT,
    SEG,
    ExportRequest,
    ExportResult,
)
from AutoContourRTCore.segmentation.external import BODY
from AutoContourRTCore.volumes.dicom.appearance import EXTERNAL, appearance_of
from AutoContourRTCore.volumes.dicom.roi_names import (
    chosen_names,
    proposed,
    read_name_map,
    wrong_names,
)
from AutoContourRTCore.volumes.dicom.same_image import sample, write_sample
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTLib.DicomProvenance import dicomFiles
from AutoContourRTLib.Fingerprints import isEdited
from AutoContourRTLib.Inspection import referenceVolume
from AutoContourRTLib.Provenance import provenance
from AutoContourRTLib.Requests import RequestHandler, ignore
from AutoContourRTLib.ReviewRows import isReviewed, withdrawOutdated
from AutoContourRTLib.RunFolder import RunFolder
from AutoContourRTLib.SegmentationNodes import segmentNames
from AutoContourRTLib.SegmentLabels import labelMapFromSegmentation
from AutoContourRTLib.Transforms import between
from AutoContourRTLib.VolumeNodes import (
    checkVolume,
    geometryOf,
    geometryOfVolumeNode,
    ijkToRasOf,
    voxels,
)

SUFFIX = ".dcm"
HOW = {True: "SEMIAUTOMATIC", False: "AUTOMATIC", None: ""}


@dataclass(frozen=True)
class ExportOptions:
    """output: the .dcm file. folder: of the CT's DICOM files, used only where the volume does not
    lead to them. label: of a structure set. names: CSV name map, "" for none. body: add the outline
    of the patient. kind: RTSTRUCT or SEG. byHand: names of the segments that a person drew, as the
    user says of those that no run of ours made.
    """

    output: Path
    folder: str = ""
    label: str = "AutoContourRT"
    names: str = ""
    body: bool = False
    kind: str = RTSTRUCT
    byHand: Tuple[str, ...] = ()


def unreviewed(segmentationNode: Any) -> Tuple[str, ...]:
    """Names of the segments that nobody has said to be right as they are now.

    The status of those that were edited after their review becomes Flagged.
    """
    withdrawOutdated(segmentationNode)
    ids = segmentationNode.GetSegmentation().GetSegmentIDs()
    return segmentNames(segmentationNode, [n for n in ids if not isReviewed(segmentationNode, n)])


def hasOutline(segmentationNode: Any) -> bool:
    """Whether a segment is the outline of the patient."""
    return any(appearance_of(name).kind == EXTERNAL for name in segmentNames(segmentationNode))


def unfitNames(
    segmentationNode: Any, names: str, body: bool, kind: str = RTSTRUCT
) -> List[Tuple[str, str]]:
    """Why names cannot go to a planning system, and names that could.

    names: CSV name map, "" for none. Raises InputError for a map that cannot be read. A DICOM
    segmentation takes longer names; the worker checks them.
    """
    every = [*segmentNames(segmentationNode), *([BODY] if body else [])]
    chosen = chosen_names(every, read_name_map(Path(names)) if names else None)
    if kind == SEG:
        return []
    proposals = proposed(chosen)
    return [(why, proposals[name]) for name, why in wrong_names(chosen)]


def howMade(segmentationNode: Any) -> Dict[str, str]:
    """AUTOMATIC, SEMIAUTOMATIC (edited since the run) or "" (no run of ours made it) by name."""
    ids = segmentationNode.GetSegmentation().GetSegmentIDs()
    names = segmentNames(segmentationNode)
    return {name: HOW[isEdited(segmentationNode, n)] for name, n in zip(names, ids)}


def unknownOrigin(segmentationNode: Any) -> List[str]:
    """Names of the segments that no run of ours made: who or what drew them is not known."""
    return [name for name, how in howMade(segmentationNode).items() if not how]


def checkNodes(segmentationNode: Any) -> Any:
    """The volume of a segmentation; InputError where it cannot be exported."""
    name = repr(segmentationNode.GetName())
    if not segmentationNode.GetSegmentation().GetNumberOfSegments():
        raise InputError(_("{name} has no segments.").format(name=name))
    volumeNode = referenceVolume(segmentationNode)
    if volumeNode is None:
        text = _("The volume that {name} was drawn on is not in the scene; load it, and choose it "
                 "as the source volume in the Segment Editor.")  # fmt: skip
        raise InputError(text.format(name=name))
    checkVolume(volumeNode)
    return volumeNode


class RtStructExport:
    """onProgress(fraction, sentence), and at the end, from the event loop, exactly one of
    onDone(ExportResult), onFailed(message) and onCancelled(isWritten).

    isWritten: whether the file was written before the worker heard of it.

    worker: something with submit and cancel, as WorkerProcess. database: as slicer.dicomDatabase,
    None for that. folderFactory: for tests.
    """

    def __init__(
        self,
        segmentationNode: Any,
        options: ExportOptions,
        worker: Any,
        onProgress: Callable[[float, str], None] = ignore,
        onDone: Callable[[ExportResult], None] = ignore,
        onFailed: Callable[[str], None] = ignore,
        onCancelled: Callable[[bool], None] = ignore,
        database: Optional[Any] = None,
        folderFactory: Callable[[], Any] = RunFolder,
    ) -> None:
        self._node, self._options, self._worker = segmentationNode, options, worker
        self._onProgress, self._onDone = onProgress, onDone
        self._onFailed, self._onCancelled = onFailed, onCancelled
        self._database, self._makeFolder = database, folderFactory
        self._folder: Optional[Any] = None
        self._request = ""

    def start(self) -> None:
        """Take the contours and ask the worker. Raises InputError; then nothing began."""
        volumeNode = checkNodes(self._node)
        files, folder = self._slices(volumeNode)
        self._folder = self._makeFolder()
        try:
            request = self._written(volumeNode, files, folder)
        except Exception:
            self._folder.remove()
            raise
        handler = RequestHandler(
            onProgress=self._onProgress,
            onDone=lambda result: self._end(self._onDone, ExportResult(**result)),
            onFailed=lambda message, cause: self._end(self._onFailed, message),
            onCancelled=lambda: self._end(
                self._onCancelled, _stateOf(self._options.output) != self._before
            ),
        )
        self._before = _stateOf(self._options.output)
        self._request = self._worker.submit(request, handler)

    def cancel(self) -> None:
        """Stop; onCancelled comes. An earlier file is kept, unless it was replaced already."""
        self._worker.cancel(self._request)

    def _slices(self, volumeNode: Any) -> Tuple[Tuple[str, ...], str]:
        """The CT's files where the volume leads to them, else the folder that the user gave."""
        try:
            return dicomFiles(volumeNode, self._database), ""
        except InputError:
            if not self._options.folder:
                raise
            return (), self._options.folder

    def _written(self, volumeNode: Any, files: Tuple[str, ...], folder: str) -> ExportRequest:
        """The request, its files written."""
        options, path = self._options, self._folder.path
        contours = contoursIn(volumeNode, self._node)
        write_labelmap(contours, path / "contours.seg.nrrd")
        found = sample(voxels(volumeNode), geometryOfVolumeNode(volumeNode))
        write_sample(found, path / "image.npz")
        origin, made = provenance(self._node), howMade(self._node)
        made.update({name: "MANUAL" for name in options.byHand if not made.get(name)})
        return ExportRequest(
            "", str(path / "contours.seg.nrrd"), str(options.output), str(path / "image.npz"),
            repr(volumeNode.GetName()), files, folder, str(archiveOf(options.output)),
            options.label, options.names, options.body, not unreviewed(self._node),
            made, origin.get("model", ""), origin.get("modelVersion", ""), options.kind,
        )  # fmt: skip

    def _end(self, callback: Callable[..., None], *what: Any) -> None:
        self._folder.remove()
        callback(*what)


def _stateOf(path: Path) -> Optional[Tuple[int, int]]:
    """What a file that is written anew does not keep; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def archiveOf(output: Path) -> Path:
    """Where the masks are kept beside the DICOM file."""
    return output.with_name(f"{output.name[: -len(SUFFIX)]}.seg.nrrd")


def contoursIn(volumeNode: Any, segmentationNode: Any) -> LabelMap:
    """All segments on the segmentation's own grid, at its place in the volume's own space, which is
    the patient's (LPS) where the volume was loaded from DICOM. Nothing is resampled or cut.

    Raises InputError for transforms that are not linear, or that shear, and for surfaces that reach
    beyond the segmentation's reference geometry.
    """
    found = labelMapFromSegmentation(segmentationNode).whole(segmentationNode.GetName())
    matrix = between(segmentationNode, volumeNode)
    if np.array_equal(matrix, np.eye(4)):
        return found
    ends = [number for count in found.geometry.shape[::-1] for number in (0, count - 1)]
    try:
        geometry = geometryOf(matrix @ ijkToRasOf(found.geometry), ends)
    except InputError as error:
        raise InputError(f"{segmentationNode.GetName()!r}: {error}") from error
    return LabelMap(found.masks, geometry)
