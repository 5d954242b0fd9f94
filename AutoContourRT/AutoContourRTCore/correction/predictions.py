"""The newest prediction of a case, in a file of its own that nobody edits.

The trainer's process writes it, the window reads it. An annotation copies what it needs of it, so
that a newer prediction changes nothing that was corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional

import numpy as np

from AutoContourRTCore.correction import geometry_text
from AutoContourRTCore.correction.annotation import Box
from AutoContourRTCore.correction.annotation_file import (
    part_of_text,
    part_text,
    read_arrays,
    unpacked,
    write_arrays,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.boxes import box_of, joint_box
from AutoContourRTCore.volumes.geometry import Geometry

SCHEMA = 2  # 1: the masks were of the whole grid
PREDICTION = "prediction.npz"


@dataclass(frozen=True)
class Prediction:
    """masks: structure -> bool [k, j, i] on the image's grid. model: which model predicted.
    box: outside of it nothing was predicted."""

    masks: Dict[str, np.ndarray]
    geometry: Geometry
    model: str
    box: Optional[Box] = None


def write_prediction(prediction: Prediction, case_folder: Path) -> Path:
    """Write a case's prediction, whole or not at all; returns the file. Raises InputError."""
    case_folder.mkdir(parents=True, exist_ok=True)
    names = list(prediction.masks)
    parts = [joint_box(box_of(prediction.masks[name]), None) for name in names]
    about = {
        "schema": SCHEMA, "structures": names, "model": prediction.model, "box": prediction.box,
        "geometry": geometry_text.to_values(prediction.geometry),
        "parts": [part_text(part) for part in parts],
    }
    arrays = {
        f"mask{n}": np.packbits(prediction.masks[name][part])
        for n, (name, part) in enumerate(zip(names, parts))
    }
    write_arrays(case_folder / PREDICTION, about, **arrays)
    return case_folder / PREDICTION


def read_prediction(case_folder: Path, geometry: Geometry) -> Optional[Prediction]:
    """A case's prediction; None where there is none. InputError: damaged, or of another grid."""
    path = case_folder / PREDICTION
    if not path.exists():
        return None
    about, arrays = read_arrays(path, SCHEMA)
    own = geometry_text.from_values(about["geometry"])
    if not own.same_grid(geometry):
        raise InputError(
            f"{path} was made for another image: {geometry_text.told_apart(own, geometry)}; "
            "delete this file and predict again."
        )
    names = about["structures"]
    masks: Dict[str, np.ndarray] = {}
    for n, (name, numbers) in enumerate(zip(names, about.get("parts") or [None] * len(names))):
        masks[name], part = np.zeros(own.shape, dtype=bool), part_of_text(numbers)
        masks[name][part] = unpacked(arrays[f"mask{n}"], masks[name][part].shape)
    box = None if about["box"] is None else tuple(about["box"])
    return Prediction(masks, geometry, about["model"], box)
