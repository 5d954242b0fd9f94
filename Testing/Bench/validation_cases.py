"""The validation or training cases of head_neck, and what a model makes of one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator, Tuple

import numpy as np

from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.segmentation.pipeline import LoadedModel, segment
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import read_labelmap
from AutoContourRTCore.volumes.volume import Volume

MODEL = "head_neck_7"
ALL = 31
Case = Tuple[str, Volume, LabelMap]


def data_folder() -> Path:
    """Where the data for timings and figures lie; ends the program where nobody said it."""
    folder = os.environ.get("AUTOCONTOURRT_DATA")
    if not folder:
        raise SystemExit("Set AUTOCONTOURRT_DATA to the folder that holds head_neck/ and thorax/.")
    return Path(folder)


def cases(count: int = ALL, part: str = "validation") -> Iterator[Case]:
    """Cases of a part with TG-263 names, in the order of their names: the first ones, or in
    "train" evenly spread ones."""
    folders = sorted((data_folder() / "head_neck" / part).iterdir())
    step = len(folders) // count if part == "train" else 1
    for case in folders[::step][:count]:
        drawn = read_labelmap(case / "structures.seg.nrrd")
        masks = {standard_name(name): mask for name, mask in drawn.masks.items()}
        yield case.name, read_volume(case / "ct.nrrd"), LabelMap(masks, drawn.geometry)


def contour(volume: Volume, model: LoadedModel) -> LabelMap:
    """The model's contours; a structure that was not found has an empty mask."""
    found = segment(volume, model).labelmap
    empty = np.zeros(volume.geometry.shape, dtype=bool)
    masks = {name: found.masks.get(name, empty) for name in model.manifest.structures}
    return LabelMap(masks, volume.geometry)
