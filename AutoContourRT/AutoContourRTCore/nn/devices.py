"""Which device computes, and in which number format."""

from __future__ import annotations

import contextlib
import gc
import warnings
from typing import Callable, ContextManager, Iterator

import torch

from AutoContourRTCore.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def _say(warning: str) -> None:
    warnings.warn(warning, RuntimeWarning, stacklevel=3)


def choose_device(name: str = "auto", warn: Callable[[str], None] = _say) -> torch.device:
    """'auto' takes a GPU where one computes. An impossible choice raises InputError.

    warn: told where 'auto' passes over a GPU; Python's warnings, on standard error, unless given.
    """
    if name not in DEVICES:
        raise InputError(f"There is no device {name!r}; choose one of {', '.join(DEVICES)}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("No CUDA device answers here; choose --device cpu or auto.")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    fault = _fault_of(torch.device("cuda"))
    if not fault:
        return torch.device("cuda")
    message = f"The GPU that is here cannot be used ({fault})"
    if name == "cuda":
        raise InputError(
            f"{message}; choose --device cpu or auto, or install a PyTorch that supports it."
        )
    warn(f"{message}; the CPU computes instead. A PyTorch that supports the GPU would be faster.")
    return torch.device("cpu")


def _fault_of(device: torch.device) -> str:
    """Why the smallest computation fails there, as with a GPU too old or too new; "" if it works.
    """
    try:
        torch.ones(1, device=device).add_(1).item()
    except RuntimeError as error:
        return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return ""


def release_memory() -> None:
    """Give back what nothing refers to any more but itself, and what CUDA keeps of it."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


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
