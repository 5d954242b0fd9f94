"""Volumes in and out of files."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple, Union

import numpy as np
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.series import find_series, load, read_ct_folder
from AutoContourRTCore.volumes.imagefile import geometry_of, image_of, read_image, write_image
from AutoContourRTCore.volumes.reading import reading
from AutoContourRTCore.volumes.scalars import plain_scalars
from AutoContourRTCore.volumes.volume import Volume


def read_volume(path: Union[str, Path]) -> Volume:
    """Read a scalar volume: a NRRD, NIfTI, MHA or MHD file, or a folder with one DICOM CT series.

    The array [k, j, i] is int16 where all values are integers that fit, else float32.
    Raises InputError for whatever is not one whole three-dimensional scalar image with finite
    voxels on a straight grid.
    """
    path = Path(path)
    if _is_folder(path):
        return read_ct_folder(path)
    image = read_image(path)
    components = image.GetNumberOfComponentsPerPixel()
    if components != 1:
        raise InputError(
            f"{path} has {components} values per voxel (a colour image, a vector field or a "
            "segmentation with layers); give an image with one value per voxel."
        )
    array = plain_scalars(SimpleITK.GetArrayFromImage(image), str(path))
    return Volume(array, geometry_of(image, path))


def read_volume_with_notes(
    path: Union[str, Path], series: str = ""
) -> Tuple[Volume, Tuple[str, ...]]:
    """As `read_volume`, and what the user must know of the reading.

    series: UID of the one to read where a DICOM folder holds several. DICOM slices that are sheared
    (a tilted gantry) or planned at several distances are resampled, which a note says.
    """
    if not _is_folder(Path(path)):
        if series:
            raise InputError(f"{path} is no DICOM folder, so no series can be chosen (--series).")
        return read_volume(path), ()
    loaded = load(find_series(Path(path), series))
    return loaded.volume, loaded.notes


def _is_folder(path: Path) -> bool:
    """Whether it is one; InputError where the system does not let us look."""
    with reading(path):
        return path.is_dir()


def write_volume(volume: Volume, path: Union[str, Path]) -> None:
    """Write a volume as .nrrd, .nii, .nii.gz or .mha (compressed), whole or not at all.

    It is written as int16 where all values are integers that fit, else as float32. Raises
    InputError for another suffix, for voxels that are not finite, or when the disk is full.
    """
    array = plain_scalars(np.asarray(volume.array), "The volume to write")
    write_image(image_of(array, volume.geometry), path)
