"""Files of a project that another process replaces meanwhile, or that lie on a network folder."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import Callable, TypeVar

from AutoContourRTCore.errors import InputError

#: On Windows a file cannot be replaced, nor opened, in the moment in which another process has it
#: open the other way; a network folder is away at times. Such moments are mostly short.
ATTEMPTS, PAUSE_SECONDS = 12, 0.05
#: What waiting does not mend: nothing there, something there already, a full or protected disk.
_LASTING = {
    errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOSPC, errno.EFBIG, errno.EROFS,
    getattr(errno, "EDQUOT", errno.ENOSPC),
}

Result = TypeVar("Result")


class Unreachable(InputError):
    """A file that cannot be read or written just now, by no fault of what stands in it."""


def patiently(act: Callable[[], Result]) -> Result:
    """What `act` gives; it is tried again for half a second when it cannot be done just now.

    Raises what `act` raises the last time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return act()
        except OSError as error:
            if not _may_pass(error):
                raise
        except InputError as error:  # as volumes.atomic tells it
            if not isinstance(error.__cause__, PermissionError):
                raise
        time.sleep(PAUSE_SECONDS)
    return act()


def reached(path: Path, act: Callable[[], Result]) -> Result:
    """As `patiently`; an OSError of the file or folder becomes Unreachable."""
    try:
        return patiently(act)
    except OSError as error:
        raise unreachable(path, error) from error


def unreachable(path: Path, error: OSError) -> Unreachable:
    """What to tell of an error of the system."""
    return Unreachable(
        f"{path} cannot be read or written just now: {error.strerror or error}. Check the "
        "connection to its disk and the space on it, and try again; what was saved is safe."
    )


def _may_pass(error: OSError) -> bool:
    known = error.errno is not None and error.errno not in _LASTING
    return known or isinstance(error, PermissionError)
