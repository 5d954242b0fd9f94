"""A folder -> the cases in it: CT files, case folders with a ct file, DICOM series folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.imagefile import READABLE, WRITABLE

#: Kinds that are one file each, so that what was read can be told from what is there now.
KINDS = WRITABLE
_CONTOURS = ".seg.nrrd"


@dataclass(frozen=True)
class Case:
    """One CT to contour. path: a file or a DICOM folder. problem: why it cannot be one, or ""."""

    name: str
    path: Path
    problem: str = ""


def find_cases(folder: Path) -> Tuple[Tuple[Case, ...], Tuple[str, ...]]:
    """The cases of a folder in the order of their names, and the names that were passed over.

    Each image file and each sub-folder is one. Names that begin with a dot are not looked at.
    Raises InputError for a folder that is missing or without cases, and for two of one name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one that holds a CT file or folder a case.")
    cases: List[Case] = []
    passed_over: List[str] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            cases.append(_of_folder(entry))
        elif _is_ct_file(entry):
            cases.append(Case(stem_of(entry), entry))
        else:
            passed_over.append(entry.name)
    _check(folder, cases)
    return tuple(cases), tuple(passed_over)


def stem_of(path: Path) -> str:
    """The name of an image file without its suffix."""
    suffix = max((s for s in KINDS if path.name.lower().endswith(s)), key=len, default="")
    return path.name[: len(path.name) - len(suffix)]


def _is_ct_file(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(KINDS) and not name.endswith(_CONTOURS)


def _of_folder(folder: Path) -> Case:
    """The file named ct in it, else all of it as a DICOM series; contours beside it are none."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        problem = f"{folder} cannot be read ({error.strerror}); make it readable, or move it away."
        return Case(folder.name, folder, problem)
    images = [
        each for each in entries
        if each.name.lower().endswith(READABLE) and not each.name.startswith(".")
        and not each.name.lower().endswith(_CONTOURS)
    ]  # fmt: skip
    named_ct = [each for each in images if _is_ct_file(each) and stem_of(each).lower() == "ct"]
    if len(named_ct) == 1:
        return Case(folder.name, named_ct[0])
    if named_ct:
        names = " and ".join(each.name for each in named_ct)
        return Case(folder.name, folder, f"{folder} holds {names}; leave one of them there.")
    if images:
        return Case(
            folder.name, folder,
            f"{folder} holds images but none named ct ({', '.join(i.name for i in images[:3])}); "
            f"name the CT ct.nrrd (or {', '.join(f'ct{kind}' for kind in KINDS[1:])}).",
        )  # fmt: skip
    return Case(folder.name, folder)


def _check(folder: Path, cases: List[Case]) -> None:
    """Names that differ in case only are one file on some disks."""
    known: Dict[str, Case] = {}
    for case in cases:
        other = known.setdefault(case.name.casefold(), case)
        if other is not case:
            first, second = (each.path.relative_to(folder).as_posix() for each in (other, case))
            raise InputError(
                f"{folder} holds {first} and {second}, whose contours would have the same name; "
                "rename one of them."
            )
    if not cases:
        raise InputError(
            f"{folder} holds no case: neither a sub-folder nor a file that ends in "
            f"{', '.join(KINDS)}. For one DICOM series use `autocontourrt segment`."
        )
