"""Lines between the worker and the program that started it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from AutoContourRTCore import messages
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import Message, MessageError, SegmentRequest, encode

REQUESTS = [
    SegmentRequest("1", "/data/Größe 患者/ct.nrrd", "out.seg.nrrd", "m"),
    SegmentRequest("2", "a\nb", "c\udcff", "m", ("Parotid_L", "Lung_R"), (0, 5, 0, 5, 1, 3), "cpu"),
    messages.CancelRequest("1"),
    messages.PingRequest(),
    messages.QuitRequest(),
]
REPLIES = [
    messages.Ready(12, "0.1.0"),
    messages.Progress("1", 0.5, "window 1 of 2"),
    messages.Event("1", "epoch", {"dice": 0.5, "organs": ["Lens_L"]}),
    messages.Done("1", {"output": "ü.seg.nrrd", "volumes_ml": {"Lens_L": 0.2}}),
    messages.Failed("", "no", "input"),
    messages.Cancelled("1"),
]
GOOD = {"kind": "segment", "id": "7", "input": "a", "output": "b", "model": "m"}
#: Changes to a good request, and a word of the answer.
BAD = [
    ({"kind": "dance"}, "'dance'"),
    ({"kind": None}, "None"),
    ({"kind": ["segment"]}, "kind"),
    ({"kind": "ready"}, "'ready'"),
    ({"input": ""}, "'input' must be a path"),
    ({"input": 5}, "'input' must be a path"),
    ({"structures": []}, "'structures'"),
    ({"structures": "Lung_L"}, "'structures'"),
    ({"roi": [0, 1, 0, 1, 0]}, "'roi'"),
    ({"roi": [0, 1, 0, 1, 0, True]}, "'roi'"),
    ({"roi": [0, 1, 0, 1, 0, 1.5]}, "'roi'"),
    ({"color": "red"}, "color"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
def test_a_request_comes_back_from_its_line(request_: Message) -> None:
    assert messages.parse_request(encode(request_)) == request_
    assert messages.parse_request(encode(request_).encode()) == request_


@pytest.mark.parametrize("reply", REPLIES, ids=lambda r: type(r).__name__)
def test_a_reply_comes_back_from_its_line(reply: messages.Reply) -> None:
    assert messages.parse_reply(encode(reply)) == reply


@pytest.mark.parametrize("message", [*REQUESTS, *REPLIES], ids=lambda m: type(m).__name__)
def test_a_message_is_one_line_of_ascii(message: messages.Reply) -> None:
    line = encode(message)
    assert line.isascii() and line.endswith("\n") and line.count("\n") == 1


@pytest.mark.parametrize("change, word", BAD)
def test_a_wrong_request_is_refused_with_its_id_and_what_is_wrong(change: dict, word: str) -> None:
    with pytest.raises(MessageError, match=word) as caught:
        messages.parse_request(json.dumps({**GOOD, **change}))
    assert caught.value.id == "7"


def test_a_request_without_a_path_names_the_missing_field() -> None:
    with pytest.raises(MessageError, match="output"):
        messages.parse_request('{"kind": "segment", "id": "7", "input": "a", "model": "m"}')


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{", b"[]", b"5", b"\xff\xfe{}", b'{"kind":"ping"', b"[" * 100000]
)
def test_a_line_that_is_no_object_is_refused(line: bytes) -> None:
    with pytest.raises(MessageError, match="A line is not"):
        messages.parse_request(line)


@dataclass(frozen=True)
class Dance:
    """A request of another file."""

    id: str
    steps: int

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"{self.steps} steps are no dance")


@pytest.fixture()
def dances(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dance as a request that is found by its module's name."""
    module = ModuleType("dances")
    monkeypatch.setattr(Dance, "__module__", "dances")
    module.Dance = Dance  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dances", module)
    monkeypatch.setitem(messages.REQUESTS, "dance", "dances:Dance")


def test_a_request_of_another_file_comes_back_from_its_line(dances: None) -> None:
    line = encode(Dance("1", 3))
    assert json.loads(line) == {"kind": "dance", "id": "1", "steps": 3}
    assert messages.parse_request(line) == Dance("1", 3)


@pytest.mark.parametrize("named", ["dances:Waltz", "no_such_module:Dance"])
def test_a_kind_whose_class_is_missing_is_refused_with_the_id(
    dances: None, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setitem(messages.REQUESTS, "dance", named)
    with pytest.raises(MessageError, match="'dance' is wrong") as caught:
        messages.parse_request('{"kind": "dance", "id": "7", "steps": 3}')
    assert caught.value.id == "7"


def test_what_another_file_refuses_is_refused_with_the_id(dances: None) -> None:
    with pytest.raises(MessageError, match="0 steps are no dance") as caught:
        messages.parse_request('{"kind": "dance", "id": "7", "steps": 0}')
    assert caught.value.id == "7"


@dataclass(frozen=True)
class Jump(Message):
    """A message with a rule of its own, and one of everybody's."""

    rules = {"height": (lambda v: v > 0, "above 0")}
    id: str
    height: float


def test_a_message_of_another_file_may_bring_its_own_rules() -> None:
    assert Jump("1", 2.0).height == 2.0
    with pytest.raises(MessageError, match="'height' must be above 0"):
        Jump("1", -1.0)
    with pytest.raises(MessageError, match="'id' must be a text"):
        Jump(5, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "0.5", None])
def test_a_fraction_is_a_number_from_0_to_1(fraction: object) -> None:
    with pytest.raises(MessageError, match="'fraction'"):
        messages.Progress("1", fraction, "")  # type: ignore[arg-type]
