"""Files that are either written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union

from AutoContourRTCore.errors import InputError

_NO_SPACE = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_TEMPORARY = re.compile(r"\.[0-9a-f]{8}")  # how the name of a temporary file begins
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def atomic_path(path: Union[str, Path]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` (same suffix); on success it takes its place.

    The body writes the temporary file. It is then flushed to the disk and renamed. If anything
    fails, it is removed and an earlier file of that name is kept as it was.
    Raises InputError when the folder is missing, not writable or full.
    """
    target = Path(os.path.realpath(path))
    _check_target(target)
    temporary = target.with_name(f".{secrets.token_hex(4)}-{target.name[-60:]}")
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, target)
        _flush_folder(target.parent)
    except OSError as error:
        message = _explained(error, target)
        if message:
            raise InputError(message) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Union[str, Path], text: str) -> None:
    """Write a small text file (UTF-8), whole or not at all. Errors as in atomic_path."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Union[str, Path], content: Union[bytes, memoryview]) -> None:
    """Write a small file, whole or not at all. Errors as in atomic_path."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def remove_leftovers(path: Union[str, Path]) -> None:
    """Remove temporary files that a killed process left of writing ``path``.

    Only for a path that no living process is writing.
    """
    target = Path(os.path.realpath(path))
    ending = "-" + target.name[-60:]
    if not target.parent.is_dir():
        return
    for found in target.parent.iterdir():
        start = found.name[: -len(ending)]
        if found.name.endswith(ending) and _TEMPORARY.fullmatch(start):
            found.unlink(missing_ok=True)


def _check_target(target: Path) -> None:
    if not target.parent.is_dir():
        raise InputError(f"{target} cannot be written: the folder does not exist; create it first.")
    if target.is_dir():
        raise InputError(f"{target} cannot be written: it is a folder; give a file name.")


def _flush(path: Path) -> None:
    """Wait until the content lies on the disk (opened for writing: Windows asks for that)."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Wait until the new name lies on the disk, where the system can do that."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # may be written, not read: the new name is in place all the same
        return
    try:
        os.fsync(descriptor)
    except OSError:  # some shared file systems cannot: the new name is in place all the same
        pass
    finally:
        os.close(descriptor)


def _explained(error: OSError, target: Path) -> str:
    """What to tell the user about a full or protected disk; empty for other errors."""
    if error.errno in _NO_SPACE:
        return (
            f"{target} was not written: no space left on its disk; free some or choose "
            "another folder. An earlier file of that name is unchanged."
        )
    if error.errno in _NOT_ALLOWED:
        return (
            f"{target} was not written: {error.strerror}; choose a folder you may write to, and "
            "close the program that has the file open."
        )
    return ""
