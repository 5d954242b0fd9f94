"""What the worker and the program that started it say to each other: one JSON object a line.

``{"kind": "segment", "id": "1", "input": ...}`` and so on: `kind` names the message, the other
members are the fields of the dataclass below. Lines are pure ASCII, so that neither an encoding
nor a path with odd bytes can break them. How to add a kind is told in worker.py.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from importlib import import_module
from typing import Any, Callable, ClassVar, Dict, Mapping, Optional, Tuple, Type, Union

from AutoContourRTCore.errors import InputError


class MessageError(InputError):
    """A line that is no message; `id` is the request it belongs to, "" where it does not say."""

    def __init__(self, message: str, request_id: str = "") -> None:
        super().__init__(message)
        self.id = request_id


#: Whether the value of a field is right, and what it must be.
Rule = Tuple[Callable[[Any], bool], str]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


IS_TEXT: Rule = (_is_text, "a text")
MAY_BE_EMPTY: Rule = (lambda v: isinstance(v, str), "a text, perhaps empty")
IS_PATH: Rule = (_is_text, "a path")
ARE_PATHS: Rule = (lambda v: isinstance(v, tuple) and all(map(_is_text, v)), "a list of paths")
IS_BOOL: Rule = (lambda v: isinstance(v, bool), "true or false")
IS_OBJECT: Rule = (lambda v: isinstance(v, dict), "an object")


@dataclass(frozen=True)
class Message:
    """What all messages share: lists become tuples, and each field is held to its rule.

    `rules` are a message's own; a field named in RULES needs none. A message must have a rule for
    each field. Raises MessageError for a wrong value.
    """

    rules: ClassVar[Mapping[str, Rule]] = {}

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, list):
                value = tuple(value)
                object.__setattr__(self, item.name, value)
            good, wanted = self.rules.get(item.name) or RULES[item.name]
            if not good(value):
                raise MessageError(
                    f"The message {type(self).__name__}: {item.name!r} must be {wanted}, "
                    f"not {_short(value)}."
                )


@dataclass(frozen=True)
class SegmentRequest(Message):
    """Contour an image. An earlier file at `output` is replaced once the new one is whole.

    input: image file or DICOM folder; output: .seg.nrrd; model: id in the store.
    structures: names, None for all of the model's. roi: i0 i1 j0 j1 k0 k1, half-open voxels.
    series: UID of the one to read where a DICOM folder holds several.
    """

    id: str
    input: str
    output: str
    model: str
    structures: Optional[Tuple[str, ...]] = None
    roi: Optional[Tuple[int, int, int, int, int, int]] = None
    device: str = "auto"
    series: str = ""


@dataclass(frozen=True)
class CancelRequest(Message):
    """Stop a request, running or waiting; one that is over already is left alone."""

    id: str


@dataclass(frozen=True)
class PingRequest(Message):
    """Answered by Ready at once, also during a computation."""


@dataclass(frozen=True)
class QuitRequest(Message):
    """End at once, as when the input closes."""


@dataclass(frozen=True)
class Ready(Message):
    """The worker listens. pid: the process to kill (see process_tree), not a launcher's."""

    pid: int
    version: str


@dataclass(frozen=True)
class Progress(Message):
    """How far a request is; fraction 0..1, never falling."""

    id: str
    fraction: float
    message: str


@dataclass(frozen=True)
class Event(Message):
    """Something that a request met on its way, such as an epoch's scores. name: of its kind."""

    id: str
    name: str
    values: Dict[str, Any]


@dataclass(frozen=True)
class Done(Message):
    """The last word on a request; result: for a SegmentRequest the fields of SegmentResult."""

    id: str
    result: Dict[str, Any]


@dataclass(frozen=True)
class Failed(Message):
    """The last word on a request that went wrong.

    cause: "input" (the user can mend it) or "failure" (the traceback is in the log, stderr).
    id is "" for a line that could not be understood.
    """

    id: str
    message: str
    cause: str


@dataclass(frozen=True)
class Cancelled(Message):
    """The last word on a cancelled request; nothing was written."""

    id: str


@dataclass(frozen=True)
class SegmentResult:
    """What a SegmentRequest gave: volumes (ml) by structure, absent ones with the reason.

    edge_mm, look_at (LPS, mm): by structure, see segmentation/doubt.py.
    """

    output: str
    volumes_ml: Dict[str, float]
    absent: Dict[str, str] = field(default_factory=dict)
    warnings: Tuple[str, ...] = ()
    edge_mm: Dict[str, float] = field(default_factory=dict)
    look_at: Dict[str, Tuple[float, float, float]] = field(default_factory=dict)


Reply = Union[Ready, Progress, Event, Done, Failed, Cancelled]

#: Kind -> the class of its request, or "module:Class", imported when the first one comes.
#: Such a class is a frozen dataclass with an `id`; it may derive from Message.
REQUESTS: Dict[str, Union[Type[Any], str]] = {
    "segment": SegmentRequest,
    "segment_case": "AutoContourRTCore.cohorts.segment_request:SegmentCaseRequest",
    "evaluate_case": "AutoContourRTCore.cohorts.evaluate_request:EvaluateCaseRequest",
    "correct": "AutoContourRTCore.correction.requests:CorrectRequest",
    "predict": "AutoContourRTCore.correction.requests:PredictRequest",
    "promote": "AutoContourRTCore.correction.requests:PromoteRequest",
    "gather": "AutoContourRTCore.correction.requests:GatherRequest",
    "compare": "AutoContourRTCore.metrics.compare.service:CompareRequest",
    "export": "AutoContourRTCore.segmentation.export_service:ExportRequest",
    "read_rt": "AutoContourRTCore.volumes.dicom.read_service:ReadRtRequest",
    "cancel": CancelRequest,
    "ping": PingRequest,
    "quit": QuitRequest,
}
REPLIES: Dict[str, Union[Type[Any], str]] = {
    "ready": Ready,
    "progress": Progress,
    "event": Event,
    "done": Done,
    "failed": Failed,
    "cancelled": Cancelled,
}


def encode(message: Any) -> str:
    """The line of a message, with its newline.

    Raises ValueError or TypeError for values that JSON does not know, such as NaN.
    """
    values = {"kind": kind_of(message), **asdict(message)}
    return json.dumps(values, allow_nan=False) + "\n"


def kind_of(message: Any) -> str:
    """The kind of a request or reply; KeyError for what is neither."""
    own = type(message)
    for kind, named in (*REQUESTS.items(), *REPLIES.items()):
        if named in (own, f"{own.__module__}:{own.__qualname__}"):
            return kind
    raise KeyError(f"{own.__name__} is in no table of messages")


def outputs_of(request: Any) -> Tuple[str, ...]:
    """Files that a request has written; where its process is killed, halves may lie beside them."""
    paths = (getattr(request, name, "") for name in ("output", "archive"))
    return tuple(path for path in paths if path)


def load(named: Union[Type[Any], str]) -> Any:
    """The class that "module:Class" names; a class is given back."""
    if not isinstance(named, str):
        return named
    module, _, name = named.partition(":")
    return getattr(import_module(module), name)


def parse_request(line: Union[str, bytes]) -> Any:
    """The request in a line; MessageError for anything else."""
    return _parse(line, REQUESTS)


def parse_reply(line: Union[str, bytes]) -> Reply:
    """The reply in a line; MessageError for anything else."""
    reply: Reply = _parse(line, REPLIES)
    return reply


def _parse(line: Union[str, bytes], kinds: Mapping[str, Union[Type[Any], str]]) -> Any:
    values = _object(line)
    written = values.get("id")
    request_id = written if isinstance(written, str) else ""
    kind = values.pop("kind", None)
    if not isinstance(kind, str) or kind not in kinds:
        raise MessageError(
            f"There is no message of kind {_short(kind)}; there are {', '.join(kinds)}.",
            request_id,
        )
    try:
        return load(kinds[kind])(**values)
    except InputError as error:
        raise MessageError(str(error), request_id) from None
    except (TypeError, ImportError, AttributeError) as error:  # a field too few or many; no class
        raise MessageError(f"The message {kind!r} is wrong: {error}.", request_id) from error


def _object(line: Union[str, bytes]) -> Dict[str, Any]:
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"A line is not JSON: {_short(line)} ({error}).") from error
    if not isinstance(values, dict):
        raise MessageError(f"A line is not a JSON object: {_short(line)}.")
    return values


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _are_names(value: Any) -> bool:
    return value is None or (
        isinstance(value, tuple) and len(value) > 0 and all(_is_text(name) for name in value)
    )


def _is_roi(value: Any) -> bool:
    return value is None or (
        isinstance(value, tuple) and len(value) == 6 and all(type(n) is int for n in value)
    )


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1


#: Field -> its rule, the same in every message.
RULES: Dict[str, Rule] = {
    "id": MAY_BE_EMPTY,
    "input": IS_PATH,
    "output": IS_PATH,
    "model": (_is_text, "the id of a model"),
    "structures": (_are_names, "null or a list of names"),
    "roi": (_is_roi, "null or six integers i0 i1 j0 j1 k0 k1"),
    "device": (_is_text, "the name of a device"),
    "series": MAY_BE_EMPTY,
    "pid": (lambda v: type(v) is int and v > 0, "the number of a process"),
    "version": IS_TEXT,
    "fraction": (_is_share, "a number from 0 to 1"),
    "message": MAY_BE_EMPTY,
    "name": IS_TEXT,
    "values": IS_OBJECT,
    "result": IS_OBJECT,
    "cause": (lambda v: v in ("input", "failure"), "'input' or 'failure'"),
}
