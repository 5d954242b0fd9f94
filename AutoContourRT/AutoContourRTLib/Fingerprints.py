"""Was a segment edited since the run that made it? A tag keeps what the run produced.

A print is a text: a checksum of what the segment is made of, and where that lies on the volume. The
place follows the transforms: a contour that was moved against its volume is another one.
"""

from __future__ import annotations

import zlib
from typing import Any, Optional, Tuple

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.SegmentationNodes import LABELMAP, referenceVolume
from AutoContourRTLib.SegmentLabels import segmentLayer
from AutoContourRTLib.Transforms import between

RUN = "AutoContourRT.Fingerprint"
#: mm; a saved scene rounds places.
_SAME_PLACE = 0.01


def keepFingerprints(segmentationNode: Any) -> None:
    """Note for all segments what they are now: the result of a run."""
    segmentation = segmentationNode.GetSegmentation()
    for segmentId in segmentation.GetSegmentIDs():
        segmentation.GetSegment(segmentId).SetTag(RUN, fingerprint(segmentationNode, segmentId))


def isEdited(segmentationNode: Any, segmentId: str) -> Optional[bool]:
    """Whether a segment is another than the run made; None where no run noted it."""
    kept = vtk.reference("")
    if not segmentationNode.GetSegmentation().GetSegment(segmentId).GetTag(RUN, kept):
        return None
    return isOther(segmentationNode, segmentId, str(kept))


def isOther(segmentationNode: Any, segmentId: str, kept: str) -> bool:
    """Whether a segment is another than a print says."""
    checksum, *place = kept.split()
    nowChecksum, *nowPlace = fingerprint(segmentationNode, segmentId).split()
    if checksum != nowChecksum or len(place) != len(nowPlace):
        return True
    return not np.allclose(np.array(place, float), np.array(nowPlace, float), atol=_SAME_PLACE)


def fingerprint(segmentationNode: Any, segmentId: str) -> str:
    """CRC-32 of the voxels within their bounding box, and where its first and last one lie: RAS in
    the volume's own space, mm. Of a surface or planar contours its points.

    It does not depend on how large the labelmap around the voxels is. Empty: "0". Where a bent
    transform lies between segments and volume the place is no number, and never the same.
    """
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    source = segmentationNode.GetSegmentation().GetSourceRepresentationName()
    if source == LABELMAP:
        checksum, places = _ofVoxels(segment)
    else:  # voxels may have been made from it since, which is no edit
        checksum, places = _ofSurface(segment.GetRepresentation(source))
    matrix = _toVolume(segmentationNode)
    places = places @ matrix[:3, :3].T + matrix[:3, 3]
    return " ".join([str(checksum), *(f"{mm:.4f}" for mm in places.ravel())])


def _toVolume(segmentationNode: Any) -> np.ndarray:
    volume = referenceVolume(segmentationNode)
    if volume is None:
        return np.eye(4)
    try:
        return between(segmentationNode, volume)
    except InputError:  # bent: no place can be told, which fingerprint says
        return np.full((4, 4), np.nan)


def _ofVoxels(segment: Any) -> Tuple[int, np.ndarray]:
    """Checksum and places (n, 3), RAS of the segmentation."""
    layer, matrix = segmentLayer(segment)
    if not layer.array.any():
        return 0, np.zeros((0, 3))
    start = np.array(layer.start)
    ends = np.stack([start, start + layer.array.shape - np.ones(3, int)])[:, ::-1]
    shape = np.array(layer.array.shape, "<i4").tobytes()
    checksum = zlib.crc32(np.packbits(layer.array).tobytes(), zlib.crc32(shape))
    return checksum, ends @ matrix[:3, :3].T + matrix[:3, 3]


def _ofSurface(surface: Optional[Any]) -> Tuple[int, np.ndarray]:
    """Checksum and places (n, 3) of a vtkPolyData; None: of nothing."""
    if surface is None or not surface.GetNumberOfPoints():
        return 0, np.zeros((0, 3))
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype("<f4")
    return zlib.crc32(points.tobytes()), np.stack([points.min(axis=0), points.max(axis=0)])
