"""What stands in the cells of a table; the module file makes widgets of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple


@dataclass(frozen=True)
class Cell:
    """A text; color: a patch in front of it (0..255). checked: whether its box is ticked (None: no
    box). key: what it stands for, "" for nothing. enabled: False shows it in grey.
    """

    text: str = ""
    toolTip: str = ""
    color: Optional[Tuple[int, int, int]] = None
    checked: Optional[bool] = None
    key: str = ""
    enabled: bool = True


#: The cells of one row, from left to right.
Row = List[Cell]
