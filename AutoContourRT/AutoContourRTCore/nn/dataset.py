"""A folder of drawn cases, read for training: CASE/ct.nrrd and CASE/structures.seg.nrrd.

The cases lie in the folder itself, or in its subfolders train/ and validation/.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Set, Tuple

from AutoContourRTCore.anatomy.catalogue import UnknownStructure, find, standard_name
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.cases import Case, prepare_case
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Triple
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import read_labelmap

CT = "ct.nrrd"
CONTOURS = "structures.seg.nrrd"
VALIDATION_SHARE = 0.2
_MOST_BAD_CASES_NAMED = 10


@dataclass(frozen=True)
class Split:
    """Case folders for training and for validation."""

    train: Tuple[Path, ...]
    validation: Tuple[Path, ...]


@dataclass(frozen=True)
class Names:
    """Structures of a dataset: known: standard names, most often drawn first; unknown: as
    written."""

    known: Tuple[str, ...]
    unknown: Tuple[str, ...]


def find_split(folder: Path) -> Split:
    """The cases of a dataset, from train/ and validation/, else one in five for validation.

    Which case is for validation depends on the hash of its name alone, so that a case never
    changes sides when others are added; in a dataset too small for that, one case moves.
    Raises InputError for fewer than two cases, and for a case that is on both sides.
    """
    if not folder.is_dir():
        raise InputError(f"The dataset {folder} is not a folder; give one with case folders in it.")
    if (folder / "train").is_dir():
        split = Split(_cases(folder / "train"), _cases(folder / "validation"))
        both = {c.name for c in split.train} & {c.name for c in split.validation}
        if both:
            raise InputError(
                f"{', '.join(sorted(both))}: a case in both train/ and validation/ of {folder} "
                "would be judged by what was learnt from it; take it out of one."
            )
        return split if split.validation and split.train else _divide(split.train, folder)
    return _divide(_cases(folder), folder)


def find_names(cases: Sequence[Path], progress: Progress = ignore_progress) -> Names:
    """The structures drawn in the cases. Raises InputError naming each case that is bad."""
    counts: Dict[str, int] = {}
    unknown: Set[str] = set()
    bad: List[str] = []
    for n, case in enumerate(cases):
        progress(n / len(cases), f"names in {case.name}")
        try:
            written = _drawn(case).names
        except InputError as error:
            bad.append(f"{case.name}: {error}")
            continue
        for name in written:
            try:
                counts[standard_name(name)] = counts.get(standard_name(name), 0) + 1
            except UnknownStructure:
                unknown.add(name)
    _refuse(bad)
    return Names(tuple(sorted(counts, key=lambda n: (-counts[n], n))), tuple(sorted(unknown)))


def read_cases(
    cases: Sequence[Path],
    structures: Sequence[str],
    spacing: Triple,
    progress: Progress = ignore_progress,
) -> List[Case]:
    """The cases on the network's grid, with the structures (standard names) drawn in them.

    An empty segment counts as not drawn. Raises InputError naming each case that is bad.
    """
    good: List[Case] = []
    bad: List[str] = []
    for n, case in enumerate(cases):
        progress(n / len(cases), f"preparing {case.name}")
        try:
            good.append(read_case(case, structures, spacing))
        except InputError as error:
            bad.append(f"{case.name}: {error}")
    _refuse(bad)
    return good


def read_case(folder: Path, structures: Sequence[str], spacing: Triple) -> Case:
    """One case; raises InputError for files that cannot be used."""
    ct = read_volume(folder / CT)
    truth = _standard(_drawn(folder))
    return prepare_case(folder.name, ct, truth, body_mask(ct), structures, spacing)


def partners(structures: Sequence[str]) -> Tuple[int, ...]:
    """For each structure the channel of its other side, see TrainingData."""
    order = {name: n for n, name in enumerate(structures)}
    others = (find(name).left_right_partner for name in structures)
    return tuple(order.get(other, -1) if other else n for n, other in enumerate(others))


def _cases(folder: Path) -> Tuple[Path, ...]:
    """Subfolders that hold a case, or half of one, which reading will complain about."""
    if not folder.is_dir():
        return ()
    inside = (path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    return tuple(sorted(p for p in inside if (p / CT).exists() or (p / CONTOURS).exists()))


def _divide(cases: Sequence[Path], folder: Path) -> Split:
    if len(cases) < 2:
        raise InputError(
            f"{folder} holds {len(cases)} case(s): training needs two at least, one of them to "
            f"judge by. A case is a subfolder with {CT} and {CONTOURS}."
        )
    ranked = sorted(cases, key=_place)
    count = sum(_place(case) < VALIDATION_SHARE for case in cases)
    count = min(max(count, 1), len(cases) - 1)
    return Split(tuple(sorted(ranked[count:])), tuple(sorted(ranked[:count])))


def _place(case: Path) -> float:
    """A number from 0 to 1 that depends on the name of a case alone."""
    digest = hashlib.sha256(case.name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


def _drawn(folder: Path) -> LabelMap:
    """The segments that are not empty, with their names as written."""
    labelmap = read_labelmap(folder / CONTOURS)
    masks = {name: mask for name, mask in labelmap.masks.items() if mask.any()}
    return LabelMap(masks, labelmap.geometry)


def _standard(labelmap: LabelMap) -> LabelMap:
    """With standard names; unknown ones are left out. Two segments of one structure: InputError."""
    masks = {}
    for name, mask in labelmap.masks.items():
        try:
            standard = standard_name(name)
        except UnknownStructure:
            continue
        if standard in masks:
            raise InputError(f"two segments are {standard} (one is {name!r}); remove one.")
        masks[standard] = mask
    return LabelMap(masks, labelmap.geometry)


def _refuse(bad: Sequence[str]) -> None:
    if not bad:
        return
    lines = list(bad[:_MOST_BAD_CASES_NAMED])
    if len(bad) > len(lines):
        lines.append(f"and {len(bad) - len(lines)} more")
    raise InputError(
        f"{len(bad)} case(s) cannot be used; mend them or move them out of the dataset:\n  "
        + "\n  ".join(lines)
    )
