"""Correction projects over tiny patients on which a network learns within seconds; no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import Project, case_folder
from AutoContourRTCore.correction.setup import create_project
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTCore.volumes.volume import Volume
from tiny_cases import tiny_recipe

STRUCTURES = ("Parotid_L", "Parotid_R")
SHAPE = (16, 30, 30)
SPACING = (4.0, 4.0, 4.0)


def tiny_patient(number: int, shape: Sequence[int] = SHAPE) -> Tuple[Volume, LabelMap]:
    """A block of water with two bright cubes of 5 voxels; where they are depends on the number."""
    rng = np.random.default_rng(number)
    geometry = Geometry(tuple(shape), SPACING)  # type: ignore[arg-type]
    image = np.full(shape, -1000, dtype=np.int16)
    image[1:-1, 4:-4, 3:-3] = rng.integers(-20, 20, np.array(shape) - (2, 8, 6))
    masks = {}
    for name, i in zip(STRUCTURES, (18, 6)):
        k, j, shift = rng.integers(3, 8), rng.integers(8, 16), rng.integers(0, 4)
        mask = np.zeros(shape, dtype=bool)
        mask[k : k + 5, j : j + 5, i + shift : i + shift + 5] = True
        image[mask] = 300
        masks[name] = mask
    return Volume(image, geometry), LabelMap(masks, geometry)


def tiny_dataset(folder: Path, cases: int = 3) -> Path:
    """Cases pt_1, pt_2, ... as the commands read them."""
    for number in range(1, cases + 1):
        case = folder / f"pt_{number}"
        case.mkdir(parents=True)
        volume, truth = tiny_patient(number)
        write_volume(volume, case / "ct.nrrd")
        write_labelmap(truth, case / "structures.seg.nrrd")
    return folder


def project_recipe(**changes: Any) -> Recipe:
    """A tiny recipe that learns these patients in a few dozen steps."""
    plain: Dict[str, Any] = {
        "spacing": SPACING, "schedule": "constant", "lr": 1e-2, "average": 0.9, "batch": 4,
        "warmup_steps": 2,
    }
    return tiny_recipe(**{**plain, **changes})


def tiny_project(
    folder: Path,
    cases: int = 2,
    structures: Sequence[str] = STRUCTURES,
    start_model: Optional[Path] = None,
    **recipe: Any,
) -> Project:
    """An open project with so many images (ids 0001_pt-1, ...), nothing predicted or drawn yet."""
    images = folder.with_name(folder.name + " images")
    images.mkdir(parents=True, exist_ok=True)
    project = create_project(folder, structures, project_recipe(**recipe), start_model)
    for number in range(1, cases + 1):
        path = images / f"pt-{number}.nrrd"
        if not path.exists():
            write_volume(tiny_patient(number)[0], path)
        project.add_image(path)
    return project


def draw_truth(project: Project, number: int, margin: int = 3) -> str:
    """Draw case `number` (from 1) whole, with background around, and save; its id."""
    from AutoContourRTCore.correction.oracle import draw_whole

    case_id = project.record.cases[number - 1].id
    truth = tiny_patient(number)[1]
    for name, correction in project.correct(case_id).items():
        draw_whole(correction, truth.masks[name], margin)
    project.save(case_id)
    return case_id


def predict(project: Project, case_id: str, mask: np.ndarray, model: str) -> None:
    """Write one mask as the prediction of every structure of a case."""
    geometry = project.case(case_id).image.geometry
    prediction = Prediction({name: mask for name in STRUCTURES}, geometry, model)
    write_prediction(prediction, case_folder(project.folder, case_id))


def ids(project: Project) -> List[str]:
    """The ids of all cases."""
    return [case.id for case in project.record.cases]
