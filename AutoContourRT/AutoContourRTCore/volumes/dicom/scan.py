"""The DICOM files below a folder, told by their headers.

Tags: DICOM PS3.3, C.7.6.2 (image plane) and C.8.2.1 (CT image).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom import pydicom_files as dicom
from AutoContourRTCore.volumes.reading import reading

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"  # CT Image Storage, PS3.4 B.5
_CT_CLASSES = (CT_IMAGE, CT_IMAGE + ".1", CT_IMAGE + ".2")  # also multi-frame ("enhanced")
RT_STRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_APPLE_DOUBLE = b"\x00\x05\x16\x07"  # macOS puts "._name" beside each file on foreign disks
_BARE = (b"\x02\x00", b"\x08\x00")  # how DICOM without preamble begins


@dataclass(frozen=True)
class Slice:
    """One CT image file: what it is part of, and its plane in the patient (LPS, mm)."""

    path: Path
    sop_class: str
    sop_instance: str
    patient: str
    study: str
    series: str
    description: str
    frame_of_reference: str
    position: Tuple[float, ...]  # centre of the first pixel
    orientation: Tuple[float, ...]  # unit vectors along i (three numbers) and along j
    spacing: Tuple[float, ...]  # along j, along i
    size: Tuple[int, int]  # along j, along i
    thickness: Tuple[float, ...]  # one number, or none


@dataclass(frozen=True)
class Entry:
    """A DICOM file: its path, its SOP class, and its header (pydicom)."""

    path: Path
    sop_class: str
    header: Any

    def text(self, keyword: str) -> str:
        """A value of the header, "" where there is none."""
        return dicom.text(self.header, keyword)

    @property
    def is_ct(self) -> bool:
        """Whether it is a CT image and no localizer."""
        kinds = self.text("ImageType").split("\\")
        return self.sop_class in _CT_CLASSES and "LOCALIZER" not in kinds


def scan(folder: Path) -> List[Entry]:
    """All DICOM files in a folder and its sub-folders, in the order of their paths.

    Other files are passed over. Raises InputError for a CT image that is cut or damaged, for a file
    that is so damaged that it may be one, and for a file or folder that cannot be read: it may hold
    slices.
    """
    return [entry for entry in map(read_entry, _files(folder)) if entry is not None]


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            with reading(path):
                there = path.is_file()
            if there:
                yield path


def _refuse(error: OSError) -> None:
    with reading(Path(error.filename)):
        raise error


def sop_class_of(path: Path) -> str:
    """The SOP class that a file names; "" for one that is no DICOM; InputError for a damaged CT."""
    entry = read_entry(path)
    return entry.sop_class if entry else ""


def read_entry(path: Path) -> Optional[Entry]:
    """One file; None where it is no DICOM, InputError where a CT image is damaged.

    Raises InputError, too, for a file that the system does not let us read.
    """
    with reading(path):
        return _read_entry(path)


def _read_entry(path: Path) -> Optional[Entry]:
    with open(path, "rb") as file:
        head = file.read(1024)
    if head.startswith(_APPLE_DOUBLE):
        return None
    if head[128:132] != b"DICM" and head[:2] not in _BARE:
        if path.suffix.lower() == ".dcm":
            raise InputError(f"{path} is truncated or damaged; copy it again.")
        return None
    announced = _class_in(head)
    try:
        header = dicom.read_header(path)
    except InputError:
        return _unreadable(path, announced)
    sop_class = dicom.text(header, "SOPClassUID")
    if not sop_class or (announced in _CT_CLASSES and sop_class != announced):
        return _unreadable(path, announced)
    entry = Entry(path, sop_class, header)
    return _unreadable(path, sop_class) if entry.is_ct and not entry.text("Columns") else entry


def _unreadable(path: Path, sop_class: str) -> Optional[Entry]:
    """None, but InputError for a file that may be a CT image; sop_class: as much as is left."""
    if any(each.startswith(sop_class) for each in _CT_CLASSES):
        raise InputError(f"{path} is truncated or damaged; copy it again.")
    return None


def _class_in(head: bytes) -> str:
    """The SOP class in the file meta header: tag (0002,0002), VR UI, length (PS3.10, 7.1)."""
    found = re.search(rb"\x02\x00\x02\x00UI..([0-9.]+)", head, re.DOTALL)
    return found.group(1).decode() if found else ""


def slice_of(entry: Entry) -> Slice:
    """The plane of a CT image; InputError for a value that is missing or wrong, or more frames."""
    path, header = entry.path, entry.header
    if dicom.text(header, "NumberOfFrames") not in ("", "1") or (
        dicom.text(header, "SamplesPerPixel") not in ("", "1")
    ):
        raise InputError(f"{path} holds more than one frame or colour; give plain CT slices.")
    if dicom.text(header, "PhotometricInterpretation") == "MONOCHROME1":  # GDCM turns the HU round
        raise InputError(
            f"{path} is stored with bright and dark exchanged (MONOCHROME1), which would turn its "
            "HU round; export it as MONOCHROME2."
        )
    thickness = dicom.has(header, "SliceThickness")
    rows, columns = (dicom.numbers(header, name, 1, path)[0] for name in ("Rows", "Columns"))
    return Slice(
        path=path,
        sop_class=entry.sop_class,
        sop_instance=dicom.text(header, "SOPInstanceUID"),
        patient=dicom.text(header, "PatientID"),
        study=dicom.text(header, "StudyInstanceUID"),
        series=dicom.text(header, "SeriesInstanceUID"),
        description=dicom.text(header, "SeriesDescription"),
        frame_of_reference=dicom.text(header, "FrameOfReferenceUID"),
        position=dicom.numbers(header, "ImagePositionPatient", 3, path),
        orientation=dicom.numbers(header, "ImageOrientationPatient", 6, path),
        spacing=dicom.numbers(header, "PixelSpacing", 2, path),
        size=(int(rows), int(columns)),
        thickness=dicom.numbers(header, "SliceThickness", 1, path) if thickness else (),
    )
