"""The images of a project: where they are, and how each is known again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Tuple

import numpy as np

from AutoContourRTCore.correction import geometry_text
from AutoContourRTCore.correction.records import (
    CaseRecord,
    DoseRecord,
    ImageRecord,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs import dose_files
from AutoContourRTCore.volumes.dicom.series import find_series
from AutoContourRTCore.volumes.files import read_volume, write_volume
from AutoContourRTCore.volumes.volume import Volume

IMAGES = "images"


def voxel_hash(volume: Volume) -> str:
    """SHA-256 of the voxels (type, then little-endian values in [k, j, i] order)."""
    array = np.ascontiguousarray(volume.array)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return hashlib.sha256(little.dtype.str.encode() + little.tobytes()).hexdigest()


def take_image(folder: Path, case_id: str, source: Path, copy: bool) -> ImageRecord:
    """The record of an image; copy: put it into the project folder. Raises InputError."""
    volume = read_volume(source)
    path = source.absolute()
    if copy:
        path = folder / IMAGES / f"{case_id}.nrrd"
        path.parent.mkdir(exist_ok=True)
        write_volume(volume, path)
    return ImageRecord(_written(folder, path), copy, volume.geometry, voxel_hash(volume))


def frame_of(source: Path) -> str:
    """DICOM FrameOfReferenceUID of an image in a DICOM folder; "" for a file, which has none."""
    return find_series(source).first.frame_of_reference if source.is_dir() else ""


def read_image_of(folder: Path, case: CaseRecord) -> Volume:
    """The image of a case, on the grid and with the voxels that the project knows.

    Raises InputError for an image that was moved away or is another one, and says what to do.
    """
    path = _found(folder, case.image.path)
    if not path.exists():
        raise InputError(
            f"The image of the case {case.name!r} is no longer at {path}. Put it back, or tell the "
            "project where it is now (Relocate image); its annotations are kept."
        )
    volume = read_volume(path)
    _check_same(case, path, volume)
    return volume


def relocated(folder: Path, case: CaseRecord, path: Path) -> CaseRecord:
    """The case with its image at another place. InputError where that is not the same image."""
    volume = read_volume(path)
    _check_same(case, path, volume)
    image = replace(case.image, path=_written(folder, path.absolute()), copied=False)
    return replace(case, image=image)


def places_in(moved_to: Path, folder: Path, case: CaseRecord) -> Iterator[Path]:
    """Where the image of a case may lie in the folder to which it was moved; none where it is not
    gone. Under its own name, or below the folders that were around it: those of all patients may be
    called ct.nrrd."""
    if _found(folder, case.image.path).exists():
        return
    parts = Path(case.image.path).parts
    places = (moved_to.joinpath(*parts[-count:]) for count in range(1, len(parts) + 1))
    yield from (place for place in places if place.exists())


def read_dose(folder: Path, case: CaseRecord, dose: DoseRecord) -> dose_files.Dose:
    """A dose distribution (Gy) for a case. Raises InputError for a missing file, another unit, and
    another frame of reference than the image's, where both are known."""
    found = dose_files.read_dose(_found(folder, dose.path), dose.unit or None)
    frames = found.frame_of_reference, case.frame_of_reference
    if all(frames) and frames[0] != frames[1]:
        raise InputError(
            f"{found.source} has the frame of reference {frames[0]}, the image of {case.name!r} "
            f"{frames[1]}: the dose belongs to another image. Choose the dose of this one."
        )
    return found


def with_dose(
    folder: Path, case: CaseRecord, path: Path, unit: str
) -> Tuple[CaseRecord, Volume]:
    """A case with a dose file, and that dose in Gy; unit: of an image file, an RTDOSE file tells
    its own. Raises InputError as `read_dose`."""
    own = path.is_file() and dose_files.is_dicom(path)
    record = DoseRecord(_written(folder, path.absolute()), "" if own else unit)
    found = read_dose(folder, case, record)
    in_frame = bool(found.frame_of_reference) and bool(case.frame_of_reference)
    return replace(case, dose=record, dose_in_frame=in_frame), found.volume


def _check_same(case: CaseRecord, path: Path, volume: Volume) -> None:
    known = case.image.geometry
    if not known.same_grid(volume.geometry):
        raise InputError(
            f"{path} is not the image that was annotated as {case.name!r}: "
            f"{geometry_text.told_apart(known, volume.geometry)}. Put that image back, or add this "
            "one as a new case; the annotations are kept."
        )
    if voxel_hash(volume) != case.image.sha256:
        raise InputError(
            f"{path} lies on the grid of {case.name!r}, but its voxels are others than those that "
            "were annotated. Put that image back, or add this one as a new case."
        )


def _written(folder: Path, path: Path) -> str:
    """Relative to the project folder where it lies in it, else absolute; with slashes."""
    try:
        return path.relative_to(folder.absolute()).as_posix()
    except ValueError:
        return path.as_posix()


def _found(folder: Path, written: str) -> Path:
    return folder / written  # an absolute path stays what it is
