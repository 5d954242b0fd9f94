"""Training cases: CT and drawn structures on the network's grid, kept small."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.segmentation.patient import labels_like_the_image, network_image
from AutoContourRTCore.volumes.geometry import Triple
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import lps_grid_around
from AutoContourRTCore.volumes.volume import Volume

AIR = -1000.0
LEAST_INSIDE = 0.5  # of a structure's voxels must lie in the CT
MAX_STRUCTURES = 24  # packed labels travel through float32, which is exact up to 2 ** 24


@dataclass(frozen=True)
class Case:
    """One patient on the network's grid.

    image: int16 HU [k, j, i], AIR outside the body.
    labels: int32 [k, j, i]; bit n is structure n.
    drawn: whether structure n was drawn at all.
    known: int32 [k, j, i]; bit n says that the label of structure n is known there. None: each
    drawn structure is known everywhere.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    drawn: Tuple[bool, ...]
    known: Optional[np.ndarray] = None


def check_count(structures: Sequence[str]) -> None:
    """Raises InputError for more than MAX_STRUCTURES structures."""
    if len(structures) > MAX_STRUCTURES:
        raise InputError(
            f"{len(structures)} structures were asked for ({', '.join(structures)}); one network "
            f"learns at most {MAX_STRUCTURES}: choose fewer, and train a second one for the rest."
        )


def prepare_case(
    name: str,
    ct: Volume,
    truth: LabelMap,
    body: np.ndarray,
    structures: Sequence[str],
    spacing: Triple,
) -> Case:
    """A case from a CT (HU), its drawn structures and its body mask (bool [k, j, i]).

    Raises InputError for more than MAX_STRUCTURES structures, an empty body mask, and contours that
    lie beside the CT.
    """
    check_count(structures)
    if not body.any():
        raise InputError(f"No body was found in the image of {name}; leave this case out.")
    grid = lps_grid_around(body, ct.geometry, spacing)
    image = np.clip(np.rint(network_image(ct, body, grid)), -1024, 3071).astype(np.int16)
    labels = np.zeros(grid.shape, dtype=np.int32)
    for bit, structure in enumerate(structures):
        if structure in truth.masks:
            _check_inside(structure, truth, ct)
            drawn = truth.masks[structure]
            mask = labels_like_the_image(drawn, truth.geometry, ct.geometry, grid)
            labels |= mask.astype(np.int32) << bit
    return Case(name, image, labels, tuple(s in truth.masks for s in structures))


def _check_inside(structure: str, truth: LabelMap, ct: Volume) -> None:
    """Contours of another image would be learnt as "no such organ here"."""
    index = ct.geometry.to_kji(truth.geometry.to_lps(np.argwhere(truth.masks[structure])))
    inside = ((index > -0.5) & (index < np.array(ct.geometry.shape) - 0.5)).all(axis=-1)
    if inside.size and inside.mean() < LEAST_INSIDE:
        raise InputError(
            f"{1 - inside.mean():.0%} of {structure} lies outside the CT: are the contours of "
            "another image? Exchange them, or leave this case out."
        )


def save_cases(cases: Sequence[Case], path: Path) -> None:
    """All cases in one compressed .npz that numpy alone can read."""
    arrays: Dict[str, np.ndarray] = {"names": np.array([case.name for case in cases])}
    for n, case in enumerate(cases):
        arrays[f"image{n}"] = case.image
        arrays[f"labels{n}"] = case.labels
        arrays[f"drawn{n}"] = np.array(case.drawn)
        if case.known is not None:
            arrays[f"known{n}"] = case.known
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def load_cases(path: Path) -> List[Case]:
    """The cases of :func:`save_cases`."""
    with np.load(path, allow_pickle=False) as arrays:
        return [
            Case(
                str(name),
                arrays[f"image{n}"],
                arrays[f"labels{n}"],
                tuple(bool(d) for d in arrays[f"drawn{n}"]),
                arrays[f"known{n}"] if f"known{n}" in arrays else None,
            )
            for n, name in enumerate(arrays["names"])
        ]


def unpack(labels: np.ndarray, count: int) -> np.ndarray:
    """Packed labels [k, j, i] as bool [count, k, j, i]."""
    return np.stack([(labels >> bit) & 1 for bit in range(count)]).astype(bool)
