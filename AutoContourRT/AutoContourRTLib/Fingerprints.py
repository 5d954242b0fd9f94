"""Was a segment edited since the run that made it, or since a person reviewed it? Tags keep what
the run produced, and what the person saw.
"""

from __future__ import annotations

import zlib
from typing import Any, Optional, Tuple

import numpy as np
import vtk

from AutoContourRTLib.SegmentLabels import segmentLayer

RUN, REVIEW = "AutoContourRT.Fingerprint", "AutoContourRT.Reviewed"
#: mm; a saved scene rounds places.
_SAME_PLACE = 0.01
Print = Tuple[int, Tuple[float, ...]]


def keepFingerprints(segmentationNode: Any) -> None:
    """Note for all segments what they are now: the result of a run."""
    segmentation = segmentationNode.GetSegmentation()
    for segmentId in segmentation.GetSegmentIDs():
        keepFingerprint(segmentation.GetSegment(segmentId), RUN)


def keepFingerprint(segment: Any, tag: str) -> None:
    """Note what a segment is now. tag: RUN or REVIEW."""
    checksum, place = _fingerprint(segment)
    segment.SetTag(tag, " ".join([str(checksum), *(f"{mm:.4f}" for mm in place)]))


def isEdited(segmentationNode: Any, segmentId: str, since: str = RUN) -> Optional[bool]:
    """Whether the voxels of a segment are others than those noted; None where none are noted.

    since: RUN (noted by the run that made it) or REVIEW (when a person reviewed it).
    """
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    kept = vtk.reference("")
    if not segment.GetTag(since, kept):
        return None
    checksum, *place = str(kept).split()
    nowChecksum, nowPlace = _fingerprint(segment)
    isSame = int(checksum) == nowChecksum and len(place) == len(nowPlace)
    return not (isSame and np.allclose(np.array(place, float), nowPlace, atol=_SAME_PLACE))


def _fingerprint(segment: Any) -> Print:
    """CRC-32 of the voxels within their bounding box, and where its first and last one lie (RAS).

    It does not depend on how large the labelmap around them is. Empty: (0, ()).
    """
    layer, matrix = segmentLayer(segment)
    if not layer.array.any():
        return 0, ()
    start = np.array(layer.start)
    ends = np.stack([start, start + layer.array.shape - np.ones(3, int)])[:, ::-1]
    places = ends @ matrix[:3, :3].T + matrix[:3, 3]
    shape = np.array(layer.array.shape, "<i4").tobytes()
    return zlib.crc32(np.packbits(layer.array).tobytes(), zlib.crc32(shape)), tuple(places.ravel())
