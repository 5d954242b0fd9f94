"""A progress bar on a terminal; the only file that imports tqdm."""

from __future__ import annotations

import sys

from tqdm import tqdm

_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


class Bar:
    """A bar on standard error from 0 to 1; it never goes back."""

    def __init__(self, title: str) -> None:
        self._bar = tqdm(desc=title, total=1.0, bar_format=_FORMAT, dynamic_ncols=True)

    def report(self, fraction: float, message: str) -> None:
        """Move the bar and show a message behind it."""
        self._bar.set_postfix_str(message, refresh=False)
        self._bar.update(max(0.0, min(fraction, 1.0) - self._bar.n))

    def close(self) -> None:
        """Leave the bar as it is and go to the next line."""
        self._bar.close()


def write_above(text: str) -> None:
    """A line on standard error; bars that are shown there move below it."""
    tqdm.write(text, file=sys.stderr)
