"""One thread: the tests are tiny, and several may run at once; and a project to train on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Iterator

import pytest


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    torch = sys.modules.get("torch")  # some tests here run where there is none
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture()
def project(tmp_path: Path) -> Iterator[Any]:
    """Three images; the first is drawn (training), the second too (validation)."""
    from tiny_projects import draw_truth, tiny_project

    with tiny_project(tmp_path / "p", 3) as made:
        draw_truth(made, 1)
        draw_truth(made, 2)
        yield made
