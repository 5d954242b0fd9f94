"""Training state on disk, written so that a crash leaves the old or the new one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Optional

import torch


def save_checkpoint(state: Dict[str, Any], folder: Path, name: str = "checkpoint.pt") -> None:
    """Write tensors and plain values to folder/name: temporary file, fsync, rename."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / (name + ".part")
    with open(temporary, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, folder / name)


def load_checkpoint(
    folder: Path, device: torch.device, name: str = "checkpoint.pt"
) -> Optional[Dict[str, Any]]:
    """The state of :func:`save_checkpoint`, or None. Never runs code from the file."""
    path = folder / name
    if not path.exists():
        return None
    state: Dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state
