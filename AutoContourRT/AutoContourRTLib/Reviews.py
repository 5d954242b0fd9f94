"""What a person has said to be right, and whether it still is what that person saw.

An attribute of the node counts, segment ID -> print (see Fingerprints), "" for a review that an
edit has made void: the Segment Editor's undo brings back older tags of all segments, whatever they
said. Status and tag of a segment mirror it where other modules look, and tell what was done there.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List

import vtk

from AutoContourRTLib.Appearance import segmentStatus, setSegmentStatus
from AutoContourRTLib.Fingerprints import fingerprint, isOther

REVIEWED, TO_REVIEW = "completed", "flagged"
_ATTRIBUTE, _TAG = "AutoContourRT.reviews", "AutoContourRT.Reviewed"


def setReviewed(segmentationNode: Any, segmentId: str, reviewed: bool) -> None:
    """A person says that a contour is right as it is now, or not yet."""
    reviews = _kept(segmentationNode)
    reviews.pop(segmentId, None)
    if reviewed:
        reviews[segmentId] = fingerprint(segmentationNode, segmentId)
    _keep(segmentationNode, reviews)
    _mirror(segmentationNode, segmentId, reviews.get(segmentId, ""))


def isReviewed(segmentationNode: Any, segmentId: str) -> bool:
    """Whether a person said that a contour is right; see `withdrawOutdated` for edits since."""
    return segmentStatus(segmentationNode, segmentId) == REVIEWED


def isWithdrawn(segmentationNode: Any, segmentId: str) -> bool:
    """Whether a contour was edited after its review, and not reviewed since."""
    return _kept(segmentationNode).get(segmentId) == ""


def withdrawOutdated(segmentationNode: Any) -> None:
    """What was edited or moved after its review is to be reviewed again.

    What was set to Completed elsewhere counts as reviewed from now on, as it is now; what was set
    to something else there no longer does. What an undo brought back or took away counts for
    nothing.
    """
    isNew = not segmentationNode.GetAttribute(_ATTRIBUTE)  # an older scene, or a file of segments
    for segmentId in _ids(segmentationNode):
        print_ = _kept(segmentationNode).get(segmentId)
        mirrored = _tag(segmentationNode, segmentId)
        isCompleted = isReviewed(segmentationNode, segmentId)
        if print_ and not isCompleted and mirrored:
            _forget(segmentationNode, segmentId)
        elif print_:
            _confirm(segmentationNode, segmentId, print_)
        elif isCompleted and not mirrored:
            setReviewed(segmentationNode, segmentId, True)
        elif isCompleted and (isNew or print_ == ""):  # "": an undo may have mended it
            _confirm(segmentationNode, segmentId, mirrored)
        elif isCompleted:  # brought back by an undo, or by a copy of the segment
            _mirror(segmentationNode, segmentId, "")


def _confirm(segmentationNode: Any, segmentId: str, print_: str) -> None:
    """A review stands where the segment is what it was, else it is void."""
    reviews = _kept(segmentationNode)
    reviews[segmentId] = "" if isOther(segmentationNode, segmentId, print_) else print_
    _keep(segmentationNode, reviews)
    _mirror(segmentationNode, segmentId, reviews[segmentId])


def _forget(segmentationNode: Any, segmentId: str) -> None:
    """A review was taken back elsewhere; the status that was set there stays."""
    reviews = _kept(segmentationNode)
    reviews.pop(segmentId)
    _keep(segmentationNode, reviews)
    segmentationNode.GetSegmentation().GetSegment(segmentId).RemoveTag(_TAG)


def _kept(segmentationNode: Any) -> Dict[str, str]:
    return dict(json.loads(segmentationNode.GetAttribute(_ATTRIBUTE) or "{}"))


def _keep(segmentationNode: Any, reviews: Dict[str, str]) -> None:
    text = json.dumps(reviews)
    if text != segmentationNode.GetAttribute(_ATTRIBUTE):
        segmentationNode.SetAttribute(_ATTRIBUTE, text)


def _mirror(segmentationNode: Any, segmentId: str, print_: str) -> None:
    """Status and tag of a segment; print_ "": not reviewed."""
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    status = REVIEWED if print_ else TO_REVIEW
    if segmentStatus(segmentationNode, segmentId) != status:
        setSegmentStatus(segmentationNode, segmentId, status)
    if print_ != _tag(segmentationNode, segmentId):
        segment.SetTag(_TAG, print_) if print_ else segment.RemoveTag(_TAG)


def _tag(segmentationNode: Any, segmentId: str) -> str:
    """The print that a segment carries; "" for none."""
    kept = vtk.reference("")
    has = segmentationNode.GetSegmentation().GetSegment(segmentId).GetTag(_TAG, kept)
    return str(kept) if has else ""


def _ids(segmentationNode: Any) -> List[str]:
    return list(segmentationNode.GetSegmentation().GetSegmentIDs())
