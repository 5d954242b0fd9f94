"""A folder of cases that are contoured already becomes a project at once (Sartor 2020)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.anatomy.catalogue import UnknownStructure, standard_name
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.setup import create_project
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.dataset import CONTOURS, CT, find_names
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import resample_mask
from AutoContourRTCore.volumes.segfile import read_labelmap


def case_folders(dataset: Path) -> Tuple[Path, ...]:
    """The cases of a folder, or of its train/ and validation/, in natural order: 2 before 10.

    Raises InputError where there is none.
    """
    parts = [dataset / name for name in ("train", "validation") if (dataset / name).is_dir()]
    found: List[Path] = []
    for part in parts or [dataset]:
        inside = part.iterdir() if part.is_dir() else ()
        cases = (path for path in inside if (path / CT).is_file() and (path / CONTOURS).is_file())
        found += sorted(cases, key=natural)
    if not found:
        raise InputError(
            f"{dataset} holds no case; a case is a subfolder with {CT} and {CONTOURS}."
        )
    return tuple(found)


def natural(path: Path) -> Tuple[object, ...]:
    """A key that sorts numbers in names by their value."""
    parts = re.split(r"(\d+)", path.name.lower())
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def read_contours(
    case: Path, geometry: Geometry, structures: Optional[Sequence[str]] = None
) -> LabelMap:
    """The drawn structures of a case (standard names, empty ones left out) on a grid.

    Raises InputError for two segments of one structure and for files that cannot be read.
    """
    drawn = read_labelmap(case / CONTOURS)
    masks: Dict[str, np.ndarray] = {}
    for written, mask in drawn.masks.items():
        try:
            name = standard_name(written)
        except UnknownStructure:
            continue
        if not mask.any() or (structures is not None and name not in structures):
            continue
        if name in masks:
            raise InputError(f"{case}: two segments are {name} (one is {written!r}); remove one.")
        same = drawn.geometry.same_grid(geometry)
        masks[name] = mask if same else resample_mask(mask, drawn.geometry, geometry)
    return LabelMap(masks, geometry)


def project_from_structure_sets(
    folder: Path,
    dataset: Path,
    chosen: Recipe,
    structures: Optional[Sequence[str]] = None,
    start_model: Optional[Path] = None,
    copy: bool = False,
    progress: Progress = ignore_progress,
) -> Project:
    """A new project in which every case of a dataset is contoured already, and trained on.

    structures: None for all that are known by name. A structure that is missing from a case was
    not drawn: nothing is learnt from that. Raises InputError; Cancelled from the callback leaves
    a project with the cases so far.
    """
    cases = case_folders(dataset)
    if structures is None:
        structures = find_names(cases, part_of(progress, 0.0, 0.2)).known
    project = create_project(folder, structures, chosen, start_model)
    try:
        for n, case in enumerate(cases):
            progress(0.2 + 0.8 * n / len(cases), f"taking in {case.name}")
            case_id = project.add_image(case / CT, case.name, copy)
            geometry = project.case(case_id).image.geometry
            contours = read_contours(case, geometry, project.record.structures)
            if contours.masks:
                project.take_contours(case_id, contours)
    except BaseException:
        project.close()
        raise
    return project
