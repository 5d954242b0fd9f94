"""Training state on disk, written so that a crash leaves the old or the new one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Dict, Optional

import torch

from AutoContourRTCore.volumes.atomic import write_bytes


def save_checkpoint(state: Dict[str, Any], folder: Path, name: str = "checkpoint.pt") -> None:
    """Write tensors and plain values to folder/name. Raises InputError where the disk is full."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()  # torch would hide from atomic_path that the disk is full
    torch.save(state, packed)
    write_bytes(folder / name, packed.getbuffer())


def load_checkpoint(
    folder: Path, device: torch.device, name: str = "checkpoint.pt"
) -> Optional[Dict[str, Any]]:
    """The state of :func:`save_checkpoint`, or None. Never runs code from the file."""
    path = folder / name
    if not path.exists():
        return None
    state: Dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state
