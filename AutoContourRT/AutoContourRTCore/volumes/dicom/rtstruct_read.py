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

    Raises InputError for a file that is none, for structures that no number tells apart, and for a
    contour that is damaged: a number that is no number, or points that are not three numbers each.
    """
    content = dicom.read_dataset(path)
    if dicom.text(content, "SOPClassUID") != RT_STRUCT:
        raise InputError(f"{path} is DICOM, but no structure set (RTSTRUCT); give one.")
    heads = _heads(path, content)
    drawn = _by_number(content, "ROIContourSequence")
    kinds = _by_number(content, "RTROIObservationsSequence")
    stray = [number for number in drawn if number not in heads]
    if stray:
        raise InputError(
            f"{path}: contours belong to the ROI number {stray[0] or '(none)'}, which the "
            "structure set does not name; export it again."
        )
    names, notes = _names(heads)
    notes += [f"{names[number]}: its contours stand in {len(parts)} places of the file; all were "
              "taken." for number, parts in drawn.items() if len(parts) > 1]  # fmt: skip
    rois = [
        _roi(path, names[number], head, drawn.get(number, []), _kind(kinds.get(number, [])))
        for number, head in heads.items()
    ]
    frames, series = _references(content)
    return StructureSet(
        path, dicom.text(content, "StructureSetLabel"), tuple(rois), frames, series, tuple(notes),
        dicom.text(content, "SOPInstanceUID"),
    )  # fmt: skip


def _heads(path: Path, content: Any) -> Dict[str, Any]:
    """The structures by their ROI number; InputError where it does not tell them apart."""
    heads: Dict[str, Any] = {}
    for head in dicom.items(content, "StructureSetROISequence"):
        number, name = dicom.text(head, "ROINumber"), dicom.text(head, "ROIName")
        if not number:
            raise InputError(
                f"{path}: the structure {name!r} has no ROI number, so its contours cannot be "
                "told; export it again."
            )
        if number in heads:
            raise InputError(
                f"{path}: {dicom.text(heads[number], 'ROIName')!r} and {name!r} have the same ROI "
                f"number {number}, so nobody can tell whose contours are whose; export it again."
            )
        heads[number] = head
    return heads


def _by_number(content: Any, keyword: str) -> Dict[str, List[Any]]:
    """The items of a sequence by the ROI number they refer to."""
    found: Dict[str, List[Any]] = {}
    for item in dicom.items(content, keyword):
        found.setdefault(dicom.text(item, "ReferencedROINumber"), []).append(item)
    return found


def _kind(observations: List[Any]) -> str:
    """The interpreted type, "" where there is none or observations differ in it."""
    kinds = {dicom.text(each, "RTROIInterpretedType").upper() for each in observations} - {""}
    return kinds.pop() if len(kinds) == 1 else ""


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


def _roi(path: Path, name: str, head: Any, drawn: List[Any], kind: str) -> Roi:
    contours: List[Contour] = []
    passed_over: Counter[str] = Counter()
    images = set()
    items = [item for part in drawn for item in dicom.items(part, "ContourSequence")]
    for number, item in enumerate(items, 1):
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
        name, frame, tuple(contours), dict(passed_over), frozenset(images - {""}), kind,
        next(filter(None, map(_color, drawn)), None),
    )  # fmt: skip


def _color(drawn: Any) -> Optional[Rgb]:
    """ROI Display Color; None where it is missing or odd, for nothing hangs on it."""
    words = dicom.text(drawn, "ROIDisplayColor").split("\\")
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
