"""One export: a segmentation node out into a structure set (RTSTRUCT) or a DICOM segmentation
(SEG), by the worker.

The contours are taken as they are when the export begins, in one go; then the worker reads the CT's
slices, sees that they show what the volume shows, and writes. The scene is not touched, but for
reviews that an edit has made void.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from AutoContourRTLib import SegmentOrigins
from AutoContourRTLib.DicomProvenance import dicomFiles
from AutoContourRTLib.Fingerprints import isEdited
from AutoContourRTLib.Requests import RequestHandler, ignore
from AutoContourRTLib.Reviews import isReviewed, withdrawOutdated
from AutoContourRTLib.RunFolder import RunFolder
from AutoContourRTLib.SegmentationNodes import referenceVolume, segmentNames
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
    kinds = SegmentOrigins.kinds(segmentationNode)
    names = segmentNames(segmentationNode)
    return any((kinds.get(n) or appearance_of(n).kind) == EXTERNAL for n in names)


def looks(
    segmentationNode: Optional[Any],
) -> Tuple[Dict[str, str], Dict[str, Tuple[int, int, int]]]:
    """Interpreted types that came with the segments, and colours as seen, by name."""
    if segmentationNode is None:
        return {}, {}
    colors = SegmentOrigins.colors(segmentationNode)
    rgb = {name: tuple(map(int, text.split())) for name, text in colors.items()}
    return SegmentOrigins.kinds(segmentationNode), rgb


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
        text = _("{name} is tied to no volume of the scene. Load the CT that it was drawn on: a "
                 "volume of its grid, under the same transform, is then offered here.")  # fmt: skip
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
        self._request, self._notes = "", ()  # type: str, Tuple[str, ...]

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
            onDone=self._done,
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
        contours, self._notes = contoursIn(volumeNode, self._node)
        write_labelmap(contours, path / "contours.seg.nrrd")
        found = sample(voxels(volumeNode), geometryOfVolumeNode(volumeNode))
        write_sample(found, path / "image.npz")
        made, models = howMade(self._node), SegmentOrigins.models(self._node)
        made.update({name: "MANUAL" for name in options.byHand if not made.get(name)})
        return ExportRequest(
            "", str(path / "contours.seg.nrrd"), str(options.output), str(path / "image.npz"),
            repr(volumeNode.GetName()), files, folder, str(archiveOf(options.output)),
            options.label, options.names, options.body, not unreviewed(self._node),
            made, options.kind, models, SegmentOrigins.kinds(self._node),
            SegmentOrigins.colors(self._node),
        )  # fmt: skip

    def _done(self, result: Dict[str, Any]) -> None:
        found = ExportResult(**result)
        warnings = (*self._notes, *found.warnings)
        self._end(self._onDone, replace(found, warnings=warnings))

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


def contoursIn(
    volumeNode: Any, segmentationNode: Any
) -> Tuple[LabelMap, Tuple[str, ...]]:
    """All segments on the segmentation's own grid, at its place in the volume's own space, which is
    the patient's (LPS) where the volume was loaded from DICOM; and notes: what had to be resampled
    or converted, and whether the contours were moved against the volume. Nothing is cut.

    Raises InputError for transforms that are not linear, or that shear, and for surfaces that reach
    beyond the segmentation's reference geometry.
    """
    bridged = labelMapFromSegmentation(segmentationNode)
    found = bridged.whole(segmentationNode.GetName())
    matrix = between(segmentationNode, volumeNode)
    if np.array_equal(matrix, np.eye(4)):
        return found, bridged.notes
    moved = _("{name!r} and {volume!r} lie under different transforms: the contours were written "
              "where they are seen on the volume.")  # fmt: skip
    told = moved.format(name=segmentationNode.GetName(), volume=volumeNode.GetName())
    ends = [number for count in found.geometry.shape[::-1] for number in (0, count - 1)]
    try:
        geometry = geometryOf(matrix @ ijkToRasOf(found.geometry), ends)
    except InputError as error:
        raise InputError(f"{segmentationNode.GetName()!r}: {error}") from error
    return LabelMap(found.masks, geometry), (*bridged.notes, told)
