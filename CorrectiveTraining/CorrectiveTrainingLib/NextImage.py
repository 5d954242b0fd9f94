"""The image that is probably opened next, read while the user does nothing."""

from __future__ import annotations

from typing import Optional

from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.volume import Volume


class NextImage:
    """At most one image is in memory; one that cannot be read is not tried again and again."""

    def __init__(self) -> None:
        self._case, self._volume = "", None  # type: str, Optional[Volume]

    def volume(self, case: str) -> Optional[Volume]:
        """The image of a case, where it was read."""
        return self._volume if case == self._case else None

    def read(self, project: Project, case: str) -> bool:
        """Read the image of a case; False where it was, or cannot be: opening that case tells why.
        """
        if case == self._case:
            return False
        self._case, self._volume = case, None
        try:
            self._volume = project.volume(case)
        except InputError:
            return False
        return True

    def tryAgain(self) -> None:
        """An image that could not be read may be another now."""
        if self._volume is None:
            self._case = ""
