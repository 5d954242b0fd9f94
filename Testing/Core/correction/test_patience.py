from __future__ import annotations

import errno
from pathlib import Path

import pytest

from AutoContourRTCore.correction import patience
from AutoContourRTCore.correction.patience import ATTEMPTS, Unreachable, patiently, reached
from AutoContourRTCore.errors import InputError


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)


def failing(times: int, error: BaseException) -> "tuple[list[int], object]":
    calls = [0]

    def act() -> str:
        calls[0] += 1
        if calls[0] <= times:
            raise error
        return "done"

    return calls, act


def denied() -> InputError:
    error = InputError("not allowed")
    error.__cause__ = PermissionError()
    return error


AWAY = OSError(errno.ESTALE, "Stale file handle")


@pytest.mark.parametrize(
    "error", [PermissionError(), denied(), AWAY], ids=["plain", "explained", "away"]
)
def test_what_is_not_allowed_for_a_moment_is_tried_again(error: BaseException) -> None:
    calls, act = failing(ATTEMPTS - 1, error)
    assert patiently(act) == "done" and calls == [ATTEMPTS]  # type: ignore[arg-type]


def test_what_stays_forbidden_is_told() -> None:
    calls, act = failing(99, denied())
    with pytest.raises(InputError, match="not allowed"):
        patiently(act)  # type: ignore[arg-type]
    assert calls == [ATTEMPTS]


def test_other_errors_are_told_at_once() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    for error in (InputError("full"), FileNotFoundError(errno.ENOENT, ""), OSError("cut"), full):
        calls, act = failing(99, error)
        with pytest.raises(type(error)):
            patiently(act)  # type: ignore[arg-type]
        assert calls == [1]


def test_a_disk_that_stays_away_is_told_in_words() -> None:
    calls, act = failing(99, AWAY)
    with pytest.raises(Unreachable, match="/far/file cannot .* Stale file handle. Check the conn"):
        reached(Path("/far/file"), act)  # type: ignore[arg-type]
    assert calls == [ATTEMPTS] and issubclass(Unreachable, InputError)
