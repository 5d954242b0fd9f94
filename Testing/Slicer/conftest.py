"""Tests in the harness: the application started once, a fresh scene for every test."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

import SlicerHarness

_MISSING = SlicerHarness.missing()
if not _MISSING:
    SlicerHarness.start()  # test files import what imports slicer.i18n, which the harness brings


class _Skipped(pytest.Module):
    """A test file that is not imported, because the harness cannot start here."""

    def collect(self) -> Any:
        pytest.skip(_MISSING, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Optional[Any]:
    """Every test file of this folder is skipped, with the reason, where something is missing."""
    return _Skipped.from_parent(parent, path=module_path) if _MISSING else None


@pytest.fixture(scope="session")
def slicer_app() -> Any:
    """The module `slicer`, with the stand-in application behind it."""
    return SlicerHarness.start()


@pytest.fixture()
def scene(slicer_app: Any) -> Iterator[Any]:
    """An empty scene; fails if a slot, timer or observer raised what no user was shown."""
    from SlicerHarness import failures

    SlicerHarness.clearScene()
    SlicerHarness.forgetMessages()
    failures.forget()
    yield slicer_app.mrmlScene
    slicer_app.app.processEvents()
    shown = "\n".join(message.text for message in SlicerHarness.messages())
    hidden = [e for e in failures.uncaught() if not str(e) or str(e) not in shown]
    failures.forget()
    SlicerHarness.clearScene()
    assert not hidden, f"raised and not shown to the user: {hidden}"


@pytest.fixture()
def waitFor(slicer_app: Any) -> Callable[..., None]:
    """Runs the event loop until a condition holds; fails when it takes too long."""

    def wait(condition: Callable[[], Any], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come to that in time"
            slicer_app.app.processEvents()
            time.sleep(0.002)

    return wait
