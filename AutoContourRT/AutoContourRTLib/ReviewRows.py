"""What there is to review in a segmentation, always as its segments are now."""

from __future__ import annotations

import html
from typing import Any, Dict, List, Optional

from slicer.i18n import tr as _

from AutoContourRTLib.Appearance import plausibleVolumeMl
from AutoContourRTLib.Cells import Cell, Row
from AutoContourRTLib.Doubts import doubtOf
from AutoContourRTLib.ModelText import structureTitle
from AutoContourRTLib.Reviews import isReviewed, isWithdrawn
from AutoContourRTLib.RunReport import absentStructures, runWarnings
from AutoContourRTLib.SegmentationNodes import segmentNames, volumesMl


def doubtHelp() -> str:
    """What the column of doubts shows."""
    return _(
        "How wide the edge of the contour was to the model. The largest come first: look there "
        "first, and click to see the most doubtful spot. It tells what the model was unsure of, "
        "not what it was sure of and got wrong: look at every contour."
    )


def reviewRows(segmentationNode: Any) -> List[Row]:
    """A row a segment: box for "reviewed", name, volume in ml, the model's doubt, and why to look.

    What the model was most in doubt of comes first; segments of other origin follow, in their own
    order. The rows of structures that were not found come last and have no box.
    """
    volumes = volumesMl(segmentationNode)
    rows = [_present(segmentationNode, n, volumes.get(n)) for n in reviewOrder(segmentationNode)]
    return rows + [_absent(*item) for item in _stillAbsent(segmentationNode).items()]


def reviewOrder(segmentationNode: Any) -> List[str]:
    """The ids of all segments, those of the most doubt first."""
    return sorted(_ids(segmentationNode), key=lambda n: -_edgeMm(segmentationNode, n))


def reviewedText(segmentationNode: Any) -> str:
    """How far the review is."""
    ids = _ids(segmentationNode)
    done = sum(isReviewed(segmentationNode, segmentId) for segmentId in ids)
    return _("{done} of {all} reviewed").format(done=done, all=len(ids))


def volumeWarning(name: str, volumeMl: Optional[float]) -> str:
    """Words for a volume that a whole adult organ does not have; else nothing."""
    usual = plausibleVolumeMl(name)
    if volumeMl is None or usual is None or usual[0] <= volumeMl <= usual[1]:
        return ""
    small = _("Small: usually {low:g} to {high:g} ml")
    large = _("Large: usually {low:g} to {high:g} ml")
    return (small if volumeMl < usual[0] else large).format(low=usual[0], high=usual[1])


def lookAt(segmentationNode: Any, segmentId: str, volumeMl: Optional[float]) -> str:
    """Why to look at a contour first; nothing where there is no reason."""
    name = segmentationNode.GetSegmentation().GetSegment(segmentId).GetName()
    edited = _("Edited after review; review again")
    warnings = [edited if isWithdrawn(segmentationNode, segmentId) else "",
                volumeWarning(name, volumeMl)]  # fmt: skip
    return ". ".join(filter(None, warnings))


def reportText(segmentationNode: Any) -> str:
    """What the run warned of, and why structures are not there, as HTML; "" for nothing."""
    bold = [f"<b>{html.escape(text)}</b>" for text in runWarnings(segmentationNode)]
    absent = _stillAbsent(segmentationNode).items()
    title = html.escape(_("Not contoured"))
    plain = [f"{title}: {html.escape(name)}, {html.escape(why)}" for name, why in absent]
    return "<br>".join(bold + plain)


def _stillAbsent(segmentationNode: Any) -> Dict[str, str]:
    """What the run did not find, and nobody has drawn since: name -> why."""
    drawn = segmentNames(segmentationNode)
    absent = absentStructures(segmentationNode)
    return {name: why for name, why in absent.items() if name not in drawn}


def _ids(segmentationNode: Any) -> List[str]:
    return list(segmentationNode.GetSegmentation().GetSegmentIDs())


def _edgeMm(segmentationNode: Any, segmentId: str) -> float:
    doubt = doubtOf(segmentationNode, segmentId)
    return doubt.edgeMm if doubt else 0.0


def _present(segmentationNode: Any, segmentId: str, volumeMl: Optional[float]) -> Row:
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    name = segment.GetName()
    red, green, blue = (round(255 * part) for part in segment.GetColor())
    reviewed = isReviewed(segmentationNode, segmentId)
    reason = lookAt(segmentationNode, segmentId, volumeMl)
    doubt = doubtOf(segmentationNode, segmentId)
    return [
        Cell("", _("Tick it when this contour is right."), checked=reviewed, key=segmentId),
        Cell(name, structureTitle(name), (red, green, blue)),
        Cell("" if volumeMl is None else f"{volumeMl:.1f}"),
        Cell(f"{doubt.edgeMm:.1f}", doubtHelp()) if doubt else Cell(),
        Cell(reason, reason),
    ]


def _absent(name: str, reason: str) -> Row:
    return [Cell(enabled=False), Cell(name, structureTitle(name), enabled=False), Cell(), Cell(),
            Cell(_("Not contoured"), reason, enabled=False)]  # fmt: skip
