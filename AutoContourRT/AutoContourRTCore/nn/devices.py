"""Which device computes, and in which number format."""

from __future__ import annotations

import contextlib
from typing import ContextManager, Iterator

import torch

from AutoContourRTCore.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str = "auto") -> torch.device:
    """'auto' takes a GPU where one answers. An impossible choice raises InputError."""
    if name not in DEVICES:
        raise InputError(f"There is no device {name!r}; choose one of {', '.join(DEVICES)}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("No CUDA device answers here; choose --device cpu or auto.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is computed in hardware there."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)  # older ones emulate it
    capability = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(capability()) if capability is not None else False


def autocast(device: torch.device) -> ContextManager[object]:
    """bfloat16 where the device is fast at it, else float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast_bfloat16(device))


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """A number of CPU threads for the time of a block; 0 leaves it as it is."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
