"""A folder -> the CT series that is meant, with what a structure set must say of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.grid import grid
from AutoContourRTCore.volumes.dicom.scan import Entry, Slice, read_entry, scan, slice_of
from AutoContourRTCore.volumes.dicom.straighten import (
    is_planned,
    resampling_note,
    upright,
    upright_grid,
)
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.scalars import plain_scalars
from AutoContourRTCore.volumes.sitk_path import sitk_path
from AutoContourRTCore.volumes.volume import Volume

PLACE_MM = 0.05  # positions are decimal strings, rounded by some scanners


@dataclass(frozen=True)
class Series:
    """The slices of one CT series, sorted along their normal.

    where: what messages call it; notes: what was passed over.
    """

    where: str
    slices: Tuple[Slice, ...]
    notes: Tuple[str, ...] = ()

    @property
    def first(self) -> Slice:
        """The lowest slice."""
        return self.slices[0]

    @property
    def axes(self) -> np.ndarray:
        """Rows: the LPS unit vectors along the normal, along j and along i."""
        return _axes(self.first)

    @property
    def positions(self) -> np.ndarray:
        """LPS centre of the first pixel of each slice, mm; shape (n, 3)."""
        return np.array([each.position for each in self.slices])

    @property
    def heights(self) -> np.ndarray:
        """mm of each slice along the normal, from the first; shape (n,), rising."""
        return np.asarray((self.positions - self.positions[0]) @ self.axes[0])

    @property
    def shifts(self) -> np.ndarray:
        """mm by which each slice is shifted within its plane along j and i; shape (n, 2)."""
        return np.asarray((self.positions - self.positions[0]) @ self.axes[1:].T)

    def plane(self, index: int) -> Geometry:
        """The grid of one slice alone; shape (1, j, i)."""
        each = self.slices[index]
        spacing = each.thickness[0] if each.thickness and each.thickness[0] > 0 else 1.0
        return grid((1, *each.size), (spacing, *each.spacing), each.position, self.axes)


@dataclass(frozen=True)
class Loaded:
    """A CT series as a volume (HU), and what the user must know about it."""

    volume: Volume
    series: Series
    notes: Tuple[str, ...]


class NotStraight(InputError):
    """The slices are no straight and evenly spaced grid."""


def read_ct_folder(folder: Path) -> Volume:
    """Read the one CT series in a folder and its sub-folders; HU as int16 or float32.

    Raises InputError when there is none or more than one, when a file is damaged, and when the
    slices do not form a straight and evenly spaced grid (`load` resamples some of those).
    """
    series = find_series(folder)
    geometry = straight_geometry(series)
    return Volume(plain_scalars(_stack(series), series.where), geometry)


def load(series: Series) -> Loaded:
    """Read a series; sheared slices and planned uneven distances are resampled, which a note says.

    Raises InputError for a damaged file and for slices that are missing or doubled.
    """
    geometry, notes = grid_of(series)
    array = upright(_stack(series), series, geometry) if notes else _stack(series)
    volume = Volume(plain_scalars(array, series.where), geometry)
    return Loaded(volume, series, (*series.notes, *notes))


def grid_of(series: Series) -> Tuple[Geometry, Tuple[str, ...]]:
    """The grid that `load` brings a series to, and a note where it has to be resampled."""
    try:
        return straight_geometry(series), ()
    except NotStraight:
        if not is_planned(series.heights):
            raise
    return upright_grid(series), (resampling_note(series),)


# Which series


def find_series(folder: Path, which: str = "") -> Series:
    """The one CT series in a folder and its sub-folders, or the one that is meant (`choose`).

    Raises InputError with a list when there are several, and when there is none.
    """
    return choose(folder, ct_series(scan(folder)), which)


def ct_series(entries: Iterable[Entry]) -> Dict[str, List[Entry]]:
    """The CT images among DICOM files by their series instance UID, in order."""
    found: Dict[str, List[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.is_ct:
            found[entry.text("SeriesInstanceUID")].append(entry)
    return dict(found)


def choose(where: object, found: Dict[str, List[Entry]], which: str = "") -> Series:
    """The only series, or the one of a UID or description; InputError, with a list, where open.

    A description is the whole SeriesDescription; capitals and blanks around it do not count.
    """
    if not found:
        raise InputError(
            f"{where} holds no CT slices; give the folder that holds the files of one CT series."
        )
    meant = [uid for uid in found if not which or _is_meant(which, uid, found[uid])]
    if not meant:
        raise InputError(
            f"{where} holds no CT series of UID or description {which!r}; it holds "
            f"{_listed(found)}."
        )
    if len(meant) > 1:
        some = {uid: found[uid] for uid in meant}
        raise InputError(
            f"{where} holds {len(meant)} CT series: {_listed(some)}. Name one by its UID "
            "(--series UID), or put the one you want into a folder of its own."
        )
    return series_of(str(where), found[meant[0]])


def _is_meant(which: str, uid: str, members: List[Entry]) -> bool:
    text = members[0].text("SeriesDescription")
    return which == uid or which.strip().casefold() == text.strip().casefold()


def _listed(found: Dict[str, List[Entry]]) -> str:
    return "; ".join(
        f"{members[0].text('SeriesDescription')!r}, {len(members)} slices, UID {uid}"
        for uid, members in found.items()
    )


def series_of_files(paths: Sequence[Path], where: str = "The list of files") -> Series:
    """The series of these CT files, as 3D Slicer's DICOM database names them."""
    found = ct_series(entry for entry in map(read_entry, paths) if entry is not None)
    return choose(where, found)


def series_of(where: str, entries: Sequence[Entry]) -> Series:
    """The sorted slices of one series; InputError where they do not go together."""
    slices = [slice_of(entry) for entry in entries]
    _check_alike(where, slices)
    kept, notes = _without_copies(where, slices)
    normal = _axes(kept[0])[0]
    kept = sorted(kept, key=lambda each: float(np.dot(normal, each.position)))
    return Series(where, tuple(kept), notes)


def _axes(first: Slice) -> np.ndarray:
    i, j = np.reshape(first.orientation, (2, 3))
    return np.array([np.cross(i, j), j, i])


def _check_alike(where: str, slices: List[Slice]) -> None:
    first = slices[0]
    for each in slices:
        if not np.allclose(each.orientation, first.orientation, atol=1e-4):
            raise InputError(f"{where}: the slice {each.path.name} is turned against the others.")
        if each.size != first.size or not np.allclose(each.spacing, first.spacing, atol=1e-4):
            raise InputError(
                f"{where}: the slice {each.path.name} has {each.size} pixels of {each.spacing} mm,"
                f" {first.path.name} has {first.size} of {first.spacing} mm; export one series."
            )
        if (each.frame_of_reference, each.patient) != (first.frame_of_reference, first.patient):
            raise InputError(
                f"{where}: the slices {first.path.name} and {each.path.name} are of two patients "
                "or frames of reference, under one series UID; export one series."
            )


def _without_copies(where: str, slices: List[Slice]) -> Tuple[List[Slice], Tuple[str, ...]]:
    """The slices, each once, and a note on copies; InputError for two of one UID that differ."""
    kept: Dict[str, Slice] = {}
    copies = 0
    for each in slices:
        other = kept.setdefault(each.sop_instance or str(each.path), each)
        if other is each:
            continue
        copies += 1
        if other.position != each.position or not np.array_equal(_pixels(other), _pixels(each)):
            raise InputError(
                f"{where}: {other.path.name} and {each.path.name} have the same instance UID but "
                "differ; export the series again."
            )
    note = f"{where}: {copies} files are copies of others and were passed over."
    return list(kept.values()), (note,) if copies else ()


# Their grid


def straight_geometry(series: Series) -> Geometry:
    """The grid of the slices; NotStraight where they form none."""
    step = _slice_step(series)
    first = series.first
    if np.abs(series.shifts).max() > PLACE_MM:
        raise NotStraight(
            f"{series.where}: the slices are sheared (a tilted gantry or a moved couch); resample "
            "the series to a straight grid first, for example in 3D Slicer."
        )
    shape, spacing = (len(series.slices), *first.size), (step, *first.spacing)
    try:
        return grid(shape, spacing, first.position, series.axes)
    except InputError as error:
        raise InputError(f"{series.where}: {error}") from error


def _slice_step(series: Series) -> float:
    """mm between neighbouring slices; NotStraight where it is not one distance."""
    slices, heights = series.slices, series.heights
    if len(slices) == 1:
        if not slices[0].thickness:
            raise InputError(f"{series.where} holds one slice that does not tell its thickness.")
        return slices[0].thickness[0]
    steps = np.diff(heights)
    step = float(heights[-1]) / len(steps)
    unevenness = np.abs(heights - step * np.arange(len(slices))).max()
    if step > PLACE_MM >= unevenness:
        return step
    usual = float(np.median(steps))
    odd = int(np.argmax(np.abs(steps - usual)))
    raise NotStraight(
        f"{series.where}: the slices are not evenly spaced: {steps[odd]:.2f} mm between "
        f"{slices[odd].path.name} and {slices[odd + 1].path.name}, {usual:.2f} mm elsewhere. Add "
        "the missing slices or remove the doubled ones, or resample to even distances first."
    )


# Their pixels


def _stack(series: Series) -> np.ndarray:
    """HU of all slices [k, j, i]."""
    return np.stack([_pixels(each) for each in series.slices])


def _pixels(each: Slice) -> np.ndarray:
    """Rescaled values (HU) of one slice; shape (j, i)."""
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(sitk_path(each.path))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise InputError(f"{each.path} is truncated or damaged; copy it again.") from error
    array = SimpleITK.GetArrayFromImage(image)
    if array.shape != (1, *each.size):
        raise InputError(f"{each.path} holds more than one frame; only single slices can be read.")
    return np.asarray(array[0])
