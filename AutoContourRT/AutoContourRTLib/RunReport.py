"""What a run said of its result, kept in the segmentation node and in every scene with it."""

from __future__ import annotations

import json
from typing import Any, Dict, Sequence, Tuple

from slicer.i18n import tr as _

_ABSENT, _WARNINGS = "AutoContourRT.absent", "AutoContourRT.warnings"


def keepReport(segmentationNode: Any, absent: Dict[str, str], warnings: Sequence[str]) -> None:
    """Keep which structures were not found, and why, and what to be wary of."""
    segmentationNode.SetAttribute(_ABSENT, json.dumps(absent))
    segmentationNode.SetAttribute(_WARNINGS, json.dumps(list(warnings)))


def absentStructures(segmentationNode: Any) -> Dict[str, str]:
    """Name -> why it is not there; empty for a node of other origin."""
    return dict(json.loads(segmentationNode.GetAttribute(_ABSENT) or "{}"))


def runWarnings(segmentationNode: Any) -> Tuple[str, ...]:
    """The run's warnings; empty for a node of other origin."""
    return tuple(json.loads(segmentationNode.GetAttribute(_WARNINGS) or "[]"))


def summary(result: Any) -> str:
    """What a RunResult says in a sentence or some lines."""
    if result.segmentationNode is not None:
        text = _("Structures contoured: {n}, in {seconds:.0f} s. Review them below.")
        return text.format(n=len(result.volumesMl), seconds=result.seconds)
    reasons = [f"{name}: {why}" for name, why in result.absent.items()]
    return "\n".join([_("None of the structures was found."), *result.warnings, *reasons])
