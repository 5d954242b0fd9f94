from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

pytest.importorskip("torch")

from AutoContourRTCore.cli.main import parser  # noqa: E402
from AutoContourRTCore.cli.simulate_command import options_recipe  # noqa: E402
from tiny_projects import tiny_dataset  # noqa: E402

Command = Callable[..., Any]


def words(dataset: Path, out: Path, *more: object) -> "list[object]":
    return [
        "simulate", dataset, "-o", out, "--structures", "parotid left,Parotid_R",
        "--seconds-per-case", "1", "--patch", "8,16,16", "--device", "cpu", *more,
    ]


@pytest.mark.slow
def test_a_small_simulation_ends_with_its_line(command: Command, tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 3)
    done = command(*words(dataset, tmp_path / "out", "--cases", "2"))
    assert done.code == 0, done.err
    line = "cases until the running mean of 5 reached 0.6 / 0.7 / 0.75: >2 / >2 / >2"
    assert done.out.splitlines()[-1] == line
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"curve.csv", "curve.png", "progress.json", "project"} <= names
    again = command(*words(dataset, tmp_path / "out", "--cases", "2"))
    assert again.code == 2 and "add --resume" in again.err
    resumed = command(*words(dataset, tmp_path / "out", "--cases", "2", "--resume"))
    assert resumed.code == 0 and resumed.out.splitlines()[-1] == line


def recipe(*more: str) -> Any:
    return options_recipe(parser().parse_args(["simulate", "data", "-o", "out", *more]))


def test_all_arms_have_the_same_network_and_voxels_on_a_cpu(models: Path) -> None:
    arms = [
        recipe("--device", "cpu", "--recipe", "rootpainter3d", "--network-of", "tiny"),
        recipe("--device", "cpu", "--network-of", "tiny"),
        recipe("--device", "cpu", "--start", "tiny"),
    ]
    assert len({(arm.widths, arm.patch, arm.spacing) for arm in arms}) == 1
    assert [arm.loss for arm in arms] == ["annotated_dice_ce", "bce_dice", "bce_dice"]
    assert arms[0].augmentation != arms[1].augmentation
    assert recipe("--device", "cpu", "--seed", "7").seed == 7


def test_mistakes_are_told(command: Command, tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 1)
    done = command(*words(dataset, tmp_path / "out", "--slices", "0"))
    assert done.code == 2 and "--slices 0" in done.err
    done = command(*words(dataset, tmp_path / "out", "--start", "a", "--network-of", "b"))
    assert done.code == 2 and "leave --network-of out" in done.err
    done = command(*words(dataset, tmp_path / "out", "--recipe", "x"))
    assert done.code == 2 and "no recipe 'x'" in done.err
    done = command("simulate", tmp_path / "none", "-o", tmp_path / "out")
    assert done.code == 2 and "holds no case" in done.err
    assert not (tmp_path / "out").exists()
