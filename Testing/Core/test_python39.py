"""Slicer 5.8 has Python 3.9 and NumPy 1.26: the project must run there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from python39 import too_new
from python39_venv import find_python39, ready_venv
from reachable import files_without

ROOT = Path(__file__).resolve().parents[2]
FUTURE = "from __future__ import annotations\n"
TOO_NEW = [
    "match 1:\n    case 1:\n        pass\n",
    "try:\n    pass\nexcept* ValueError:\n    pass\n",
    "def f(x: int | None) -> None: ...\n",
    FUTURE + "Number = int | float\n",
    FUTURE + "print(isinstance(1, int | str))\n",
    FUTURE + "from dataclasses import dataclass\n@dataclass(slots=True)\nclass A: ...\n",
    "print(list(zip('a', 'b', strict=True)))\n",
    "from itertools import pairwise\n",
    "import typing\nx: typing.Self\n",
    "import tomllib\n",
]
OLD_ENOUGH = [
    FUTURE + "def f(x: int | None) -> list[str] | None:\n    y: int | None = x\n",
    "flags = 1 | 2\nmerged = {} | {'a': 1}\n",
    "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass A: ...\n",
    "print(list(zip('a', 'b')))\n",
]
TREE_CHECK = "test_architecture.py"
#: What the environment of the test lacks: torch's builds for 3.9 are too large to fetch.
MISSING = {"torch", "slicer", "vtk", "mrml", "matplotlib"}
#: They read files, so that the Python that runs them says nothing.
CHECKS_OF_SOURCE = {Path(__file__).resolve(), Path(__file__).resolve().with_name(TREE_CHECK)}


@pytest.mark.parametrize("source", TOO_NEW)
def test_source_for_a_newer_python_is_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "new.py").write_text(source, encoding="utf-8")
    assert len(too_new(tmp_path / "new.py")) == 1


@pytest.mark.parametrize("source", OLD_ENOUGH)
def test_source_for_python_39_is_not_blamed(tmp_path: Path, source: str) -> None:
    (tmp_path / "old.py").write_text(source, encoding="utf-8")
    assert not too_new(tmp_path / "old.py")


def test_the_project_keeps_to_python_39() -> None:
    folders = [ROOT / "AutoContourRT", ROOT / "CorrectiveTraining", ROOT / "MetricsModule"]
    files = [path for folder in [*folders, ROOT / "Testing"] for path in folder.rglob("*.py")]
    assert Path(__file__).resolve() in files
    assert not [message for path in files for message in too_new(path)]


def test_a_test_that_reaches_torch_through_others_is_left_out(tmp_path: Path) -> None:
    core, tests = tmp_path / "AutoContourRT/AutoContourRTCore", tmp_path / "Testing/Core"
    sources = {
        core / "nn/net.py": "import torch",
        core / "run.py": "def f():\n    from AutoContourRTCore.nn import net",
        core / "plain.py": "import numpy",
        tests / "test_direct.py": "import torch",
        tests / "test_lazy.py": "from AutoContourRTCore.run import f",
        tests / "test_process.py": "command = ['python', '-m', 'AutoContourRTCore.run']",
        tests / "test_plain.py": "from AutoContourRTCore import plain",
    }
    for path, source in sources.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source + "\n", encoding="utf-8")
    assert files_without({"torch"}, tmp_path) == {tests / "test_plain.py"}


@pytest.mark.slow
def test_core_without_torch_passes_its_quick_tests_on_python_39_and_numpy_126() -> None:
    python39 = find_python39()
    if python39 is None:
        pytest.skip("no Python 3.9 at hand; AUTOCONTOURRT_PYTHON39 may name one")
    try:
        python = ready_venv(python39, ROOT / ".venv39")
    except subprocess.SubprocessError as error:
        pytest.skip(f"the packages for Python 3.9 could not be fetched: {error}")
    files = files_without(MISSING, ROOT) - CHECKS_OF_SOURCE
    assert files
    environment = {k: v for k, v in os.environ.items() if k != "AUTOCONTOURRT_DATA"}
    command = [str(python), "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, *map(str, sorted(files))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    report = run.stdout[-4000:] + run.stderr[-2000:]
    assert run.returncode == 0 and " passed" in report, report
