"""What a window asks the worker for about a project (see worker.py and messages.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Mapping, Optional, Tuple

from AutoContourRTCore.messages import IS_BOOL, IS_OBJECT, IS_TEXT, MAY_BE_EMPTY, Message, Rule

_RULES: Mapping[str, Rule] = {
    "project": (IS_TEXT[0], "the path of a project folder"),
    "case": (IS_TEXT[0], "the id of a case"),
    "dataset": (IS_TEXT[0], "a folder of contoured cases"),
    "recipe": (IS_OBJECT[0], "the settings of a recipe"),
    "start": (MAY_BE_EMPTY[0], 'a model folder, or ""'),
    "copy": IS_BOOL,
}


@dataclass(frozen=True)
class CorrectRequest(Message):
    """Train a project until cancelled; the request stays open, other requests get their turn.

    Events: "status" with the fields of CorrectionTrainer.status, and "said" with a sentence.
    """

    rules: ClassVar[Mapping[str, Rule]] = _RULES

    id: str
    project: str
    device: str = "auto"


@dataclass(frozen=True)
class PredictRequest(Message):
    """Predict a case with the best network so far; the result lies in the project.

    Result: {"case", "predicted": whether there was a network, "model": its name}.
    """

    rules: ClassVar[Mapping[str, Rule]] = _RULES

    id: str
    project: str
    case: str
    device: str = "auto"


@dataclass(frozen=True)
class GatherRequest(Message):
    """Make a project of a folder of contoured cases, see project_from_structure_sets.

    recipe: Recipe.to_dict(). structures: None for all that are known by name. start: a model
    folder, "" for random weights. A cancelled one leaves a project with the cases so far.
    Result: {"cases": their number, "structures"}.
    """

    rules: ClassVar[Mapping[str, Rule]] = _RULES

    id: str
    project: str
    dataset: str
    recipe: Dict[str, Any]
    structures: Optional[Tuple[str, ...]] = None
    start: str = ""
    copy: bool = False


@dataclass(frozen=True)
class PromoteRequest(Message):
    """Make the best network of a project a model of the user's store.

    model: its id. Result: {"id", "version", "warning": a sentence or ""}.
    """

    rules: ClassVar[Mapping[str, Rule]] = _RULES

    id: str
    project: str
    model: str
    device: str = "auto"
