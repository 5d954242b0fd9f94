"""Where a command writes, found out before it works for minutes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from AutoContourRTCore.errors import InputError

_IMAGE_SUFFIXES = (".nii.gz", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd")


def contours_beside(image: Path) -> Path:
    """<stem>.seg.nrrd beside an image file, or beside a DICOM folder."""
    absolute = image.absolute()
    name = absolute.name or "contours"
    stem = next(
        (name[: -len(s)] for s in _IMAGE_SUFFIXES if name.lower().endswith(s)),
        name if image.is_dir() else absolute.stem,
    )
    return absolute.with_name(f"{stem}.seg.nrrd")


def is_dicom_name(path: Path) -> bool:
    """Whether a file of this name is to be a DICOM file."""
    return path.name.lower().endswith(".dcm")


def archive_of(path: Path) -> Path:
    """Where the result as it was computed is kept beside a structure set: RS.dcm, RS.seg.nrrd."""
    return path.with_name(f"{path.name[: -len('.dcm')]}.seg.nrrd")


def check_output(path: Path, force: bool, source: Path) -> None:
    """Raise InputError unless a contour file may be written there.

    .seg.nrrd, or .dcm for a source that is a DICOM folder: a structure set must name the images it
    belongs to. An earlier file may be somebody's edited contours: it is replaced only with `force`,
    and the source never.
    """
    if path.name.lower().endswith(".seg.dcm"):
        raise InputError(
            f"{path} would be a DICOM segmentation, which this command does not write; write a "
            ".seg.nrrd, and bring it into a .seg.dcm with `autocontourrt convert`."
        )
    if is_dicom_name(path):
        _check_is_folder(path, source)
        check_file(archive_of(path), force, source)
    elif not path.name.lower().endswith(".seg.nrrd"):
        raise InputError(
            f"{path} cannot be written: the name must end in .seg.nrrd, or in .dcm for a structure "
            "set."
        )
    check_file(path, force, source)


def _check_is_folder(path: Path, source: Path) -> None:
    if source.exists() and not source.is_dir():
        raise InputError(
            f"{path} cannot be written from {source}: a structure set must name the DICOM images "
            "it belongs to, and this file does not tell them; give the DICOM folder of the CT, or "
            "write a .seg.nrrd."
        )


def check_file(path: Path, force: bool, source: Path) -> None:
    """Raise InputError unless a file may be written there; the source is never replaced."""
    if path.exists() and source.exists() and path.samefile(source):
        raise InputError(f"{path} is the input; give another name.")
    _check_place(path, force)


def refuse_existing(path: Path, force: bool) -> None:
    """Raise InputError for a file that is there already, unless `force`."""
    if path.exists() and not force:
        raise InputError(
            f"{path} exists already, perhaps with somebody's edits; give another name, or replace "
            "it with --force."
        )


def check_table(path: Path, force: bool) -> None:
    """Raise InputError unless a CSV table may be written there."""
    if path.suffix.lower() != ".csv":
        raise InputError(f"{path} cannot be written: the name must end in .csv.")
    _check_place(path, force)


def _check_place(path: Path, force: bool) -> None:
    refuse_existing(path, force)
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"{path} cannot be written: create the folder first.")
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}; choose a folder you may write to."
        ) from error
