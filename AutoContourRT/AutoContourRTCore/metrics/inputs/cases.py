"""Which case of one folder belongs to which of another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Sequence, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.contour_files import structure_folder
from AutoContourRTCore.metrics.inputs.label_tables import stem_of
from AutoContourRTCore.volumes.imagefile import READABLE


@dataclass(frozen=True)
class CasePair:
    """One case: its name, and its contours on both sides."""

    name: str
    reference: Path
    test: Path


@dataclass(frozen=True)
class PairedCases:
    """The cases that two folders have in common, and those of one alone."""

    pairs: Tuple[CasePair, ...]
    only_reference: Tuple[str, ...]
    only_test: Tuple[str, ...]


def no_exception(path: Path) -> bool:
    """Every entry is a case."""
    return False


def pair_cases(
    reference: Path, test: Path, is_no_case: Callable[[Path], bool] = no_exception
) -> PairedCases:
    """Pair the sub-folders, or contour files, of the same name (without suffix), in order.

    is_no_case: entries that are none. Raises InputError for a folder that is missing or without
    cases, and where none has a partner.
    """
    left, right = (
        {name: path for name, path in find_cases(folder).items() if not is_no_case(path)}
        for folder in (reference, test)
    )
    pairs = tuple(CasePair(name, left[name], right[name]) for name in left if name in right)
    if not pairs:
        raise InputError(
            f"No case of {reference} has one of the same name in {test}. One holds "
            f"{_some(tuple(left))}, the other {_some(tuple(right))}."
        )
    return PairedCases(
        pairs,
        tuple(name for name in left if name not in right),
        tuple(name for name in right if name not in left),
    )


def case_name(entry: Path) -> str:
    """What the case of a folder, or of a file of contours, is called."""
    return entry.name if entry.is_dir() else stem_of(entry)


def find_cases(folder: Path) -> Dict[str, Path]:
    """The cases in a folder by name, in order: its sub-folders and contour files.

    Raises InputError where there is none, and for two of one name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one that holds a sub-folder or file a case.")
    cases: Dict[str, Path] = {}
    for entry in sorted(structure_folder(folder).iterdir()):
        if entry.name.startswith("."):
            continue
        if not entry.is_dir() and not entry.name.lower().endswith(READABLE):
            continue
        name = case_name(entry)
        if name in cases:
            raise InputError(f"{folder} holds {cases[name].name} and {entry.name}: one case twice.")
        cases[name] = entry
    if not cases:
        raise InputError(
            f"{folder} holds no case: neither a sub-folder nor a contour file. DICOM files need a "
            "sub-folder for each case, a structure set with its CT."
        )
    return cases


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
