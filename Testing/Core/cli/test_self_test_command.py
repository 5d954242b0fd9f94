"""`autocontourrt self-test`: the installation, not the accuracy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore import self_test
from AutoContourRTCore.models.places import shipped_folder
from AutoContourRTCore.phantom import make_phantom


@pytest.fixture()
def tiny(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny model in a store of the test's own; the phantom is coarse."""
    monkeypatch.setattr(self_test, "make_phantom", lambda: make_phantom((5.0, 5.0, 5.0)))
    shutil.copytree(models / "tiny", tmp_path / "models" / "tiny")
    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / "tiny"


def test_stored_values_pass_and_others_fail(command: Any, tiny: Path) -> None:
    words = ("self-test", "--model", "tiny", "--progress", "none")
    nothing = command(*words)
    assert nothing.code == 2 and "no values to compare with" in nothing.err
    assert command(*words, "--store").code == 0
    passed = command(*words)
    assert passed.code == 0 and "Passed" in passed.out and "not the accuracy" in passed.out
    assert "Parotid_L" in passed.out and "DIFFERS" not in passed.out
    values = json.loads((tiny / "self_test.json").read_text("utf-8"))
    values["dice"]["Parotid_L"] += 0.021
    (tiny / "self_test.json").write_text(json.dumps(values), encoding="utf-8")
    failed = command(*words)
    assert failed.code == 3 and failed.out.count("DIFFERS") == 1
    assert "install the program again" in failed.out


def test_damaged_values_are_exit_code_2(command: Any, tiny: Path) -> None:
    (tiny / "self_test.json").write_text("[]", encoding="utf-8")
    done = command("self-test", "--model", "tiny")
    assert done.code == 2 and "damaged" in done.err


@pytest.mark.slow
@pytest.mark.skipif(
    not (shipped_folder() / "head_neck_7" / "self_test.json").exists(),
    reason="the shipped model has no stored values in this tree",
)
def test_the_shipped_model_passes_here(command: Any) -> None:
    done = command("self-test", "--progress", "none")
    assert done.code == 0, done.out


def test_the_metrics_are_checked_on_shapes_known_on_paper(command: Any, tmp_path: Path) -> None:
    done = command("self-test", "--metrics", "-o", tmp_path / "page.html")
    assert done.code == 0 and "figures are as computed on paper" in done.out
    assert "Passed: " in (tmp_path / "page.html").read_text("utf-8")


def test_a_figure_that_is_wrong_is_told_and_exit_code_3(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from AutoContourRTCore.metrics.compare import structure

    monkeypatch.setattr(structure, "dice", lambda a, b: 0.5)
    done = command("self-test", "--metrics")
    assert done.code == 3 and "box against itself, dice: 0.5, expected 1 to 1" in done.out
