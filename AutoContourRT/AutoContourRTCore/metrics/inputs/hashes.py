"""What files are recognised by, long after they were compared."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Sequence

from AutoContourRTCore.hashing import sha256_of


def identity_of(files: Sequence[Path]) -> str:
    """"sha256:" and the hash of a file; of several, the hash of their names and hashes."""
    if len(files) == 1:
        return f"sha256:{sha256_of(files[0])}"
    return joint_identity(f"{file.name} {sha256_of(file)}" for file in files)


def joint_identity(parts: Iterable[str]) -> str:
    """"sha256:" and the hash of several identities, in their order."""
    text = "".join(f"{part}\n" for part in parts)
    return f"sha256:{hashlib.sha256(text.encode('utf-8')).hexdigest()}"
