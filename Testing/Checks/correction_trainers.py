"""Trainers on tiny projects, and short cuts through their epochs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest
import torch

from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.nn import correction_training
from AutoContourRTCore.nn.checkpoint import load_checkpoint
from AutoContourRTCore.nn.correction_state import Judged
from AutoContourRTCore.nn.correction_training import CorrectionTrainer
from AutoContourRTCore.nn.unet import ResidualUNet

CPU = torch.device("cpu")


def trainer(project: Project, **arguments: Any) -> CorrectionTrainer:
    return CorrectionTrainer(project.folder, CPU, **arguments)


def epochs(trained: CorrectionTrainer, count: int) -> CorrectionTrainer:
    """Go on to the end of so many more epochs."""
    end = trained.state.epoch + count
    while trained.state.epoch < end:
        trained.unit()
    return trained


def quick(monkeypatch: pytest.MonkeyPatch, scores: Callable[[], float]) -> None:
    """Epochs of one step that learns nothing, judged as `scores` says."""

    def judge(self: Any, network: ResidualUNet, into: Judged) -> Iterator[str]:
        into.score, into.dice = scores(), {}
        yield "judged"

    monkeypatch.setattr(CorrectionTrainer, "_one_step", lambda self: 0.5)
    monkeypatch.setattr(CorrectionTrainer, "_judge", judge)
    monkeypatch.setattr(correction_training, "epoch_samples", lambda images, patches: 1)


def weights(folder: Path, name: str = "best.pt") -> Dict[str, torch.Tensor]:
    stored = load_checkpoint(folder / "training", CPU, name)
    assert stored is not None
    return stored["network"]


def same(one: Any, other: Any) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)
