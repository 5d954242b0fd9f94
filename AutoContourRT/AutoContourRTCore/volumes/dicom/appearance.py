"""How a structure is told in DICOM: its codes, colour and interpreted type, from the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional, Tuple

from AutoContourRTCore.anatomy.catalogue import Structure, UnknownStructure, find

Code = Tuple[str, str, str]
"""Value, coding scheme, meaning."""
Rgb = Tuple[int, int, int]

ANATOMY: Code = ("123037004", "SCT", "Anatomical Structure")
#: For a structure that the catalogue does not know: no more is said than what anything is.
UNSPECIFIED: Code = ("85756007", "SCT", "Tissue")
NEUTRAL: Rgb = (128, 128, 128)
EXTERNAL = "EXTERNAL"
ORGAN = "ORGAN"
#: Defined terms of RT ROI Interpreted Type (PS3.3, C.8.8.8) that a clinic may write into its map.
KINDS = (
    "EXTERNAL", "PTV", "CTV", "GTV", "TREATED_VOLUME", "IRRAD_VOLUME", "BOLUS", "AVOIDANCE",
    "ORGAN", "MARKER", "REGISTRATION", "ISOCENTER", "CONTRAST_AGENT", "CAVITY", "BRACHY_CHANNEL",
    "BRACHY_ACCESSORY", "BRACHY_SRC_APP", "BRACHY_CHNL_SHLD", "SUPPORT", "FIXATION", "DOSE_REGION",
    "CONTROL", "DOSE_MEASUREMENT",
)  # fmt: skip
_TARGET = re.compile(r"[^A-Za-z]*(PTV|CTV|GTV)", re.IGNORECASE)
_BODY = ("Body", "External", "Skin")


@dataclass(frozen=True)
class Appearance:
    """category, type and modifier are codes; modifier (such as Left) and type may be unknown."""

    kind: str
    color: Rgb
    category: Code = ANATOMY
    type: Optional[Code] = None
    modifier: Optional[Code] = None


def appearance_of(name: str) -> Appearance:
    """The appearance of a structure name in any usual spelling; grey, without codes, if unknown."""
    target = _TARGET.match(name)
    try:
        known: Optional[Structure] = find(name)
    except UnknownStructure:
        known = None
    kind = target.group(1).upper() if target else EXTERNAL if _is_body(known) else ORGAN
    if known is None:
        return Appearance(kind, NEUTRAL)
    parts = known.terminology.split("~")
    if len(parts) < 4:
        return Appearance(kind, known.color)
    category, type_, modifier = (_code(part) for part in parts[1:4])
    return Appearance(kind, known.color, category or ANATOMY, type_, modifier)


def _is_body(known: Optional[Structure]) -> bool:
    return known is not None and known.name in _BODY


def _code(text: str) -> Optional[Code]:
    """A code as Slicer writes it, scheme^value^meaning; None for ^^."""
    scheme, value, meaning = (text.split("^") + ["", "", ""])[:3]
    return (value, scheme, meaning) if value and scheme else None
