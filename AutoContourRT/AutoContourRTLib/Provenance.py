"""Where a segmentation comes from, kept in the node and in every scene that it is saved with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Dict, Optional

from AutoContourRTCore import __version__

_PREFIX = "AutoContourRT."


@dataclass(frozen=True)
class Provenance:
    """model and its version, the program's version, when (ISO 8601, with the offset from UTC), and
    the volume that was contoured. The volume's ID holds in the scene of that day only.
    """

    model: str
    modelVersion: str
    volumeId: str
    volumeName: str
    version: str = __version__
    date: str = ""


def now() -> str:
    """This moment, ISO 8601."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def setProvenance(segmentationNode: Any, provenance: Provenance) -> None:
    """Keep it in the node's attributes."""
    for name, value in asdict(provenance).items():
        segmentationNode.SetAttribute(_PREFIX + name, value)


def provenance(segmentationNode: Any) -> Dict[str, str]:
    """What is kept: the fields of Provenance; empty for a node of other origin."""
    names = Provenance.__dataclass_fields__
    values = {name: segmentationNode.GetAttribute(_PREFIX + name) for name in names}
    return {name: value for name, value in values.items() if value}


def lastOfOurs(scene: Any) -> Optional[Any]:
    """The newest segmentation of a scene that a run of ours made; None where there is none."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    nodes = [scene.GetNthNodeByClass(n, "vtkMRMLSegmentationNode") for n in range(count)]
    return next((node for node in reversed(nodes) if provenance(node)), None)
