"""Lines out of bytes that come in pieces."""

from __future__ import annotations

import re
from typing import List

#: What does not end a line after so many bytes is passed on as it is.
LONGEST_LINE = 1 << 24


class LineBuffer:
    """Assembles lines; a piece may hold half a line or many. CR, LF or both end a line."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> List[bytes]:
        """The lines that are whole now, without their ends and without empty ones."""
        *lines, self._rest = re.split(rb"[\r\n]", self._rest + piece)
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [line for line in lines if line]

    def flush(self) -> List[bytes]:
        """What is left without an end."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []
