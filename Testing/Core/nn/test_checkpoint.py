from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from AutoContourRTCore.nn.checkpoint import load_checkpoint, save_checkpoint

CPU = torch.device("cpu")


def test_tensors_and_plain_values_come_back(tmp_path: Path) -> None:
    losses = [0.1, float("inf")]
    state = {"weights": {"a": torch.arange(3.0)}, "step": 7, "losses": losses, "none": None}
    save_checkpoint(state, tmp_path / "new" / "folder")
    loaded = load_checkpoint(tmp_path / "new" / "folder", CPU)
    assert loaded is not None
    assert torch.equal(loaded["weights"]["a"], torch.arange(3.0))
    assert (loaded["step"], loaded["losses"], loaded["none"]) == (7, losses, None)


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, CPU) is None


def test_a_save_that_fails_leaves_the_old_checkpoint_and_nothing_else(tmp_path: Path) -> None:
    save_checkpoint({"step": 1}, tmp_path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        save_checkpoint({"step": 2, "bad": lambda: 0}, tmp_path)
    assert load_checkpoint(tmp_path, CPU) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


class Evil:
    def __reduce__(self) -> "tuple[object, tuple[str]]":
        return os.mkdir, ("was-here",)


def test_code_in_a_checkpoint_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_checkpoint({"evil": Evil()}, tmp_path)
    with pytest.raises(pickle.UnpicklingError):
        load_checkpoint(tmp_path, CPU)
    assert not (tmp_path / "was-here").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_full_disk_is_explained_and_the_old_checkpoint_kept(tmp_path: Path) -> None:
    save_checkpoint({"step": 1}, tmp_path)
    script = f"""
import resource, signal, torch
from pathlib import Path
from AutoContourRTCore.nn.checkpoint import save_checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
save_checkpoint({{"weights": torch.zeros(100_000)}}, Path({str(tmp_path)!r}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "InputError" in done.stderr and "no space left" in done.stderr, done.stderr
    assert load_checkpoint(tmp_path, CPU) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
