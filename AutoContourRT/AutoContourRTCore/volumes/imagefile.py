"""One image file in and out through SimpleITK, with nothing repaired or lost in silence."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union

import numpy as np
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import atomic_path
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.headers import check_header
from AutoContourRTCore.volumes.reading import reading
from AutoContourRTCore.volumes.sitk_path import sitk_path

READABLE = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
WRITABLE = (".nrrd", ".nii", ".nii.gz", ".mha")  # one file each, so that a write can be atomic


def read_image(path: Union[str, Path]) -> SimpleITK.Image:
    """Read a file of a READABLE kind: three dimensions, any number of components.

    Raises InputError for a file that is missing, empty, of another kind, truncated, damaged, of
    another dimension, that we may not read, or whose header leaves the geometry open.
    """
    path = Path(path)
    with reading(path):
        _check_file(path)
    check_header(path)
    try:
        with _without_twin(path) as alone:
            reader = SimpleITK.ImageFileReader()
            reader.SetFileName(sitk_path(alone))
            reader.ReadImageInformation()
            _check_dimension(path, reader.GetDimension())
            return reader.Execute()
    except RuntimeError as error:
        raise InputError(
            f"{path} cannot be read: it is truncated or damaged, or its data file is missing "
            f"({_reason(error)}); copy or export it again."
        ) from error


def write_image(image: SimpleITK.Image, path: Union[str, Path]) -> None:
    """Write a file of a WRITABLE kind, whole or not at all: it is read back before it counts.

    (SimpleITK reports a full disk for some formats only.) Raises InputError when that fails.
    """
    path = Path(path)
    if not path.name.lower().endswith(WRITABLE):
        raise InputError(f"{path} cannot be written: the name must end in {', '.join(WRITABLE)}.")
    with atomic_path(path) as temporary:
        try:
            SimpleITK.WriteImage(image, sitk_path(temporary), useCompression=True)
            whole = _same(image, read_image(temporary))
        except (RuntimeError, InputError) as error:
            raise InputError(_not_written(path, _reason(error))) from error
        if not whole:
            raise InputError(_not_written(path, "reading it back gave something else"))


def geometry_of(image: SimpleITK.Image, path: Path) -> Geometry:
    """The grid of a three-dimensional image; InputError (naming the file) for a sheared one."""
    direction = np.reshape(image.GetDirection(), (3, 3))
    try:
        return Geometry(
            image.GetSize()[::-1],
            image.GetSpacing()[::-1],
            image.GetOrigin(),
            tuple(tuple(row) for row in direction.T[::-1]),  # type: ignore[arg-type]
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def image_of(array: np.ndarray, geometry: Geometry) -> SimpleITK.Image:
    """An image of an array [k, j, i], or [k, j, i, component], on its grid."""
    image = SimpleITK.GetImageFromArray(array, isVector=array.ndim == 4)
    image.SetSpacing(geometry.spacing[::-1])
    image.SetOrigin(geometry.origin)
    image.SetDirection(np.asarray(geometry.axes)[::-1].T.ravel().tolist())
    return image


@contextmanager
def _without_twin(path: Path) -> Iterator[Path]:
    """The file to read: the given one, or a copy of a.nii.gz where a.nii lies beside it.

    (The NIfTI library then takes the header of a.nii.gz, but the voxels of a.nii.)
    """
    if not (path.name.lower().endswith(".nii.gz") and path.with_name(path.name[:-3]).exists()):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="autocontourrt-") as folder:
        copy = Path(folder) / "image.nii.gz"
        with reading(path):
            shutil.copyfile(path, copy)
        yield copy


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path} does not exist; check the name.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); copy or export it again.")
    if not path.name.lower().endswith(READABLE):
        raise InputError(
            f"{path} is of an unknown kind; give a file that ends in {', '.join(READABLE)}, "
            "or a folder with one DICOM CT series."
        )


def _check_dimension(path: Path, dimension: int) -> None:
    if dimension < 3:
        raise InputError(f"{path} is a {dimension}D image; give a volume of three dimensions.")
    if dimension > 3:
        raise InputError(
            f"{path} has {dimension} dimensions; save one of its volumes (one time point) alone."
        )


def _same(image: SimpleITK.Image, other: SimpleITK.Image) -> bool:
    first, second = (SimpleITK.GetArrayViewFromImage(each) for each in (image, other))
    return np.array_equal(first, second)


def _not_written(path: Path, reason: str) -> str:
    return (
        f"{path} was not written ({reason}): is the disk full? Free some space or choose another "
        "folder. An earlier file of that name is unchanged."
    )


def _reason(error: Exception) -> str:
    """The last line of SimpleITK's message: what went wrong, without where in its source.

    "No such file" is left out: for a MetaImage that is cut, it is left over from another call.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "No such file or directory" not in line]
    return telling[-1] if telling else type(error).__name__
