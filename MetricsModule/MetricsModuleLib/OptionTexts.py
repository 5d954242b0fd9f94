"""What a user types, as the values that a comparison takes; and back."""

from __future__ import annotations

import json
import math
from typing import Any, Sequence, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError

SPACING = "spacing"
Pairs = Tuple[Tuple[str, str], ...]


def gridFrom(choice: str, spacing: str) -> Any:
    """"reference", "test", or the spacing (k, j, i; mm) of a text such as "1 x 1 x 2.5".

    The text goes along i, j, k, as images are described; one number stands for all three.
    Raises InputError for anything else.
    """
    if choice != SPACING:
        return choice
    words = spacing.lower().replace("mm", " ").replace("x", " ").replace(",", ".").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    numbers = numbers * 3 if len(numbers) == 1 else numbers
    if len(numbers) != 3 or not all(0 < mm < math.inf for mm in numbers):
        text = _(
            "The spacing {spacing!r} is not understood; write three lengths in mm, such as "
            "1 x 1 x 2.5."
        )
        raise InputError(text.format(spacing=spacing))
    return tuple(numbers[::-1])


def pairsFrom(text: str) -> Pairs:
    """The matches by hand of a text by `textOfPairs`."""
    return tuple((str(a), str(b)) for a, b in json.loads(text or "[]"))


def textOfPairs(pairs: Sequence[Tuple[str, str]]) -> str:
    """Matches by hand as JSON."""
    return json.dumps([list(pair) for pair in pairs], ensure_ascii=False) if pairs else ""


def withPair(pairs: Pairs, reference: str, test: str) -> Pairs:
    """The matches with one more, or another one; what contradicts it goes."""
    kept = [
        (a, b) for a, b in pairs
        if not ((reference and a == reference) or (test and b == test))
    ]  # fmt: skip
    return (*kept, (reference, test))


def without(pairs: Pairs, reference: str, test: str) -> Pairs:
    """The matches without any of this name."""
    return tuple(
        (a, b) for a, b in pairs
        if not ((reference and a == reference) or (test and b == test))
    )  # fmt: skip
