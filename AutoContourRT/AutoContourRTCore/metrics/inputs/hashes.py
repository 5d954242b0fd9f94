"""What files are recognised by, long after they were compared."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Sequence

_BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def identity_of(files: Sequence[Path]) -> str:
    """"sha256:" and the hash of a file; of several, the hash of their names and hashes."""
    if len(files) == 1:
        return f"sha256:{sha256_of(files[0])}"
    return joint_identity(f"{file.name} {sha256_of(file)}" for file in files)


def joint_identity(parts: Iterable[str]) -> str:
    """"sha256:" and the hash of several identities, in their order."""
    text = "".join(f"{part}\n" for part in parts)
    return f"sha256:{hashlib.sha256(text.encode('utf-8')).hexdigest()}"
