"""A structure set (RTSTRUCT) as it is written: its structures, contours and references.

Attributes: DICOM PS3.3, C.8.8.5 (structure set), C.8.8.6 (ROI contour), C.8.8.8 (observations).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom import pydicom_files as dicom
from AutoContourRTCore.volumes.dicom.appearance import Rgb
from AutoContourRTCore.volumes.dicom.planes import Contour
from AutoContourRTCore.volumes.dicom.scan import RT_STRUCT

CLOSED = "CLOSED_PLANAR"
CLOSED_XOR = "CLOSEDPLANAR_XOR"


@dataclass(frozen=True)
class Roi:
    """One structure: closed contours, and how many of each other kind were passed over.

    frame_of_reference: "" where it is not told. images: instance UIDs that its contours refer to.
    kind: its interpreted type, such as ORGAN or PTV. color: red, green, blue (0..255), None where
    the file has none.
    """

    name: str
    frame_of_reference: str
    contours: Tuple[Contour, ...]
    passed_over: Dict[str, int] = field(default_factory=dict)
    images: FrozenSet[str] = frozenset()
    kind: str = ""
    color: Optional[Rgb] = None


@dataclass(frozen=True)
class StructureSet:
    """A structure set file. series: UIDs of the image series that it refers to. instance: its own
    SOP instance UID.
    """

    path: Path
    label: str
    rois: Tuple[Roi, ...]
    frames: Tuple[str, ...]
    series: Tuple[str, ...]
    notes: Tuple[str, ...] = ()
    instance: str = ""


def read_structure_set(path: Path) -> StructureSet:
    """Read a structure set.

    Raises InputError for a file that is none, and for a contour that is damaged: a number that is
    no number, or points that are not three numbers each.
    """
    content = dicom.read_dataset(path)
    if dicom.text(content, "SOPClassUID") != RT_STRUCT:
        raise InputError(f"{path} is DICOM, but no structure set (RTSTRUCT); give one.")
    heads = {dicom.text(head, "ROINumber"): head
             for head in dicom.items(content, "StructureSetROISequence")}  # fmt: skip
    drawn = {dicom.text(each, "ReferencedROINumber"): each
             for each in dicom.items(content, "ROIContourSequence")}  # fmt: skip
    kinds = {dicom.text(each, "ReferencedROINumber"): dicom.text(each, "RTROIInterpretedType")
             for each in dicom.items(content, "RTROIObservationsSequence")}  # fmt: skip
    stray = [number for number in drawn if number not in heads]
    if stray:
        raise InputError(
            f"{path}: contours belong to the ROI number {stray[0]}, which the structure set does "
            "not name; export it again."
        )
    names, notes = _names(heads)
    rois = [
        _roi(path, names[number], head, drawn.get(number), kinds.get(number, ""))
        for number, head in heads.items()
    ]
    frames, series = _references(content)
    return StructureSet(
        path, dicom.text(content, "StructureSetLabel"), tuple(rois), frames, series, tuple(notes),
        dicom.text(content, "SOPInstanceUID"),
    )  # fmt: skip


def _names(heads: Dict[str, Any]) -> Tuple[Dict[str, str], List[str]]:
    """A name for each ROI number, made different where two are the same."""
    names: Dict[str, str] = {}
    notes = []
    for number, head in heads.items():
        name = written = dicom.text(head, "ROIName") or f"ROI {number}"
        count = 1
        while name in names.values():
            count += 1
            name = f"{written} ({count})"
        if name != written:
            notes.append(f"Two structures are named {written!r}; one is called {name!r} here.")
        names[number] = name
    return names, notes


def _references(content: Any) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """Frames of reference and image series that the structure set refers to."""
    frames, series = [], []
    for frame in dicom.items(content, "ReferencedFrameOfReferenceSequence"):
        frames.append(dicom.text(frame, "FrameOfReferenceUID"))
        for study in dicom.items(frame, "RTReferencedStudySequence"):
            series += [dicom.text(each, "SeriesInstanceUID")
                       for each in dicom.items(study, "RTReferencedSeriesSequence")]  # fmt: skip
    return tuple(frame for frame in frames if frame), tuple(uid for uid in series if uid)


def _roi(path: Path, name: str, head: Any, drawn: Any, kind: str) -> Roi:
    contours: List[Contour] = []
    passed_over: Counter[str] = Counter()
    images = set()
    for number, item in enumerate(dicom.items(drawn, "ContourSequence") if drawn else [], 1):
        type_ = dicom.text(item, "ContourGeometricType").upper()
        points = _points(item, f"{path}: {name}, contour {number}")
        images |= {dicom.text(image, "ReferencedSOPInstanceUID")
                   for image in dicom.items(item, "ContourImageSequence")}  # fmt: skip
        if type_ not in (CLOSED, CLOSED_XOR):
            passed_over[f"of type {type_ or 'unknown'}"] += 1
        elif len(points) < 3:
            passed_over["of less than three points"] += 1
        else:
            contours.append(Contour(points, type_ == CLOSED_XOR))
    frame = dicom.text(head, "ReferencedFrameOfReferenceUID")
    return Roi(
        name, frame, tuple(contours), dict(passed_over), frozenset(images - {""}), kind.upper(),
        _color(drawn),
    )  # fmt: skip


def _color(drawn: Any) -> Optional[Rgb]:
    """ROI Display Color; None where it is missing or odd, for nothing hangs on it."""
    words = dicom.text(drawn, "ROIDisplayColor").split("\\") if drawn else []
    if len(words) != 3 or not all(word.strip().isdigit() for word in words):
        return None
    red, green, blue = (min(255, int(word)) for word in words)
    return red, green, blue


def _points(item: Any, where: str) -> np.ndarray:
    """The points of a contour, LPS mm (n, 3)."""
    numbers = dicom.decimals(item, "ContourData", where)
    if len(numbers) % 3:
        raise InputError(
            f"{where} holds {len(numbers)} numbers, which is no multiple of three; export it again."
        )
    return numbers.reshape(-1, 3)
