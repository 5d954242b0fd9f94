"""An annotation on disk: one .npz that numpy alone can read, written whole or not at all.

Masks are cut to the part that holds them all, first and last plus one voxel (`part`: k, j, i, k,
j, i), and packed to one bit a voxel (numpy.packbits over the flat array). `about` is JSON: the
schema, the grid, that part, the model that predicted, the box, and how much of the journal is
contained. Schema 1 had no part: its masks are of the whole grid.
"""

from __future__ import annotations

import errno
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.correction import geometry_text
from AutoContourRTCore.correction.annotation import (
    BACKGROUND,
    FOREGROUND,
    WHOLE,
    Annotation,
    Part,
)
from AutoContourRTCore.correction.patience import patiently, reached, unreachable
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import atomic_path
from AutoContourRTCore.volumes.geometry import Geometry

SCHEMA = 2
MASKS = ("prediction", "foreground", "background")


@dataclass(frozen=True)
class Stored:
    """What a file holds. journal: name of the journal that goes on from here; contained: how many
    of its records are in the annotation already."""

    annotation: Annotation
    journal: str
    contained: int


@dataclass(frozen=True)
class StoredPart:
    """The masks of a file as they lie in it, of a part of the grid only; bool [k, j, i]."""

    part: Part
    prediction: np.ndarray
    foreground: np.ndarray
    background: np.ndarray
    model: str

    @property
    def corrected(self) -> np.ndarray:
        """(prediction + foreground) - background."""
        return (self.prediction | self.foreground) & ~self.background

    @property
    def start(self) -> Tuple[int, int, int]:
        """The first voxel of the part: k, j, i."""
        k, j, i = (int(one.start) for one in self.part)
        return (k, j, i)


def write_annotation(stored: Stored, path: Path) -> None:
    """Write; raises InputError where the disk is full or protected (the old file stays)."""
    annotation = stored.annotation
    part = annotation.part
    marks = annotation.marks[part]
    about = {
        "schema": SCHEMA,
        "geometry": geometry_text.to_values(annotation.geometry),
        "part": part_text(part),
        "model": annotation.model,
        "box": annotation.box,
        "journal": stored.journal,
        "contained": stored.contained,
    }
    write_arrays(
        path, about,
        prediction=np.packbits(annotation.prediction[part]),
        foreground=np.packbits(marks == FOREGROUND),
        background=np.packbits(marks == BACKGROUND),
        reviewed=np.packbits(annotation.reviewed),
    )


def read_annotation(path: Path, geometry: Geometry) -> Stored:
    """The annotation of an image on that grid.

    Raises InputError for a file that is missing, damaged, of a newer schema or of another grid.
    """
    about, arrays = read_arrays(path, SCHEMA)
    found = _part_in(about, arrays, path, geometry)
    shape, part = geometry.shape, found.part
    prediction, marks = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.uint8)
    prediction[part] = found.prediction
    marks[part][found.foreground] = FOREGROUND
    marks[part][found.background] = BACKGROUND
    reviewed = unpacked(arrays["reviewed"], shape[:1])
    box = None if about["box"] is None else tuple(about["box"])
    annotation = Annotation(geometry, prediction, marks, reviewed, found.model, box)
    return Stored(annotation, about["journal"], int(about["contained"]))


def read_part(path: Path, geometry: Geometry) -> StoredPart:
    """What a file holds of an image on that grid: no array of the whole grid is made.

    Raises InputError as `read_annotation`.
    """
    about, arrays = read_arrays(path, SCHEMA)
    return _part_in(about, arrays, path, geometry)


def _part_in(
    about: Dict[str, Any], arrays: Dict[str, np.ndarray], path: Path, geometry: Geometry
) -> StoredPart:
    own = geometry_text.from_values(about["geometry"])
    if not own.same_grid(geometry):
        raise InputError(
            f"{path} was drawn on another image than the one that is here now: "
            f"{geometry_text.told_apart(own, geometry)}. Put the image back that was annotated "
            "(the project names it), or add this one as a new case; the annotation is kept."
        )
    part = part_of_text(about.get("part") or [0, 0, 0, *own.shape])
    sides = tuple(one.stop - one.start for one in part)
    prediction, foreground, background = (unpacked(arrays[name], sides) for name in MASKS)
    return StoredPart(part, prediction, foreground, background, about["model"])


def write_arrays(path: Path, about: Dict[str, Any], **arrays: np.ndarray) -> None:
    """Arrays and a JSON text in one compressed .npz."""
    text = np.frombuffer(json.dumps(about).encode("utf-8"), dtype=np.uint8)

    def write() -> None:
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, about=text, **arrays)  # type: ignore[arg-type]

    reached(path, write)


def read_arrays(path: Path, schema: int) -> Tuple[Dict[str, Any], Dict[str, np.ndarray]]:
    """What :func:`write_arrays` wrote; InputError: missing, damaged, of a newer schema, or
    unreachable."""
    try:
        arrays = patiently(lambda: _load(path))
        about: Dict[str, Any] = json.loads(bytes(arrays.pop("about")).decode("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; restore it from a backup.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise unreachable(path, error) from error  # the disk; EINVAL: a place beyond the end
        raise InputError(
            f"{path} is damaged ({error}); restore it from a backup. Nothing was changed."
        ) from error
    if int(about["schema"]) > schema:
        raise InputError(
            f"{path} was written by a newer version of this program (schema {about['schema']}, "
            f"this one reads up to {schema}); update the program."
        )
    return about, arrays


def _load(path: Path) -> Dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def part_text(part: Part) -> List[int]:
    """A part with known ends, as JSON holds it: first voxels, then those after the last."""
    return [int(one.start) for one in part] + [int(one.stop) for one in part]


def part_of_text(numbers: Optional[Sequence[int]]) -> Part:
    """What :func:`part_text` wrote; None: the whole grid, as schema 1 had it."""
    if numbers is None:
        return WHOLE
    k, j, i = (slice(int(a), int(b)) for a, b in zip(numbers[:3], numbers[3:]))
    return (k, j, i)


def unpacked(bits: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """The bool array of a shape that was packed with numpy.packbits."""
    count = int(np.prod(shape))
    if len(bits) != -(-count // 8):
        raise InputError(f"{len(bits)} packed bytes do not make an array of shape {shape}.")
    return np.unpackbits(bits, count=count).view(np.bool_).reshape(shape)
