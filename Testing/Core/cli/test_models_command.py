"""`autocontourrt models`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from AutoContourRTCore.models.store import ModelStore


def test_a_model_is_exported_imported_elsewhere_listed_and_deleted(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "mein Modell.zip"
    assert command("models", "export", "tiny", archive).code == 0
    assert command("models", "export", "tiny", archive).code == 2
    assert command("models", "export", "tiny", archive, "--force").code == 0
    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(tmp_path / "other"))
    assert "tiny" not in command("models").out
    assert command("models", "import", archive).code == 0
    listed = command("models", "list")
    assert listed.code == 0 and "tiny 1.0 (imported)" in listed.out and "Parotid_L" in listed.out
    again = command("models", "import", archive)
    assert again.code == 2 and "is there already" in again.err
    assert command("models", "delete", "tiny").code == 0
    assert "tiny" not in command("models").out
    gone = command("models", "delete", "tiny")
    assert gone.code == 2 and "There is no model 'tiny'" in gone.err


@pytest.mark.parametrize(
    "words", [("--progress", "json", "list"), ("list", "--progress", "json"),
              ("--progress", "none", "list", "--progress", "json")],
)  # fmt: skip
def test_what_every_command_takes_may_stand_before_and_behind_the_action(
    command: Any, words: tuple
) -> None:
    done = command("models", *words)
    assert done.code == 0, done.err
    assert done.lines[-1]["kind"] == "done" and "tiny" in done.lines[-1]["result"]["models"]


@pytest.mark.parametrize("words", [("--debug", "delete", "tiny"), ("delete", "tiny", "--debug")])
def test_debug_too(command: Any, monkeypatch: pytest.MonkeyPatch, words: tuple) -> None:
    monkeypatch.setattr(ModelStore, "delete", lambda store, model_id: 1 / 0)
    done = command("models", *words)
    assert done.code == 3 and "Traceback" in done.err


def test_a_folder_that_is_no_model_is_refused(command: Any, tmp_path: Path) -> None:
    done = command("models", "import", tmp_path)
    assert done.code == 2 and str(tmp_path) in done.err


def test_a_broken_model_is_warned_about_and_the_others_are_listed(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("{}", encoding="utf-8")
    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(tmp_path))
    done = command("models", "--progress", "json")
    assert done.code == 0 and "broken" in done.err
    assert isinstance(done.lines[-1]["result"]["models"], list)
