"""Foreground and background as a user paints them: segments in, marks of an annotation out."""

from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np

from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND, NONE

#: IDs and names of the segments that are painted into.
FOREGROUND_ID, BACKGROUND_ID, ERASER_ID = "Foreground", "Background", "Eraser"
COLORS = {
    FOREGROUND_ID: (0.15, 0.85, 0.2), BACKGROUND_ID: (0.9, 0.15, 0.15),
    ERASER_ID: (0.6, 0.6, 0.6),
}  # fmt: skip
KINDS = {FOREGROUND_ID: FOREGROUND, BACKGROUND_ID: BACKGROUND}


def strokes(
    marks: np.ndarray, painted: Dict[str, np.ndarray]
) -> List[Tuple[np.ndarray, int]]:
    """What was painted since the segments showed these marks (uint8 [k, j, i]).

    painted: segment ID -> bool [k, j, i]. Returns (voxels, mark) in the order in which they are to
    be taken: erased first, so that a stroke over a stroke wins.
    """
    erased = painted[ERASER_ID] & (marks != NONE)
    added = []
    for segmentId, mark in KINDS.items():
        here = marks == mark
        erased |= here & ~painted[segmentId]
        added.append((painted[segmentId] & ~here, mark))
    return [(voxels, mark) for voxels, mark in [(erased, NONE), *added] if voxels.any()]


def segmentsOf(marks: np.ndarray) -> Dict[str, np.ndarray]:
    """Segment ID -> bool [k, j, i]: what the segments are to show; the eraser is always empty."""
    shown = {segmentId: marks == mark for segmentId, mark in KINDS.items()}
    return {**shown, ERASER_ID: np.zeros(marks.shape, dtype=bool)}
