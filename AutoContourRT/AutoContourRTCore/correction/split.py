"""Which image is for training and which for validation.

Smith 2021: the first annotated image is for training, the second for validation; afterwards one is
for validation only while training has at least five times as many. An image never changes sides.
Sartor 2020: five parts, each in its turn for validation, cycle by cycle.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

TRAIN, VALIDATION = "train", "validation"
GROWING, ROTATING = "growing", "rotating"
TRAIN_PER_VALIDATION = 5
PARTS = 5


def next_side(train: int, validation: int) -> str:
    """The side of the next annotated image, where so many are on each already."""
    if train == 0:
        return TRAIN
    if validation == 0 or train >= TRAIN_PER_VALIDATION * validation:
        return VALIDATION
    return TRAIN


def sides(count: int) -> List[str]:
    """The sides of the first `count` annotated images."""
    found: List[str] = []
    for _ in range(count):
        found.append(next_side(found.count(TRAIN), found.count(VALIDATION)))
    return found


def rotated(cases: Sequence[str], cycle: int) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """Training and validation cases of a cycle: one in PARTS for validation, another each cycle.

    With fewer than PARTS cases there are as many parts as cases; a single case is for training.
    """
    parts = min(PARTS, len(cases))
    if parts < 2:
        return tuple(cases), ()
    judged = tuple(case for n, case in enumerate(cases) if n % parts == cycle % parts)
    return tuple(case for case in cases if case not in judged), judged
