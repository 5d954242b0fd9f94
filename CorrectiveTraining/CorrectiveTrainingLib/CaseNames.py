"""What a new case is called, after its image file or DICOM folder."""

from __future__ import annotations

from pathlib import Path
from typing import Collection

#: File names that every patient's image may have; the folder's name then tells whose it is.
SAYS_NOTHING = ("ct", "mr", "mri", "image", "img", "volume", "scan", "dicom", "dcm")


def caseName(path: Path, taken: Collection[str]) -> str:
    """The name of a file or folder; that of the folder around it where it says nothing or is taken.

    taken: names of the cases there are. A name may still come twice; the cases' ids do not.
    """
    path = path.absolute()
    name = path.name if path.is_dir() else path.name.split(".")[0]
    saysNothing, around = name.lower() in SAYS_NOTHING, path.parent.name
    if not around or not (saysNothing or name in taken):
        return name
    return around if saysNothing and around not in taken else f"{around} {name}"
