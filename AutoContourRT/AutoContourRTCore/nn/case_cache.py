"""A project's cases on the network's grid, made once and then mapped from the disk.

The files below cache/ can be deleted at any time. Their names hold what they were made from, so
that a changed annotation leads to new files. Mapped arrays cost no memory of their own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Sequence, Tuple

import numpy as np

from AutoContourRTCore.correction import geometry_text
from AutoContourRTCore.correction.annotation import Annotation
from AutoContourRTCore.correction.annotation_file import read_annotation
from AutoContourRTCore.correction.images import read_image_of
from AutoContourRTCore.correction.project import CACHE, annotation_path
from AutoContourRTCore.correction.records import CaseRecord
from AutoContourRTCore.nn.annotation_grid import to_grid
from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.patches import some_voxels
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.patient import network_grid, network_image
from AutoContourRTCore.volumes.atomic import atomic_path, write_text
from AutoContourRTCore.volumes.geometry import Geometry, Triple
from AutoContourRTCore.volumes.volume import Volume

#: Rises when images or labels are made in another way, so that older files are not used.
WAY = 2
#: So many voxels of a structure's annotation, evenly chosen, stand for all as patch places.
MOST_VOXELS = 5000


@dataclass(frozen=True)
class AnnotatedCase:
    """A case with what is known of it, and some annotated voxels int64 [n, 3] (k, j, i) of each
    annotated structure: inside it, and outside."""

    case: Case
    inside: Dict[int, np.ndarray]
    outside: Dict[int, np.ndarray]


def grid_image(
    folder: Path, case: CaseRecord, spacing: Triple, block: int
) -> Tuple[np.ndarray, Geometry]:
    """The image (int16 HU [k, j, i], AIR outside the body) on the network's grid, and that grid.

    Raises InputError for an image that is gone or another one, or shows no body.
    """
    key = _key(case.image.sha256, spacing, block)
    path = folder / CACHE / f"{case.id}.{key}.image.npy"
    about = path.with_suffix(".json")
    if not (path.exists() and about.exists()):
        array, grid = _resampled(read_image_of(folder, case), spacing, block)
        path.parent.mkdir(exist_ok=True)
        _write_array(path, array)
        write_text(about, json.dumps(geometry_text.to_values(grid)))
    values = json.loads(about.read_text(encoding="utf-8"))
    return np.load(path, mmap_mode="r"), geometry_text.from_values(values)


def annotated_case(
    folder: Path, case: CaseRecord, structures: Sequence[str], spacing: Triple, block: int
) -> AnnotatedCase:
    """A case with its saved annotations on the network's grid. Raises InputError."""
    image, grid = grid_image(folder, case, spacing, block)
    key = _key(case.image.sha256, spacing, block, structures, stamps(folder, case, structures))
    stem = folder / CACHE / f"{case.id}.{key}"
    if not stem.with_name(stem.name + ".about.json").exists():
        _remove_older(folder, case, key)
        _make_labels(stem, folder, case, structures, grid)
    return _load(stem, case.name, image)


def stamps(folder: Path, case: CaseRecord, structures: Sequence[str]) -> Tuple[Any, ...]:
    """What changes when an annotation of the case is saved."""
    found = []
    for name in structures:
        path = annotation_path(folder, case.id, name)
        if path.exists():
            state = path.stat()
            found.append((name, state.st_mtime_ns, state.st_size))
    return tuple(found)


def _resampled(volume: Volume, spacing: Triple, block: int) -> Tuple[np.ndarray, Geometry]:
    body = body_mask(volume)
    grid = network_grid(body, volume.geometry, spacing, block)
    array = np.clip(np.rint(network_image(volume, body, grid)), -1024, 3071)
    return array.astype(np.int16), grid


def _make_labels(
    stem: Path, folder: Path, case: CaseRecord, structures: Sequence[str], grid: Geometry
) -> None:
    kind: Any = np.uint8 if len(structures) <= 8 else np.int32
    labels, known = np.zeros(grid.shape, dtype=kind), np.zeros(grid.shape, dtype=kind)
    voxels: Dict[str, np.ndarray] = {}
    drawn = []
    for bit, name in enumerate(structures):
        annotation = _saved(folder, case, name)
        drawn.append(annotation is not None and annotation.is_annotated)
        if annotation is None or not annotation.is_annotated:
            continue
        truth, sure = to_grid(annotation.corrected, annotation.known, annotation.geometry, grid)
        labels[truth] |= kind(1 << bit)
        known[sure] |= kind(1 << bit)
        voxels[f"inside{bit}"] = some_voxels(truth & sure, MOST_VOXELS)
        voxels[f"outside{bit}"] = some_voxels(sure & ~truth, MOST_VOXELS)
    _write_array(stem.with_name(stem.name + ".labels.npy"), labels)
    _write_array(stem.with_name(stem.name + ".known.npy"), known)
    with atomic_path(stem.with_name(stem.name + ".voxels.npz")) as temporary:
        np.savez(temporary, **voxels)  # type: ignore[arg-type]
    about = {"drawn": drawn, "whole": _is_whole(known, drawn)}
    write_text(stem.with_name(stem.name + ".about.json"), json.dumps(about))  # the last: whole now


def _load(stem: Path, name: str, image: np.ndarray) -> AnnotatedCase:
    about = json.loads(stem.with_name(stem.name + ".about.json").read_text(encoding="utf-8"))
    labels = np.load(stem.with_name(stem.name + ".labels.npy"), mmap_mode="r")
    known = np.load(stem.with_name(stem.name + ".known.npy"), mmap_mode="r")
    drawn = tuple(bool(d) for d in about["drawn"])
    case = Case(name, image, labels, drawn, None if about["whole"] else known)
    with np.load(stem.with_name(stem.name + ".voxels.npz"), allow_pickle=False) as file:
        sides = [
            {bit: file[f"{side}{bit}"] for bit in range(len(drawn))
             if f"{side}{bit}" in file.files and len(file[f"{side}{bit}"])}
            for side in ("inside", "outside")
        ]
    return AnnotatedCase(case, sides[0], sides[1])


def _is_whole(known: np.ndarray, drawn: Sequence[bool]) -> bool:
    """Whether every drawn structure is known everywhere."""
    wanted = sum(int(d) << bit for bit, d in enumerate(drawn))
    return bool(((known & wanted) == wanted).all())


def _saved(folder: Path, case: CaseRecord, structure: str) -> "Annotation | None":
    path = annotation_path(folder, case.id, structure)
    if not path.exists():
        return None
    return read_annotation(path, case.image.geometry).annotation


def _key(*parts: object) -> str:
    return hashlib.sha256(repr((WAY, *parts)).encode("utf-8")).hexdigest()[:16]


def _write_array(path: Path, array: np.ndarray) -> None:
    with atomic_path(path) as temporary:
        np.save(temporary, array)


def _remove_older(folder: Path, case: CaseRecord, key: str) -> None:
    """Labels of this case that were made from older annotations."""
    for kind in ("about.json", "labels.npy", "known.npy", "voxels.npz"):
        for path in (folder / CACHE).glob(f"{case.id}.*.{kind}"):
            if path.name != f"{case.id}.{key}.{kind}":
                try:
                    path.unlink()
                except PermissionError:
                    continue  # Windows: still mapped by a reader; the next time removes it
