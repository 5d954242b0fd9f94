from __future__ import annotations

import argparse
import re
import signal
from pathlib import Path
from typing import Any, Callable

import pytest

pytest.importorskip("torch")

from AutoContourRTCore.cli.correct_command import _limit, _tell_notes, sentence  # noqa: E402
from AutoContourRTCore.cli.terminal import Console  # noqa: E402
from AutoContourRTCore.correction.project import Project  # noqa: E402
from AutoContourRTCore.models.store import ModelStore  # noqa: E402
from AutoContourRTCore.nn.correction_state import read_status, stop_requested  # noqa: E402
from tiny_projects import STRUCTURES, draw_truth, tiny_dataset, tiny_project  # noqa: E402

Command = Callable[..., Any]


@pytest.fixture()
def project(tmp_path: Path) -> Path:
    with tiny_project(tmp_path / "p", 2) as made:
        draw_truth(made, 1)
        draw_truth(made, 2)
    return tmp_path / "p"


def test_each_remark_of_a_training_is_told_once_whichever_list_it_comes_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: set = set()
    steps = [
        {"notes": ["n1"], "cases_left_out": {"7": "c7"}, "problem": ""},
        {"notes": ["n1", "n2"], "cases_left_out": {"7": "c7"}, "problem": ""},
        {"notes": ["n1", "n2"], "cases_left_out": {}, "problem": "p"},
        {"notes": ["n1", "n2"], "cases_left_out": {"3": "c3", "7": "c7"}, "problem": "p"},
    ]
    for status in steps:
        _tell_notes(status, told, Console())
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Note: {text}" for text in ("n1", "c7", "n2", "p", "c3")]


@pytest.mark.slow
def test_a_project_is_trained_and_promoted_without_a_window(
    command: Command, project: Path, models: Path
) -> None:
    done = command("correct", project, "--stop-after", "1epochs", "--progress", "json")
    assert done.code == 0, done.err
    assert done.lines[-1]["kind"] == "done" and done.lines[-1]["result"]["epoch"] == 1
    assert read_status(project / "training")["epoch"] == 1
    again = command("correct", project, "--stop-after", "1epochs")
    assert re.match(
        r"Epoch 2, 1 training and 1 validation cases; best validation Dice [01]\.\d{3} ", again.out
    )
    made = command("correct", project, "--promote", "my-parotids")
    assert made.code == 0 and "In the store: my-parotids 1.0" in made.out
    assert ModelStore(models).manifest("my-parotids").structures == STRUCTURES
    ModelStore(models).delete("my-parotids")


def test_the_report_holds_table_and_figures(
    command: Command, project: Path, tmp_path: Path
) -> None:
    done = command("correct", project, "--report", tmp_path / "report")
    assert done.code == 0 and "4 corrected contours" in done.out
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"corrections.csv", f"figure5_dice_{STRUCTURES[0]}.png"} <= names


@pytest.mark.slow
def test_a_folder_of_cases_becomes_a_project_and_is_trained(
    command: Command, tmp_path: Path
) -> None:
    dataset = tiny_dataset(tmp_path / "data", 3)
    words = ["correct", tmp_path / "p", "--from", dataset, "--recipe", "default", "--small"]
    done = command(*words, "--stop-after", "1s")
    assert done.code == 0, done.err
    assert "3 cases, Parotid_L, Parotid_R" in done.out
    with Project.open(tmp_path / "p") as project:
        assert [case.side for case in project.record.cases] == ["train", "validation", "train"]
    again = command(*words)
    assert again.code == 2 and "not empty" in again.err


def test_somebody_else_is_asked_to_stop(command: Command, project: Path) -> None:
    assert command("correct", project, "--stop").code == 0
    assert stop_requested(project / "training")


def test_what_is_no_project_and_who_trains_already_is_told_in_one_line(
    command: Command, project: Path, tmp_path: Path
) -> None:
    done = command("correct", tmp_path)
    assert done.code == 2 and "is not a correction project" in done.err
    from AutoContourRTCore.correction.service import TrainingRun

    run = TrainingRun(project, "cpu")
    done = command("correct", project)
    assert done.code == 2 and "The training of 'p' is in use by" in done.err
    run.end()


@pytest.mark.slow
def test_ctrl_c_saves_and_the_same_command_goes_on(start: Any, project: Path) -> None:
    process = start("correct", project)
    assert process.stderr is not None
    for line in process.stderr:
        if "epoch 1" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "stopped and saved" in err
    assert (project / "training" / "checkpoint.pt").exists()
    assert not (project / "trainer.lock").exists()


@pytest.mark.parametrize("text, seconds", [("30s", 30), ("90", 90), ("10m", 600), ("2h", 7200)])
def test_a_time_to_stop_after(text: str, seconds: float) -> None:
    limit = _limit(text)
    assert not limit(seconds - 0.1, {"epoch": 5}) and limit(seconds, {"epoch": 5})


def test_a_number_of_epochs_to_stop_after() -> None:
    limit = _limit("2epochs")
    assert [limit(1e9, {"epoch": n}) for n in (5, 5, 6, 7)] == [False, False, False, True]
    for text in ("", "0s", "-3m", "soon", "5x"):
        with pytest.raises(argparse.ArgumentTypeError):
            _limit(text)


def test_a_training_is_told_in_a_sentence() -> None:
    status = {"epoch": 3, "train": 2, "validation": 1, "best": None}
    assert sentence(status).endswith("no network predicts yet.")
    best = {"score": None, "epoch": 3}
    assert "the newest predicts" in sentence({**status, "best": best})
    best = {"score": 0.5, "epoch": 3, "cases": 2}
    assert "Dice 0.500 (epoch 3, 2 cases)" in sentence({**status, "best": best})
