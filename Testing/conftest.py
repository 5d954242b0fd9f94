"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real CTs and contours that AUTOCONTOURRT_DATA names; skips without it."""
    value = os.environ.get("AUTOCONTOURRT_DATA", "")
    if not value:
        pytest.skip("AUTOCONTOURRT_DATA does not name the folder of the shared data")
    folder = Path(value)
    if not folder.is_dir():
        pytest.fail(f"AUTOCONTOURRT_DATA={value} is not a folder; correct it or unset it.")
    return folder
