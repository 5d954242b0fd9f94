"""What the worker and the program that started it say to each other: one JSON object a line.

``{"kind": "segment", "id": "1", "input": ...}`` and so on: `kind` names the message, the other
members are the fields of the dataclass below. Lines are pure ASCII, so that neither an encoding
nor a path with odd bytes can break them.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type, Union

from AutoContourRTCore.errors import InputError


class MessageError(InputError):
    """A line that is no message; `id` is the request it belongs to, "" where it does not say."""

    def __init__(self, message: str, request_id: str = "") -> None:
        super().__init__(message)
        self.id = request_id


@dataclass(frozen=True)
class _Message:
    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, list):
                value = tuple(value)
                object.__setattr__(self, item.name, value)
            good, wanted = _RULES[item.name]
            if not good(value):
                raise MessageError(
                    f"The message {type(self).__name__}: {item.name!r} must be {wanted}, "
                    f"not {_short(value)}."
                )


@dataclass(frozen=True)
class SegmentRequest(_Message):
    """Contour an image. An earlier file at `output` is replaced once the new one is whole.

    input: image file or DICOM folder; output: .seg.nrrd; model: id in the store.
    structures: names, None for all of the model's. roi: i0 i1 j0 j1 k0 k1, half-open voxels.
    """

    id: str
    input: str
    output: str
    model: str
    structures: Optional[Tuple[str, ...]] = None
    roi: Optional[Tuple[int, int, int, int, int, int]] = None
    device: str = "auto"


@dataclass(frozen=True)
class CancelRequest(_Message):
    """Stop a request, running or waiting; one that is over already is left alone."""

    id: str


@dataclass(frozen=True)
class PingRequest(_Message):
    """Answered by Ready at once, also during a computation."""


@dataclass(frozen=True)
class QuitRequest(_Message):
    """End at once, as when the input closes."""


@dataclass(frozen=True)
class Ready(_Message):
    """The worker listens. pid: the process to kill (see process_tree), not a launcher's."""

    pid: int
    version: str


@dataclass(frozen=True)
class Progress(_Message):
    """How far a request is; fraction 0..1, never falling."""

    id: str
    fraction: float
    message: str


@dataclass(frozen=True)
class Done(_Message):
    """The last word on a request; result: for a SegmentRequest the fields of SegmentResult."""

    id: str
    result: Dict[str, Any]


@dataclass(frozen=True)
class Failed(_Message):
    """The last word on a request that went wrong.

    cause: "input" (the user can mend it) or "failure" (the traceback is in the log, stderr).
    id is "" for a line that could not be understood.
    """

    id: str
    message: str
    cause: str


@dataclass(frozen=True)
class Cancelled(_Message):
    """The last word on a cancelled request; nothing was written."""

    id: str


@dataclass(frozen=True)
class SegmentResult:
    """What a SegmentRequest gave: volumes (ml) by structure, absent ones with the reason."""

    output: str
    volumes_ml: Dict[str, float]
    absent: Dict[str, str] = field(default_factory=dict)
    warnings: Tuple[str, ...] = ()


Request = Union[SegmentRequest, CancelRequest, PingRequest, QuitRequest]
Reply = Union[Ready, Progress, Done, Failed, Cancelled]

REQUESTS: Dict[str, Type[Any]] = {
    "segment": SegmentRequest,
    "cancel": CancelRequest,
    "ping": PingRequest,
    "quit": QuitRequest,
}
REPLIES: Dict[str, Type[Any]] = {
    "ready": Ready,
    "progress": Progress,
    "done": Done,
    "failed": Failed,
    "cancelled": Cancelled,
}
_KINDS = {kind: name for name, kind in (*REQUESTS.items(), *REPLIES.items())}


def encode(message: Union[Request, Reply]) -> str:
    """The line of a message, with its newline."""
    values = {"kind": _KINDS[type(message)], **asdict(message)}
    return json.dumps(values, allow_nan=False) + "\n"


def parse_request(line: Union[str, bytes]) -> Request:
    """The request in a line; MessageError for anything else."""
    request: Request = _parse(line, REQUESTS)
    return request


def parse_reply(line: Union[str, bytes]) -> Reply:
    """The reply in a line; MessageError for anything else."""
    reply: Reply = _parse(line, REPLIES)
    return reply


def _parse(line: Union[str, bytes], kinds: Mapping[str, Type[Any]]) -> Any:
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
        return kinds[kind](**values)
    except MessageError as error:
        raise MessageError(str(error), request_id) from None
    except TypeError as error:  # a field that is missing or unknown
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


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


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


#: Field -> (whether a value is right, what it must be).
_RULES: Dict[str, Tuple[Callable[[Any], bool], str]] = {
    "id": (lambda v: isinstance(v, str), "a text"),
    "input": (_is_text, "a path"),
    "output": (_is_text, "a path"),
    "model": (_is_text, "the id of a model"),
    "structures": (_are_names, "null or a list of names"),
    "roi": (_is_roi, "null or six integers i0 i1 j0 j1 k0 k1"),
    "device": (_is_text, "the name of a device"),
    "pid": (lambda v: type(v) is int and v > 0, "the number of a process"),
    "version": (_is_text, "a text"),
    "fraction": (_is_share, "a number from 0 to 1"),
    "message": (lambda v: isinstance(v, str), "a text"),
    "result": (lambda v: isinstance(v, dict), "an object"),
    "cause": (lambda v: v in ("input", "failure"), "'input' or 'failure'"),
}
