"""Dose files: the unit is read where it is written, and asked for where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import ContourSet
from AutoContourRTCore.metrics.inputs.hashes import identity_of
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.volume import Volume

UNITS = {"gy": 1.0, "cgy": 0.01}


@dataclass(frozen=True)
class Dose:
    """A dose in Gy, where it comes from, and what a person should know of it.

    frame_of_reference: DICOM FrameOfReferenceUID, "" where it is not known.
    """

    volume: Volume
    source: str = "the dose"
    identity: str = ""
    frame_of_reference: str = ""
    notes: Tuple[str, ...] = ()


def read_dose(path: Path, unit: Optional[str] = None) -> Dose:
    """A dose from an image file or a DICOM RTDOSE file.

    unit: "Gy" or "cGy"; needed unless the file is an RTDOSE, which says so itself (DoseUnits).
    Raises InputError without a unit, for an unknown one, and for a dose that is relative.
    """
    factor = _factor(unit)
    if not path.is_file():
        raise InputError(f"The dose {path} is no file.")
    if is_dicom(path):
        from AutoContourRTCore.volumes.dicom.rtdose import read_rtdose

        found = read_rtdose(path)
        return Dose(
            found.volume, str(path), identity_of([path]), found.frame_of_reference, found.notes
        )
    if factor is None:
        raise InputError(
            f"{path} does not tell the unit of its dose; say --dose-unit Gy or --dose-unit cGy."
        )
    volume = read_volume(path)
    gray = volume.array.astype(np.float32) * np.float32(factor)
    return Dose(Volume(gray, volume.geometry), str(path), identity_of([path]))


def check_same_frame(dose: Dose, contours: ContourSet) -> None:
    """Raise InputError where both frames of reference are known and differ."""
    frames = dose.frame_of_reference, contours.frame_of_reference
    if all(frames) and frames[0] != frames[1]:
        raise InputError(
            f"{dose.source} has the frame of reference {frames[0]}, {contours.source} "
            f"{frames[1]}: the dose belongs to another image."
        )


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do (PS3.10, 7.1)."""
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def _factor(unit: Optional[str]) -> Optional[float]:
    if unit is None:
        return None
    if unit.strip().lower() not in UNITS:
        raise InputError(f"The dose unit {unit!r} is unknown; write Gy or cGy.")
    return UNITS[unit.strip().lower()]
