"""The house rules, first on small trees that break them, then on the real one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Callable, Dict, List

import pytest

import architecture

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="Python 3.9 cannot list its standard library"
)

ROOT = Path(__file__).resolve().parents[2]
RULES: List[Callable[[Dict[str, architecture.SourceFile]], List[str]]] = [
    architecture.wrong_storeys,
    architecture.cycles,
    architecture.impure_core,
    architecture.torch_outside_nn,
    architecture.optional_outside_adapter,
]
CORE = "AutoContourRT/AutoContourRTCore/"
CLEAN = {
    CORE + "__init__.py": "",
    CORE + "errors.py": "import json\n",
    CORE + "volumes/__init__.py": "from .files import read\n",
    CORE + "volumes/files.py": "import numpy as np\nfrom AutoContourRTCore import errors\n",
    CORE + "models/tensors.py": "from safetensors.numpy import load_file\n",
    CORE + "nn/unet.py": "import torch.nn\nfrom ..volumes import files\n",
    "AutoContourRT/AutoContourRTLib/bridge.py": "import slicer\nimport AutoContourRTCore.errors\n",
    "AutoContourRT/AutoContourRT.py": "import qt\nfrom AutoContourRTLib import bridge\n",
    "CorrectiveTraining/CorrectiveTrainingLib/loop.py": "import AutoContourRTLib.bridge\n",
    "CorrectiveTraining/CorrectiveTraining.py": "from CorrectiveTrainingLib import loop\n",
    "MetricsModule/MetricsModuleLib/table.py": "from AutoContourRTCore.volumes import files\n",
    "MetricsModule/MetricsModule.py": "from MetricsModuleLib.table import x\n",
}
#: Each breaks one rule: the file, its source, and words of the message.
VIOLATIONS = [
    (CORE + "errors.py", "import AutoContourRTLib.bridge", "not below"),
    (CORE + "errors.py", "def f():\n    from AutoContourRTLib import bridge", "not below"),
    ("AutoContourRT/AutoContourRTLib/bridge.py", "import CorrectiveTrainingLib", "not below"),
    ("AutoContourRT/AutoContourRTLib/bridge.py", "import AutoContourRT", "not below"),
    ("CorrectiveTraining/CorrectiveTraining.py", "import MetricsModuleLib.table", "not below"),
    ("CorrectiveTraining/CorrectiveTraining.py", "import MetricsModule", "not below"),
    ("CorrectiveTraining/CorrectiveTrainingLib/loop.py", "import MetricsModuleLib", "not below"),
    ("MetricsModule/Helpers.py", "", "no storey"),
    (CORE + "errors.py", "from AutoContourRTCore.nn import unet", "import cycle"),
    (CORE + "errors.py", "def f():\n    from . import volumes\n    volumes.files", "import cycle"),
    (CORE + "errors.py", "import slicer", "Core knows nothing of it"),
    (CORE + "errors.py", "from qt import QTimer", "Core knows nothing of it"),
    (CORE + "volumes/files.py", "def f():\n    import vtk.util", "Core knows nothing of it"),
    (CORE + "volumes/files.py", "import ctk", "Core knows nothing of it"),
    (CORE + "volumes/files.py", "import pandas", "Core knows nothing of it"),
    (CORE + "errors.py", "def f():\n    import torch", "torch belongs below"),
    (CORE + "nnx.py", "from torch import nn", "torch belongs below"),
    ("MetricsModule/MetricsModuleLib/table.py", "__import__('torch')", "torch belongs below"),
    (CORE + "errors.py", "from safetensors import safe_open", "models/tensors.py may"),
    (CORE + "nn/unet.py", "import importlib\nimportlib.import_module('tqdm.auto')", "may"),
]


def write(root: Path, sources: Dict[str, str]) -> Dict[str, architecture.SourceFile]:
    for name, source in sources.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return architecture.read_tree(root)


def broken(files: Dict[str, architecture.SourceFile]) -> List[str]:
    return [message for rule in RULES for message in rule(files)]


def test_a_tree_that_keeps_the_rules_is_not_blamed(tmp_path: Path) -> None:
    files = write(tmp_path, CLEAN)
    assert len(files) == len(CLEAN)
    assert not broken(files)


@pytest.mark.parametrize("path, source, message", VIOLATIONS)
def test_each_broken_rule_is_found(tmp_path: Path, path: str, source: str, message: str) -> None:
    found = broken(write(tmp_path, {**CLEAN, path: source + "\n"}))
    assert any(message in line for line in found), found


def test_an_import_that_never_runs_is_no_arrow(tmp_path: Path) -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n"
    assert not broken(write(tmp_path, {**CLEAN, CORE + "errors.py": source}))


def test_the_other_branch_of_a_type_checking_block_is_read(tmp_path: Path) -> None:
    source = "import typing\nif typing.TYPE_CHECKING:\n    pass\nelse:\n    import torch\n"
    assert broken(write(tmp_path, {**CLEAN, CORE + "errors.py": source}))


def test_a_file_of_400_lines_is_too_long_and_one_of_399_is_not(tmp_path: Path) -> None:
    write(tmp_path, {CORE + "long.py": "x = 1\n" * 400, CORE + "short.py": "x = 1\n" * 399})
    (message,) = architecture.long_files(tmp_path)
    assert "long.py has 400 lines" in message


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_tree_keeps(rule: Callable[..., List[str]]) -> None:
    files = architecture.read_tree(ROOT)
    assert "AutoContourRTCore.errors" in files
    assert not rule(files)


def test_no_file_of_the_project_is_too_long() -> None:
    assert not architecture.long_files(ROOT)


def test_only_ci_names_the_folder_beside_the_project() -> None:
    folder = "../" + "shared"
    texts = [
        path
        for pattern in ("AutoContourRT/**/*.*", "Testing/**/*.py", "*.md", "*.toml", "Makefile")
        for path in ROOT.glob(pattern)
        if path.suffix in (".py", ".md", ".toml", ".json", ".csv", "")
    ]
    assert ROOT / "Makefile" in texts
    assert not [str(path) for path in texts if folder in path.read_text(encoding="utf-8")]
