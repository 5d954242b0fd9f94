"""kill -9 at random moments: no unreadable file, nothing drawn is lost, little training is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

import kill_rounds
from AutoContourRTCore.correction import project as projects
from tiny_projects import draw_truth, tiny_project

ROUNDS = 20


def rounds(kind: str, folder: Path) -> Dict[str, Any]:
    paths = [str(Path(projects.__file__).parents[2]), str(Path(kill_rounds.__file__).parent)]
    done = subprocess.run(
        [sys.executable, kill_rounds.__file__, kind, str(folder), str(ROUNDS), "1"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=400,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_trainer_that_is_killed_loses_no_more_than_a_checkpoint_s_time(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with tiny_project(tmp_path / "p", batch=1) as project:  # long epochs of short steps
        draw_truth(project, 1)
        draw_truth(project, 2)
    found = rounds("trainer", tmp_path / "p")
    assert found["rounds"] == ROUNDS
    # Checkpoints every 0.4 s in place of 60; each round lasts up to 2 s.
    assert max(found["lost_seconds"]) < 0.4 + 1.1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_window_that_is_killed_loses_no_stroke(tmp_path: Path) -> None:
    tiny_project(tmp_path / "p", 1).close()
    found = rounds("window", tmp_path / "p")
    assert found["rounds"] == ROUNDS and found["strokes"] > ROUNDS
