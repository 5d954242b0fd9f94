"""What a window asks the worker for about a project (see worker.py and messages.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, Mapping, Optional, Tuple

from AutoContourRTCore.messages import Message


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


_RULES: Mapping[str, Tuple[Callable[[Any], bool], str]] = {
    "project": (_is_text, "the path of a project folder"),
    "case": (_is_text, "the id of a case"),
    "dataset": (_is_text, "a folder of contoured cases"),
    "recipe": (lambda value: isinstance(value, dict), "the settings of a recipe"),
    "start": (lambda value: isinstance(value, str), 'a model folder, or ""'),
    "copy": (lambda value: isinstance(value, bool), "true or false"),
}


@dataclass(frozen=True)
class CorrectRequest(Message):
    """Train a project until cancelled; the request stays open, other requests get their turn.

    Events: "status" with the fields of CorrectionTrainer.status, and "said" with a sentence.
    """

    rules: ClassVar[Mapping[str, Tuple[Callable[[Any], bool], str]]] = _RULES

    id: str
    project: str
    device: str = "auto"


@dataclass(frozen=True)
class PredictRequest(Message):
    """Predict a case with the best network so far; the result lies in the project.

    Result: {"case", "predicted": whether there was a network, "model": its name}.
    """

    rules: ClassVar[Mapping[str, Tuple[Callable[[Any], bool], str]]] = _RULES

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

    rules: ClassVar[Mapping[str, Tuple[Callable[[Any], bool], str]]] = _RULES

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

    rules: ClassVar[Mapping[str, Tuple[Callable[[Any], bool], str]]] = _RULES

    id: str
    project: str
    model: str
    device: str = "auto"
