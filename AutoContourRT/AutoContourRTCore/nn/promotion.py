"""The best network of a project becomes a model that everybody can load."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.correction.annotation import Annotation
from AutoContourRTCore.correction.annotation_file import read_annotation
from AutoContourRTCore.correction.project import annotation_path, read_record
from AutoContourRTCore.correction.records import CaseRecord, ProjectRecord
from AutoContourRTCore.correction.split import ROTATING, TRAIN, VALIDATION
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.models.files import write_model
from AutoContourRTCore.models.manifest import Manifest, check_id
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.nn.correction_prediction import (
    best_network,
    predict_masks,
    predictor_of,
    start_predictor,
)
from AutoContourRTCore.nn.export import card, half_precision, region_of
from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.progress import Progress, ignore_progress, part_of

#: What the figures of every promoted model are.
CAVEAT = (
    "Dice with the corrected contours of the cases that chose this network, in the voxels that a "
    "person annotated: slices confirmed, and what was drawn. Where that is what a network had got "
    "wrong, the figure is lower than over the whole contour. A structure that is not in these "
    "voxels of a case counts as 1 where it was not found there, else as 0."
)
#: Structure -> Dice of each validation case in which it is known.
Scores = Dict[str, List[float]]


class Promoted(NamedTuple):
    """The model in the store, and what to be wary of ("" for nothing)."""

    manifest: Manifest
    warning: str


def promote(
    project: Path,
    model_id: str,
    device: str = "auto",
    store: Optional[ModelStore] = None,
    licence: str = "as the training data allow",
    progress: Progress = ignore_progress,
) -> Promoted:
    """Put the best network of a project into the user's store, with a card that says how good.

    It and the model that training started from contour the validation cases; both are compared
    with the corrected contours. Raises InputError where no epoch is finished yet, for a bad or
    shipped id; Cancelled from the callback.
    """
    record, store = read_record(project), store or ModelStore()
    _check_id(model_id, store)
    best = best_network(project)
    if best is None:
        raise InputError(f"{record.name!r} has no network yet: train it for an epoch first.")
    judged = record.on_side(VALIDATION)
    network = predictor_of(best, record, device)
    own = _scores(project, record, judged, network, part_of(progress, 0.0, 0.5))
    before: Scores = {}
    if record.settings.start:
        started = start_predictor(project, record, device)
        before = _scores(project, record, judged, started, part_of(progress, 0.5, 0.95))
    warning = _warning(record, own, before)
    sides = (best["epoch"].get("train", len(record.on_side(TRAIN))), len(judged))
    version = _version(store, model_id)
    manifest = _manifest(record, model_id, version, licence, sides, own, warning)
    lines = _table(record, own, before)
    return Promoted(_put(best, manifest, lines, store), warning)


def _check_id(model_id: str, store: ModelStore) -> None:
    """Before minutes of judging: whether the store will take a model of that name."""
    check_id(model_id)
    if any(found.id == model_id for found in store.list()) and store.is_shipped(model_id):
        raise InputError(f"{model_id!r} came with the program; choose another name.")


def _scores(
    project: Path,
    record: ProjectRecord,
    cases: Sequence[CaseRecord],
    predictor: Predictor,
    progress: Progress,
) -> Scores:
    """Dice with the corrected contour where a person annotated it, for the structures that the
    predictor knows: elsewhere the contour is some network's own.

    Where nothing was to be found and nothing was it is 1, as in correction_gate, so that two
    networks are compared on the same cases.
    """
    scores: Scores = {n: [] for n in record.structures if n in predictor.structures}
    for done, case in enumerate(cases):
        report = part_of(progress, done / len(cases), (done + 1) / len(cases))
        whole = replace(case, box=None)  # each annotation has a box of its own
        predicted = predict_masks(project, whole, record, predictor, "", report).masks
        for name, annotation in _annotated(project, case, list(scores)).items():
            seen = annotation.known
            agreement = dice(predicted[name] & seen, annotation.corrected & seen)
            scores[name].append(1.0 if np.isnan(agreement) else agreement)
    return scores


def _annotated(project: Path, case: CaseRecord, names: Sequence[str]) -> Dict[str, Annotation]:
    found = {}
    for name in names:
        path = annotation_path(project, case.id, name)
        if not path.exists():
            continue
        annotation = read_annotation(path, case.image.geometry).annotation
        if annotation.is_annotated:
            found[name] = annotation
    return found


def _warning(record: ProjectRecord, own: Scores, before: Scores) -> str:
    counts = {name: len(values) for name, values in own.items()}
    if not any(counts.values()):
        return "There is no validation case: nothing is known of how good this model is."
    if record.settings.split == ROTATING:
        return (
            "The validation cases changed with each cycle, so that this network was trained on "
            "those it is judged by: its figures are too good."
        )
    worse = [
        f"{name} {np.mean(own[name]):.3f}, before {np.mean(values):.3f}"
        for name, values in before.items()
        if values and own.get(name) and np.mean(own[name]) <= np.mean(values)
        and np.mean(own[name]) < 1.0
    ]
    if not worse:
        return ""
    return (
        f"Not better than the model it started from ({record.settings.start}) on the same "
        f"validation cases: Dice of {'; '.join(worse)}."
    )


def _manifest(
    record: ProjectRecord,
    model_id: str,
    version: str,
    licence: str,
    sides: Tuple[int, int],
    own: Scores,
    warning: str,
) -> Manifest:
    """sides: cases that the network was trained on, and those that it is judged by here."""
    recipe = Recipe.from_dict(record.settings.recipe)
    return Manifest(
        id=model_id,
        version=version,
        name=record.name,
        structures=record.structures,
        region=region_of(record.structures),
        anatomy=f"CTs that show {', '.join(record.structures)}",
        recipe=recipe.to_dict(),
        network={"outputs": len(record.structures), "widths": list(recipe.widths), "inputs": 1},
        training_spacing_mm=recipe.spacing,
        data=f"Corrective training: {sides[0]} training and {sides[1]} validation cases of the "
        f"project {record.name!r}; its owner knows more",
        licence=licence,
        validation={name: _figures(own.get(name, [])) for name in record.structures},
        known_failures=(CAVEAT, warning) if warning else (CAVEAT,),
        parent=record.settings.start,
    )


def _figures(values: Sequence[float]) -> Mapping[str, Optional[float]]:
    return {
        "dice_mean": float(np.mean(values)) if values else None,
        "dice_sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "surface_dice_mean": None, "tolerance_mm": None, "n": len(values),
    }


def _table(record: ProjectRecord, own: Scores, before: Scores) -> List[str]:
    start = record.settings.start or "no start model"
    lines = [
        f"| structure | validation cases | mean Dice | {start}, same cases |", "|---|---|---|---|"
    ]
    for name in record.structures:
        columns = [_mean(own.get(name, [])), _mean(before.get(name, []))]
        lines.append(f"| {name} | {len(own.get(name, []))} | {' | '.join(columns)} |")
    return [
        *lines, "",
        CAVEAT,
    ]


def _mean(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f}" if values else "-"


def _version(store: ModelStore, model_id: str) -> str:
    """1.0, or one more than the store's model of that id."""
    numbers = [m.version_numbers for m in store.list() if m.id == model_id]
    return f"{max(numbers)[0] + 1}.0" if numbers else "1.0"


def _put(
    best: Mapping[str, Any], manifest: Manifest, lines: Sequence[str], store: ModelStore
) -> Manifest:
    staging = Path(tempfile.mkdtemp(prefix="autocontourrt-"))
    try:
        folder = staging / manifest.id
        weights = half_precision(best["network"])
        write_model(folder, manifest, weights, card(manifest, validation=lines))
        return store.import_model(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
