"""RT dose (RTDOSE) -> Gy on its own grid.

Attributes: DICOM PS3.3, C.8.8.3. Stored values times DoseGridScaling are the dose. The planes lie
at GridFrameOffsetVector along the normal: relative to the first one where it begins with zero, else
(PS3.3, C.8.8.3.2) at those heights themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom import pydicom_files as dicom
from AutoContourRTCore.volumes.dicom.grid import grid
from AutoContourRTCore.volumes.dicom.scan import RT_DOSE
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

PLACE_MM = 0.05
_UNEVEN = "resample it to even distances first, or calculate it on an even grid."


@dataclass(frozen=True)
class Dose:
    """A dose in Gy, the frame of reference it lies in, and what the user must know of it.

    label: its description, else what it is the dose of; instance: its SOP instance UID.
    """

    volume: Volume
    frame_of_reference: str
    notes: Tuple[str, ...] = ()
    label: str = ""
    instance: str = ""


def read_rtdose(path: Path) -> Dose:
    """The dose of an RTDOSE file in Gy, float32 [k, j, i], on its own grid.

    Raises InputError for a file that is none, for a dose that is relative or an error, and for
    planes that are not evenly spaced.
    """
    content = dicom.read_dataset(path)
    if dicom.text(content, "SOPClassUID") != RT_DOSE:
        raise InputError(f"{path} is DICOM, but no RT dose (RTDOSE); give the dose of a plan.")
    _check_kind(path, content)
    stored = dicom.pixels(content, path)
    stored = stored[None] if stored.ndim == 2 else stored
    offsets = _offsets(path, content, len(stored))
    if len(offsets) > 1 and offsets[1] < offsets[0]:
        stored, offsets = stored[::-1], offsets[::-1]
    scaling = dicom.numbers(content, "DoseGridScaling", 1, path)[0]
    geometry = _geometry(path, content, stored.shape, offsets)
    volume = Volume(np.asarray(stored * scaling, np.float32), geometry)
    label = (dicom.text(content, name)
             for name in ("DoseComment", "SeriesDescription", "DoseSummationType"))  # fmt: skip
    return Dose(
        volume, dicom.text(content, "FrameOfReferenceUID"), tuple(_notes(path, content)),
        next(filter(None, label), ""), dicom.text(content, "SOPInstanceUID"),
    )  # fmt: skip


def _check_kind(path: Path, content: Any) -> None:
    unit, kind = (dicom.text(content, name).upper() for name in ("DoseUnits", "DoseType"))
    if unit != "GY":
        raise InputError(
            f"{path} holds a dose in {unit or 'no unit'!r}; export a physical dose in Gy."
        )
    if kind == "ERROR":
        raise InputError(f"{path} holds the error of a dose, not the dose; export the dose.")


def _notes(path: Path, content: Any) -> List[str]:
    kind, extent = (dicom.text(content, name) for name in ("DoseType", "DoseSummationType"))
    notes = []
    if kind.upper() == "EFFECTIVE":
        notes.append(f"{path} is an effective (biologically weighted) dose, not the physical one.")
    if extent and extent.upper() not in ("PLAN", "MULTI_PLAN", "RECORD", "PLAN_OVERVIEW"):
        notes.append(f"{path} is the dose of a part of the plan only ({extent}).")
    return notes


def _offsets(path: Path, content: Any, count: int) -> np.ndarray:
    """mm of each plane along the normal, from the one at ImagePositionPatient; (count,)."""
    offsets = dicom.decimals(content, "GridFrameOffsetVector", path)
    if count == 1 and not len(offsets):
        return np.zeros(1)
    if len(offsets) != count:
        raise InputError(
            f"{path} has {count} planes but {len(offsets)} offsets of planes; export it again."
        )
    if offsets[0] == 0.0:
        return offsets
    first = dicom.numbers(content, "ImagePositionPatient", 3, path)[2]
    upward = _axes(path, content)[0][2]
    if abs(offsets[0] - first) > PLACE_MM or abs(abs(upward) - 1.0) > 1e-4:
        raise InputError(
            f"{path}: the offsets of its planes begin with {offsets[0]:g} mm, which is neither 0 "
            f"nor the height {first:g} mm of its first plane; export it again."
        )
    return (offsets - offsets[0]) * np.sign(upward)


def _geometry(
    path: Path, content: Any, shape: Tuple[int, ...], offsets: np.ndarray
) -> Geometry:
    """The grid; offsets rise."""
    position = np.array(dicom.numbers(content, "ImagePositionPatient", 3, path))
    axes = _axes(path, content)
    steps = np.diff(offsets)
    if len(steps) and (steps.min() <= PLACE_MM or np.ptp(steps) > PLACE_MM):
        raise InputError(
            f"{path}: its planes lie {steps.min():.2f} to {steps.max():.2f} mm apart; {_UNEVEN}"
        )
    spacing = dicom.numbers(content, "PixelSpacing", 2, path)
    alone = not len(steps)
    step = dicom.numbers(content, "SliceThickness", 1, path)[0] if alone else float(steps.mean())
    try:
        return grid(shape, (step, *spacing), position + offsets[0] * axes[0], axes)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _axes(path: Path, content: Any) -> np.ndarray:
    """Rows: the LPS unit vectors along the normal, along j and along i."""
    i, j = np.reshape(dicom.numbers(content, "ImageOrientationPatient", 6, path), (2, 3))
    return np.array([np.cross(i, j), j, i])
