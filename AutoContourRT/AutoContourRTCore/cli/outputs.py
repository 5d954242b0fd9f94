"""Where a command writes, found out before it works for minutes."""

from __future__ import annotations

from pathlib import Path

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


def check_output(path: Path, force: bool, source: Path) -> None:
    """Raise InputError unless a file may be written there.

    An earlier file may be somebody's edited contours: it is replaced only with `force`, and the
    source never.
    """
    if not path.name.lower().endswith(".seg.nrrd"):
        raise InputError(f"{path} cannot be written: the name must end in .seg.nrrd.")
    if path.exists() and source.exists() and path.samefile(source):
        raise InputError(f"{path} is the input; give another name with -o.")
    refuse_existing(path, force)
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path} cannot be written: create the folder first.")


def refuse_existing(path: Path, force: bool) -> None:
    """Raise InputError for a file that is there already, unless `force`."""
    if path.exists() and not force:
        raise InputError(
            f"{path} exists already, perhaps with somebody's edits; give another name with -o, "
            "or replace it with --force."
        )
