"""The command line as a whole."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from AutoContourRTCore import __version__


def test_it_says_its_version_and_lists_its_commands(command: Any) -> None:
    assert command("--version").out.strip() == f"autocontourrt {__version__}"
    text = command("--help").out
    for name in ("segment", "models", "train", "phantom", "self-test"):
        assert name in text
    assert "not a medical device" in text


@pytest.mark.parametrize("words", [[], ["dance"], ["segment"], ["train", "x"]])
def test_a_wrong_command_line_is_exit_code_2(command: Any, words: list) -> None:
    done = command(*words)
    assert done.code == 2 and "usage:" in done.err


def test_help_and_mistakes_wait_for_no_heavy_import(environment: Any) -> None:
    program = (
        "import sys\nfrom AutoContourRTCore.cli import main\n"
        "code = main(['segment', 'x.nrrd', '-o', 'x.png'])\n"
        "print(code, sorted({'torch', 'SimpleITK', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], env=environment,
                         capture_output=True, text=True)
    assert run.stdout.strip() == "2 []", run.stderr
