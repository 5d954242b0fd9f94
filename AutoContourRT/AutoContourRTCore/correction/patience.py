"""Files of a project that one process replaces while another may just be reading them."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

from AutoContourRTCore.errors import InputError

#: On Windows a file cannot be replaced, nor opened, in the moment in which another process has it
#: open the other way. Such moments are short.
ATTEMPTS, PAUSE_SECONDS = 12, 0.05

Result = TypeVar("Result")


def patiently(act: Callable[[], Result]) -> Result:
    """What `act` gives; it is tried again for half a second when it is not allowed just now.

    Raises what `act` raises the last time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return act()
        except PermissionError:
            time.sleep(PAUSE_SECONDS)
        except InputError as error:  # as volumes.atomic tells it
            if not isinstance(error.__cause__, PermissionError):
                raise
            time.sleep(PAUSE_SECONDS)
    return act()
