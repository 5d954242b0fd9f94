"""Predicting a project's cases with the best network so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

import numpy as np
import torch

from AutoContourRTCore.correction.annotation import Box, box_slices
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import (
    START_MODEL,
    TRAINING,
    case_folder,
    read_record,
)
from AutoContourRTCore.correction.records import CaseRecord, ProjectRecord
from AutoContourRTCore.models.files import MANIFEST, read_model
from AutoContourRTCore.nn.case_cache import grid_image
from AutoContourRTCore.nn.checkpoint import load_checkpoint
from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import side_multiple
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.segmentation.pipeline import place
from AutoContourRTCore.segmentation.postprocess import clean
from AutoContourRTCore.volumes.geometry import Geometry

#: What the network sees around a box.
BOX_MARGIN_MM = 40.0
_Part = Tuple[slice, ...]


class _Served(NamedTuple):
    """A network in memory, its name, and what of its file changes when it is replaced."""

    predictor: Predictor
    name: str
    stamp: Tuple[object, ...]


class CasePredictor:
    """Predicts cases of one project; keeps the network until a better one is there."""

    def __init__(self, project: Path, device: str = "auto") -> None:
        self.folder, self._device = project, device
        self._served: Optional[_Served] = None

    def predict(
        self, case_id: str, progress: Progress = ignore_progress
    ) -> Optional[Prediction]:
        """Predict a case within its box and keep the result in the project.

        None where there is no network yet (training from random weights has not ended an epoch).
        Raises InputError for an image, a case or a project that is gone, also when it goes on the
        way; Cancelled from the callback.
        """
        record = read_record(self.folder)
        case = record.case(case_id)
        progress(0.0, "loading the network")
        served = self._newest(record)
        if served is None:
            return None
        prediction = predict_masks(
            self.folder, case, record, served.predictor, served.name, progress
        )
        progress(0.97, "writing the prediction")
        read_record(self.folder).case(case_id)  # what was deleted meanwhile does not come back
        write_prediction(prediction, case_folder(self.folder, case_id))
        return prediction

    def _newest(self, record: ProjectRecord) -> Optional[_Served]:
        """The best network of the training, else the model that training starts from."""
        file = self.folder / TRAINING / "best.pt"
        if not file.exists():
            file = self.folder / START_MODEL / MANIFEST
            if not record.settings.start:
                return None
        stamp: Tuple[object, ...] = (file.name,)
        if file.exists():  # else reading it says what is wrong
            state = file.stat()
            stamp += (state.st_mtime_ns, state.st_size, state.st_ino)
        if self._served is None or self._served.stamp != stamp:
            self._served = None  # free the memory first
            self._served = self._from_training(record, stamp) or self._from_start(record, stamp)
        return self._served

    def _from_training(
        self, record: ProjectRecord, stamp: Tuple[object, ...]
    ) -> Optional[_Served]:
        stored = best_network(self.folder)
        if stored is None:
            return None
        name = f"{record.name}, epoch {stored['epoch']['epoch']}"
        return _Served(predictor_of(stored, record, self._device), name, stamp)

    def _from_start(self, record: ProjectRecord, stamp: Tuple[object, ...]) -> _Served:
        predictor = start_predictor(self.folder, record, self._device)
        return _Served(predictor, record.settings.start, stamp)


def best_network(folder: Path) -> Optional[Dict[str, Any]]:
    """What the training of a project stored of its best network (best.pt); None for nothing yet.

    The training may replace it at any time: load it once for all that must be of one network.
    """
    return load_checkpoint(folder / TRAINING, torch.device("cpu"), "best.pt")


def predictor_of(stored: Mapping[str, Any], record: ProjectRecord, device: str) -> Predictor:
    """The network of :func:`best_network`, ready to predict."""
    weights = {name: tensor.float().numpy() for name, tensor in stored["network"].items()}
    recipe = Recipe.from_dict(record.settings.recipe)
    return Predictor(weights, tuple(stored["structures"]), recipe, device)


def start_predictor(folder: Path, record: ProjectRecord, device: str) -> Predictor:
    """The model that training starts from; it predicts only what it was trained for."""
    manifest, weights = read_model(folder / START_MODEL)
    recipe = Recipe.from_dict(record.settings.recipe)
    return Predictor(weights, tuple(manifest.structures), recipe, device)


def predict_masks(
    folder: Path,
    case: CaseRecord,
    record: ProjectRecord,
    predictor: Predictor,
    name: str,
    progress: Progress = ignore_progress,
) -> Prediction:
    """A case as a network sees it, on the image's grid, within the case's box.

    name: how the network is called. Nothing is written but the cache. Raises InputError.
    """
    geometry, recipe = case.image.geometry, predictor.recipe
    progress(0.05, "preparing the image")
    image, grid = grid_image(folder, case, recipe.spacing, side_multiple(recipe.widths))
    part = _around(case.box, geometry, grid)
    start = tuple(s.start for s in part)
    found = predictor(np.asarray(image[part]), part_of(progress, 0.15, 0.85))
    there = grid.cropped(start, tuple(s.stop for s in part))
    box = box_slices(case.box, geometry.shape)
    masks: Dict[str, np.ndarray] = {}
    for n, structure in enumerate(predictor.structures):
        if structure in record.structures:
            mask = np.zeros(geometry.shape, dtype=bool)
            mask[box] = place(found[n], there, geometry)[box]
            masks[structure] = clean(mask) if record.settings.largest_component else mask
    return Prediction(masks, geometry, name, case.box)


def _around(box: Optional[Box], geometry: Geometry, grid: Geometry) -> _Part:
    """The part of the network's grid that covers a box and a margin; all for None.

    A box beside the body leaves one voxel, so that nothing is found there.
    """
    if box is None:
        return tuple(slice(0, n) for n in grid.shape)
    index = grid.to_kji(geometry.cropped(box[4::-2], box[5::-2]).corners(0.5))
    margin = BOX_MARGIN_MM / np.asarray(grid.spacing)
    start = np.floor(index.min(axis=0) - margin).astype(int)
    stop = np.ceil(index.max(axis=0) + margin).astype(int) + 1
    start = np.clip(start, 0, np.array(grid.shape) - 1)
    stop = np.clip(stop, start + 1, grid.shape)
    return tuple(slice(int(a), int(b)) for a, b in zip(start, stop))
