"""A folder with one CT series as DICOM slices.

Only what is simple: parallel slices at one distance, each in a file of its own. Everything else is
refused, so that no structure ever lies at a wrong place.
Tags: DICOM PS3.3, C.7.6.2 (image plane) and C.8.2.1 (CT image).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.scalars import plain_scalars
from AutoContourRTCore.volumes.volume import Volume

_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"  # CT Image Storage, PS3.4 B.5
_CT_CLASSES = (_CT_IMAGE, _CT_IMAGE + ".1", _CT_IMAGE + ".2")  # also multi-frame ("enhanced")
_PLACE_MM = 0.05  # positions are decimal strings, rounded by some scanners


@dataclass(frozen=True)
class _Slice:
    """One CT image file: its series and its plane in the patient (LPS, mm)."""

    path: Path
    series: str
    description: str
    position: Tuple[float, ...]  # centre of the first pixel
    orientation: Tuple[float, ...]  # unit vectors along i (three numbers) and along j
    spacing: Tuple[float, ...]  # along j, along i
    size: Tuple[int, int]  # along j, along i
    thickness: Tuple[float, ...]  # one number, or none


def read_ct_folder(folder: Path) -> Volume:
    """Read the CT series in a folder (not its sub-folders); HU as int16 or float32.

    Raises InputError when there is none or more than one, when a file is damaged, and when the
    slices do not form a straight and evenly spaced grid.
    """
    slices = _one_series(folder, _ct_slices(folder))
    normal = np.cross(slices[0].orientation[:3], slices[0].orientation[3:])
    slices = sorted(slices, key=lambda each: float(np.dot(normal, each.position)))
    _check_alike(folder, slices)
    geometry = _geometry(folder, slices, normal)
    array = np.stack([_pixels(each) for each in slices])
    return Volume(plain_scalars(array, str(folder)), geometry)


def _ct_slices(folder: Path) -> List[_Slice]:
    slices = []
    for path in sorted(each for each in folder.iterdir() if each.is_file()):
        reader = _reader(path)
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            if _should_be_ct(path):
                raise InputError(f"{path} is truncated or damaged; copy it again.") from error
            continue
        if _text(reader, "0008|0016") in _CT_CLASSES and not _is_localizer(reader):
            slices.append(_slice(path, reader))
    if not slices:
        raise InputError(
            f"{folder} holds no CT slices; give the folder that holds the files of one CT series."
        )
    return slices


def _one_series(folder: Path, slices: List[_Slice]) -> List[_Slice]:
    series: Dict[str, List[_Slice]] = defaultdict(list)
    for each in slices:
        series[each.series].append(each)
    if len(series) == 1:
        return slices
    found = "; ".join(
        f"{members[0].description!r}, {len(members)} slices, UID {uid}"
        for uid, members in series.items()
    )
    raise InputError(
        f"{folder} holds {len(series)} CT series: {found}. Put the one you want into a folder of "
        "its own."
    )


def _check_alike(folder: Path, slices: List[_Slice]) -> None:
    first = slices[0]
    for each in slices:
        if not np.allclose(each.orientation, first.orientation, atol=1e-4):
            raise InputError(f"{folder}: the slice {each.path.name} is turned against the others.")
        if each.size != first.size or not np.allclose(each.spacing, first.spacing, atol=1e-4):
            raise InputError(
                f"{folder}: the slice {each.path.name} has {each.size} pixels of {each.spacing} mm,"
                f" {first.path.name} has {first.size} of {first.spacing} mm; export one series."
            )


def _geometry(folder: Path, slices: List[_Slice], normal: np.ndarray) -> Geometry:
    """The grid of sorted slices; normal: LPS unit vector along which they grow."""
    first = slices[0]
    positions = np.array([each.position for each in slices])
    step = _slice_step(folder, slices, (positions - positions[0]) @ normal)
    straight = positions[0] + np.arange(len(slices))[:, None] * step * normal
    if np.abs(positions - straight).max() > _PLACE_MM:
        raise InputError(
            f"{folder}: the slices are sheared (a tilted gantry or a moved couch); resample the "
            "series to a straight grid first, for example in 3D Slicer."
        )
    axes = (tuple(normal), first.orientation[3:], first.orientation[:3])
    shape, spacing = (len(slices), *first.size), (step, *first.spacing)
    try:
        return Geometry(shape, spacing, first.position, axes)  # type: ignore[arg-type]
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error


def _slice_step(folder: Path, slices: List[_Slice], heights: np.ndarray) -> float:
    """mm between neighbouring slices; heights: sorted, from the first slice, mm."""
    if len(slices) == 1:
        if not slices[0].thickness:
            raise InputError(f"{folder} holds one slice that does not tell its thickness.")
        return slices[0].thickness[0]
    steps = np.diff(heights)
    step = float(heights[-1]) / len(steps)
    unevenness = np.abs(heights - step * np.arange(len(slices))).max()
    if step > _PLACE_MM >= unevenness:
        return step
    usual = float(np.median(steps))
    odd = int(np.argmax(np.abs(steps - usual)))
    raise InputError(
        f"{folder}: the slices are not evenly spaced: {steps[odd]:.2f} mm between "
        f"{slices[odd].path.name} and {slices[odd + 1].path.name}, {usual:.2f} mm elsewhere. Add "
        "the missing slices or remove the doubled ones, or resample to even distances first."
    )


def _pixels(each: _Slice) -> np.ndarray:
    """Rescaled values (HU) of one slice; shape (j, i)."""
    try:
        image = _reader(each.path).Execute()
    except RuntimeError as error:
        raise InputError(f"{each.path} is truncated or damaged; copy it again.") from error
    array = SimpleITK.GetArrayFromImage(image)
    if array.shape != (1, *each.size):
        raise InputError(f"{each.path} holds more than one frame; only single slices can be read.")
    return np.asarray(array[0])


def _slice(path: Path, reader: SimpleITK.ImageFileReader) -> _Slice:
    size = reader.GetSize()
    if len(size) != 3 or size[2] != 1 or reader.GetNumberOfComponents() != 1:
        raise InputError(f"{path} holds more than one frame or colour; give plain CT slices.")
    return _Slice(
        path=path,
        series=_text(reader, "0020|000e"),
        description=_text(reader, "0008|103e"),
        position=_numbers(path, reader, "0020|0032", 3),
        orientation=_numbers(path, reader, "0020|0037", 6),
        spacing=_numbers(path, reader, "0028|0030", 2),
        size=(size[1], size[0]),
        thickness=_numbers(path, reader, "0018|0050", 1) if _text(reader, "0018|0050") else (),
    )


def _numbers(
    path: Path, reader: SimpleITK.ImageFileReader, tag: str, count: int
) -> Tuple[float, ...]:
    """The decimal strings of a tag; InputError if it has not ``count`` finite ones."""
    text = _text(reader, tag)
    try:
        values = tuple(float(word) for word in text.split("\\"))
    except ValueError:
        values = ()
    if len(values) != count or not np.all(np.isfinite(values)):
        raise InputError(f"{path}: the DICOM tag ({tag}) is {text!r}; export the series again.")
    return values


def _text(reader: SimpleITK.ImageFileReader, tag: str) -> str:
    return str(reader.GetMetaData(tag)).strip(" \0") if reader.HasMetaDataKey(tag) else ""


def _is_localizer(reader: SimpleITK.ImageFileReader) -> bool:
    return "LOCALIZER" in _text(reader, "0008|0008").split("\\")


def _reader(path: Path) -> SimpleITK.ImageFileReader:
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    return reader


def _should_be_ct(path: Path) -> bool:
    """Whether an unreadable file says that it is a CT image, or is named .dcm but is no DICOM.

    The class stands in the file meta header: tag (0002,0002), VR UI, length, value (PS3.10, 7.1).
    """
    with open(path, "rb") as file:
        head = file.read(1024)
    if head[128:132] != b"DICM":
        return path.suffix.lower() == ".dcm"
    found = re.search(rb"\x02\x00\x02\x00UI..([0-9.]+)", head, re.DOTALL)
    return found is not None and found.group(1).decode() in _CT_CLASSES
