"""Weights in safetensors files: arrays and their names, never code.

The only file that imports safetensors. The layout is public: eight bytes with the length of a
JSON header (little endian), the header, then the bare numbers.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, Mapping, Union

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import write_bytes

_MOST_HEADER_BYTES = 32 * 1024 * 1024
_TYPES = {"F16": np.float16, "F32": np.float32}
_CONVERT = "convert the weights to float16 or float32 and save them as safetensors"


def save_tensors(tensors: Mapping[str, np.ndarray], path: Union[str, Path]) -> None:
    """Write arrays (float16 or float32) to a safetensors file, whole or not at all.

    Raises InputError for other types and for a folder that is missing, protected or full.
    """
    from safetensors.numpy import save

    for name, array in tensors.items():
        if array.dtype not in (np.float16, np.float32):
            raise InputError(f"The weights {name!r} are {array.dtype}; {_CONVERT}.")
    content = save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    write_bytes(path, content)


def load_tensors(path: Union[str, Path]) -> Dict[str, np.ndarray]:
    """The arrays (float16 or float32) of a safetensors file by their names.

    Raises InputError for a missing or damaged file, a pickle, and other number types.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    check_tensors(path)
    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise InputError(f"{path} is damaged ({error}); get the model again.") from error


def check_tensors(path: Union[str, Path]) -> Dict[str, object]:
    """The shapes of the arrays in a safetensors file by their names, tuples where all is well.

    Reads the header alone, and needs no package for it. Raises InputError unless all arrays are
    float16 or float32.
    """
    shapes: Dict[str, object] = {}
    for name, entry in _header(Path(path)).items():
        if name == "__metadata__":
            continue
        kind = entry.get("dtype") if isinstance(entry, dict) else None
        if kind not in _TYPES:
            raise InputError(f"{path}: the weights {name!r} are {kind!r}; {_CONVERT}.")
        shape = entry.get("shape")
        shapes[name] = tuple(shape) if isinstance(shape, list) else shape
    return shapes


def _header(path: Path) -> Dict[str, Any]:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(9)
            length = int.from_bytes(start[:8], "little")
            if len(start) < 9 or start[8:] != b"{" or length > min(size - 8, _MOST_HEADER_BYTES):
                raise InputError(_wrong_kind(path, start))
            text = b"{" + file.read(length - 1)
    except OSError as error:
        raise InputError(f"The weights {path} cannot be read: {error.strerror}.") from error
    try:
        header: Dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}); get the model again.") from error
    return header


def _wrong_kind(path: Path, start: bytes) -> str:
    """What a file is that does not begin as safetensors does."""
    if start[:1] == b"\x80" or start[:4] == b"PK\x03\x04":
        return (
            f"{path} holds a pickle (as torch.save writes), which can run any code when it is "
            "read; it was not opened. Ask for the weights as safetensors."
        )
    return f"{path} is not a safetensors file, or it is cut short; get the model again."
