"""All CTs of a folder -> contours: the order of `autocontourrt segment-cohort`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from AutoContourRTCore import __version__
from AutoContourRTCore.cohorts.cases import Case
from AutoContourRTCore.cohorts.run import Order
from AutoContourRTCore.cohorts.segment_request import AUTO, SegmentCaseRequest, model_key
from AutoContourRTCore.cohorts.summary import FAILED, Row
from AutoContourRTCore.models.manifest import Manifest


@dataclass(frozen=True)
class Wanted:
    """What is the same for all cases: see SegmentCaseRequest. structures: standard names."""

    model: Manifest
    structures: Optional[Tuple[str, ...]] = None
    device: str = "auto"
    series: str = ""
    write: str = AUTO
    label: str = "AutoContourRT"
    names: Optional[Dict[str, Any]] = None
    body: bool = False


def segment_order(cases: Tuple[Case, ...], folder: Any, wanted: Wanted, force: bool = False
                  ) -> Order:
    """One request for each case that can be one; the others have failed."""
    run, key = secrets.token_hex(8), model_key(wanted.model)
    place = str(folder.resolve())
    requests = tuple(
        SegmentCaseRequest(
            case.name, place, __version__, run, force, 1, str(case.path.resolve()),
            wanted.model.id, key, wanted.structures, wanted.device, wanted.series, wanted.write,
            wanted.label, wanted.names, wanted.body,
        )
        for case in cases if not case.problem
    )  # fmt: skip
    refused = (Row(each.name, FAILED, 0.0, each.problem) for each in cases if each.problem)
    return Order(folder, requests, tuple(refused))
