"""Commands run in this process, and in one of their own where signals or limits matter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

import pytest

from AutoContourRTCore.cli import main


class Outcome(NamedTuple):
    """Exit code, standard output and standard error of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> List[Dict[str, Any]]:
        """Standard output read as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture()
def command(models: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs `autocontourrt ...` here; mistakes that argparse finds count as well."""

    def run(*words: object) -> Outcome:
        capfd.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Outcome(code, *capfd.readouterr())

    return run


@pytest.fixture()
def start(environment: Dict[str, str], tmp_path: Path) -> Callable[..., subprocess.Popen]:
    """Starts `python -m AutoContourRTCore ...`, after some Python of the test's own."""

    def popen(*words: object, before: str = "") -> subprocess.Popen:
        program = f"{before}\nimport sys\nfrom AutoContourRTCore.cli import main\nsys.exit(main())"
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, words)],
            env={**environment, "TMPDIR": str(tmp_path)}, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    return popen
