"""Trainings that are killed, shared between processes, or taught by their own mistakes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import torch

import tiny_training
from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.nn import training
from AutoContourRTCore.nn.checkpoint import load_checkpoint
from AutoContourRTCore.nn.training import Trainer
from tiny_cases import SOME, tiny_recipe
from tiny_training import tiny_data

CPU = torch.device("cpu")
SCRIPT = Path(tiny_training.__file__)
CORE = Path(training.__file__).parents[2]


def trainer(folder: Path, **changes: Any) -> Trainer:
    return Trainer(tiny_data(), tiny_recipe(**changes), folder, CPU)


def lines(folder: Path) -> List[Dict[str, Any]]:
    """metrics.jsonl without the time of day."""
    text = (folder / "metrics.jsonl").read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.splitlines()]
    return [{name: value for name, value in h.items() if name != "time"} for h in found]


MINING = {"cycle_epochs": 1, "on_false_positive": 0.5, "on_structure": 0.0}


def sees_everything(trained: Trainer) -> None:
    """Make the network predict both structures everywhere."""
    for weights in (trained.network.state_dict(), trained.average):
        weights["head.weight"].zero_()
        weights["head.bias"].fill_(9.0)


def test_after_each_cycle_patches_go_where_the_network_is_wrong(tmp_path: Path) -> None:
    trained = trainer(tmp_path, lr=1e-9, epochs=4, **{**MINING, "cycle_epochs": 2})
    sees_everything(trained)
    found: Dict[int, int] = {}

    def progress(share: float, message: str) -> None:
        found[trained.step] = len(trained._places.false_positives)

    trained.run(progress=progress)
    # Nothing in the first cycle of two epochs, then all three cases.
    assert [found[step] for step in (4, 7, 9, 16)] == [0, 0, 3, 3]
    for case, voxels in trained._places.false_positives.items():
        labels = trained.data.train[case].labels[tuple(voxels.T)]
        drawn = sum(int(d) << n for n, d in enumerate(trained.data.train[case].drawn))
        assert np.all(labels != drawn)


def test_a_recipe_without_cycles_never_looks_for_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "false_positives", lambda *a: pytest.fail("it looked"))
    trainer(tmp_path).run()


@pytest.mark.parametrize("stop", ["in the cycle", "while looking for mistakes"])
def test_mistakes_survive_a_restart(tmp_path: Path, stop: str) -> None:
    changes: Dict[str, Any] = {**MINING, "lr": 1e-4, "augmentation": SOME}
    whole = trainer(tmp_path / "whole", **changes)
    sees_everything(whole)
    whole.run()
    first = trainer(tmp_path / "parts", **changes)
    sees_everything(first)

    def progress(share: float, message: str) -> None:
        looking = message.startswith("looking for mistakes in case 2") and first.step == 4
        if looking if stop.startswith("while") else first.step == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        first.run(progress=progress)
    second = trainer(tmp_path / "parts", **changes)
    second.resume()
    if stop == "in the cycle":
        assert set(second._places.false_positives) == {0, 1, 2}
    second.run()
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole")


def script(*arguments: str) -> List[str]:
    return [str(SCRIPT), *arguments]


def environment() -> Dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CORE), "OMP_NUM_THREADS": "1"}


def run_script(folder: Path, *arguments: str) -> Dict[int, float]:
    """Step -> loss of a run of tiny_training.py."""
    done = subprocess.run(
        [sys.executable, *script(str(folder), *arguments)],
        env=environment(), capture_output=True, text=True, timeout=400,
    )
    assert done.returncode == 0, done.stderr
    return printed_losses(done.stdout)


def printed_losses(text: str) -> Dict[int, float]:
    return {int(step): float(loss) for step, loss in map(str.split, text.splitlines())}


def run_until_killed(folder: Path, step: int) -> Dict[int, float]:
    """The losses until `kill -9` strikes after a step."""
    command = [sys.executable, *script(str(folder), "--wait-at", str(step))]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        seen = {}
        for line in process.stdout:
            seen.update(printed_losses(line))
            if step - 1 in seen:
                os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL
    return seen


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_after_kill_9_the_losses_are_those_of_the_uninterrupted_run(tmp_path: Path) -> None:
    whole = run_script(tmp_path / "whole")
    assert list(whole) == list(range(12))
    before = run_until_killed(tmp_path / "parts", step=8)
    assert before == {step: whole[step] for step in range(8)}
    after = run_script(tmp_path / "parts")
    resumed_at = min(after)
    assert 0 < resumed_at <= 8
    assert after == {step: whole[step] for step in range(resumed_at, 12)}
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs torchrun with gloo on loopback")
def test_two_processes_have_the_losses_of_one_with_the_doubled_batch(tmp_path: Path) -> None:
    alone = run_script(tmp_path / "alone", "--batch", "2", "--float32")
    together = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2",
            "--master_addr=127.0.0.1", f"--master_port={free_port()}",
            *script(str(tmp_path / "together"), "--batch", "1", "--float32"),
        ],
        env={**environment(), "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert together.returncode == 0, together.stderr
    shown = sorted(together.stdout.splitlines())
    assert len(shown) == 24  # both processes print every step, with the mean of both
    losses = [line["loss"] for line in lines(tmp_path / "together")]
    assert losses == pytest.approx([line["loss"] for line in lines(tmp_path / "alone")], rel=1e-5)
    for line in shown:
        for step, loss in printed_losses(line).items():
            assert loss == pytest.approx(alone[step], rel=1e-5)
    first, second = (
        load_checkpoint(tmp_path / name, CPU, "best.pt") for name in ("alone", "together")
    )
    assert first is not None and second is not None
    for name, weight in first["network"].items():
        assert torch.allclose(weight, second["network"][name], atol=1e-4), name
