"""Dice over many patients of whom only some slices were drawn (Nikolov 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

import numpy as np

from AutoContourRTCore.errors import InputError


@dataclass(frozen=True)
class Overlap:
    """Voxels of one patient's structure on the drawn slices: in both, reference and test."""

    both: int
    reference: int
    test: int


def overlap(
    reference: np.ndarray,
    test: np.ndarray,
    slices: Optional[Sequence[int]] = None,
    axial_axis: int = 0,
) -> Overlap:
    """Count the voxels of two masks (bool [k, j, i], one shape) on some slices.

    slices: indices along the axial axis of the slices that were drawn; None: all of them.
    Raises InputError for a slice that the masks do not have.
    """
    if slices is not None:
        count = reference.shape[axial_axis]
        if any(not 0 <= index < count for index in slices):
            raise InputError(f"The drawn slices {list(slices)} must lie between 0 and {count - 1}.")
        reference, test = (
            mask.take(sorted(set(slices)), axis=axial_axis) for mask in (reference, test)
        )
    return Overlap(
        int(np.count_nonzero(reference & test)),
        int(np.count_nonzero(reference)),
        int(np.count_nonzero(test)),
    )


def pooled_dice(patients: Iterable[Overlap]) -> float:
    """2 sum|M1 & M2 & L| / sum(|M1 & L| + |M2 & L|) over patients; NaN where nothing is drawn.

    L: the slices that were drawn. Sums come first, so that a patient with one drawn slice weighs
    less than one with thirty.
    """
    counts = list(patients)
    total = sum(each.reference + each.test for each in counts)
    return 2.0 * sum(each.both for each in counts) / total if total else float("nan")
