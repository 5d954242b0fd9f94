"""Lines between the worker and the program that started it."""

from __future__ import annotations

import json

import pytest

from AutoContourRTCore import messages
from AutoContourRTCore.messages import MessageError, SegmentRequest, encode

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
def test_a_request_comes_back_from_its_line(request_: messages.Request) -> None:
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


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "0.5", None])
def test_a_fraction_is_a_number_from_0_to_1(fraction: object) -> None:
    with pytest.raises(MessageError, match="'fraction'"):
        messages.Progress("1", fraction, "")  # type: ignore[arg-type]
