"""Files that the system does not let us read."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from AutoContourRTCore.errors import InputError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """InputError, naming the file and the system's reason, for an OSError of the body."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror or error}); check that it is still there, "
            "that you are allowed to read it, and the disk."
        ) from error
