"""A structure set and the image it was drawn on -> named masks on the image's grid.

A structure belongs to an image when it has the image's frame of reference; its contours need not
name the image's instances (copies and anonymised data often do not). A voxel is inside where its
centre is inside the contour.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, FrozenSet, List, Optional, Tuple, Union

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.volumes.dicom.planes import draw
from AutoContourRTCore.volumes.dicom.rtstruct_read import Roi, StructureSet, read_structure_set
from AutoContourRTCore.volumes.dicom.scan import RT_STRUCT, Entry, scan
from AutoContourRTCore.volumes.dicom.series import Series, choose, ct_series, grid_of
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap

RASTERISATION = "voxel centre inside the contour"


@dataclass(frozen=True)
class Image:
    """What contours are drawn on: a grid, and its DICOM identity where it has one.

    frame_of_reference "" and no instances: it comes from a file that has none. slices: places (k,
    rising) of its own slices on the grid, where it was resampled to others.
    """

    where: str
    geometry: Geometry
    frame_of_reference: str = ""
    instances: FrozenSet[str] = frozenset()
    notes: Tuple[str, ...] = ()
    slices: Tuple[float, ...] = ()


@dataclass(frozen=True)
class Structures:
    """Masks on the image's grid, and what the user must know of them."""

    labelmap: LabelMap
    frame_of_reference: str
    notes: Tuple[str, ...]


def read_structures(path: Path, ct: Optional[Union[str, Path]] = None) -> Structures:
    """The structures of an RTSTRUCT file on the grid of its CT.

    ct: a DICOM folder, or an image file of the same patient space; None: the CT among the files
    beside the structure set. Where a folder holds several CT series, the one is taken that the
    structure set refers to, else the only one of its frame of reference.
    Raises InputError where the CT is not to be found, or nothing can be placed on it.
    """
    structures = read_structure_set(Path(path))
    return place(structures, _image_for(structures, None if ct is None else Path(ct)))


def place(
    structures: StructureSet, image: Image, progress: Progress = ignore_progress
) -> Structures:
    """The structures that can be placed on an image; notes name what cannot, and why."""
    notes = [*image.notes, *structures.notes]
    placed = [roi for roi in structures.rois if _belongs(roi, structures, image, notes)]
    masks: Dict[str, np.ndarray] = {}
    for number, roi in enumerate(placed):
        progress(number / len(placed), f"drawing {roi.name}")
        if roi.contours:
            try:
                drawn = draw(roi.contours, image.geometry, roi.name, image.slices)
            except InputError as error:  # one that is drawn otherwise costs none of the others
                notes.append(f"{roi.name} is left out: {error}")
                continue
            masks[roi.name] = drawn.mask
            notes += drawn.notes
            if not drawn.mask.any():
                notes.append(f"{roi.name}: no voxel's centre lies inside its contours.")
        notes += _passed_over(roi)
    if not any(mask.any() for mask in masks.values()):
        raise InputError(
            f"{structures.path}: nothing of it lies on {image.where}. {' '.join(notes)}".rstrip()
        )
    notes += _unresolved(placed, image)
    return Structures(LabelMap(masks, image.geometry), image.frame_of_reference, tuple(notes))


# What belongs to the image


def _belongs(roi: Roi, structures: StructureSet, image: Image, notes: List[str]) -> bool:
    """Whether a structure lies in the image's space."""
    frame = roi.frame_of_reference or (structures.frames[0] if structures.frames else "")
    if not image.frame_of_reference:
        if roi.images and image.instances and not roi.images & image.instances:
            notes.append(
                f"{roi.name} is left out: its contours name slices, and none of {image.where}; "
                "give the image it was drawn on."
            )
            return False
        _once(notes, f"{image.where} has no frame of reference; contours were placed on it by "
                     "their coordinates alone.")  # fmt: skip
        return True
    if frame == image.frame_of_reference:
        return True
    if roi.images and roi.images <= image.instances:
        _once(notes, f"{structures.path}: its frame of reference is not the CT's, but its contours "
                     "name the CT's slices; they were placed on them.")  # fmt: skip
        return True
    notes.append(
        f"{roi.name} is left out: its frame of reference ({frame or 'not told'}) is not that of "
        f"{image.where} ({image.frame_of_reference}); give the image it was drawn on."
    )
    return False


def _unresolved(rois: List[Roi], image: Image) -> List[str]:
    """A note where contours name images that are not the given ones."""
    named = {uid for roi in rois for uid in roi.images}
    missing = named - image.instances
    if not image.instances or not missing:
        return []
    return [
        f"{len(missing)} of {len(named)} images that the contours refer to are not in "
        f"{image.where}; the contours were placed by its frame of reference."
    ]


def _passed_over(roi: Roi) -> List[str]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in roi.passed_over.items())
    notes = [f"{roi.name}: contours passed over: {kinds}."] if kinds else []
    if not roi.contours:
        notes.append(f"{roi.name} is left out: it has no closed contours.")
    return notes


def _once(notes: List[str], note: str) -> None:
    if note not in notes:
        notes.append(note)


# The image


def image_of(series: Series) -> Image:
    """A CT series as the image of contours; sheared or uneven slices get an upright grid."""
    geometry, notes = grid_of(series)
    instances = frozenset(each.sop_instance for each in series.slices)
    return Image(
        series.where, geometry, series.first.frame_of_reference, instances,
        (*series.notes, *notes), own_slices(series, geometry),
    )  # fmt: skip


def own_slices(series: Series, geometry: Geometry) -> Tuple[float, ...]:
    """Places (k, rising) of the slices of a series on a grid; none where they are the grid's."""
    places = np.sort(geometry.to_kji(series.positions)[:, 0])
    own = len(places) == geometry.shape[0] and np.allclose(places, np.arange(len(places)), atol=0.1)
    return () if own else tuple(places.tolist())


def _image_for(structures: StructureSet, ct: Optional[Path]) -> Image:
    if ct is None:
        return _image_beside(structures)
    if ct.is_file():
        return Image(str(ct), read_volume(ct).geometry)
    if not ct.is_dir():
        raise InputError(f"{ct} does not exist; give the folder of the CT.")
    return image_of(series_for(structures, ct, scan(ct)))


def _image_beside(structures: StructureSet) -> Image:
    folder = structures.path.parent
    found = scan(folder)
    if not ct_series(found):
        raise InputError(
            f"{structures.path} needs the CT it was drawn on, and none lies beside it; name its "
            "folder (--ct FOLDER)."
        )
    return image_of(series_for(structures, folder, found))


def series_for(structures: StructureSet, folder: Path, entries: List[Entry]) -> Series:
    """The CT series that a structure set belongs to, among those of a folder."""
    found = ct_series(entries)
    named = {uid: files for uid, files in found.items() if uid in structures.series}
    frames = set(structures.frames) | {roi.frame_of_reference for roi in structures.rois} - {""}
    same = {uid: files for uid, files in found.items()
            if files[0].text("FrameOfReferenceUID") in frames}  # fmt: skip
    return choose(folder, named or same or found)


def structure_files(entries: List[Entry]) -> List[Path]:
    """The structure sets among DICOM files."""
    return [entry.path for entry in entries if entry.sop_class == RT_STRUCT]
