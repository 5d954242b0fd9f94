"""One process alone; what two do together is shown in test_training.py."""

from __future__ import annotations

import pytest
import torch

from AutoContourRTCore.nn import processes

CPU = torch.device("cpu")


def test_one_process_alone_joins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    processes.join_group(CPU)
    assert not torch.distributed.is_initialized()
    assert processes.rank_and_world() == (0, 1)
    processes.leave_group()


def test_one_process_alone_agrees_with_itself_and_is_its_own_mean() -> None:
    network = torch.nn.Linear(1, 1)
    assert processes.wrap(network, CPU) is network
    assert processes.mean(torch.tensor(3.0)) == 3.0
    assert processes.agree(True, CPU) and not processes.agree(False, CPU)


def test_each_process_of_a_machine_takes_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, backends = [], []
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setattr(torch.distributed, "init_process_group", backends.append)
    processes.join_group(torch.device("cuda"))
    processes.join_group(CPU)
    assert (taken, backends) == ([3], ["nccl", "gloo"])
