"""The errors a user meets. Each message names the offending value and the way out."""

from __future__ import annotations


class InputError(ValueError):
    """What the user gave cannot be used (command line: exit code 2)."""


class Cancelled(Exception):
    """The user asked to stop; nothing was written (command line: exit code 130)."""
