"""What a user drew on one structure of one image, and what follows from it.

An annotation holds the prediction that it was made on, a mark for each voxel (the last stroke wins,
for a voxel has one mark only) and the slices that the user confirmed. Corrected contour =
(that prediction + foreground) - background. Nothing else ever enters it, so that a newer prediction
cannot change a contour that was saved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.boxes import box_of, joint_box
from AutoContourRTCore.volumes.geometry import Geometry

NONE, BACKGROUND, FOREGROUND = 0, 1, 2
#: First and last voxel, half-open: i0, i1, j0, j1, k0, k1, as in segmentation requests.
Box = Tuple[int, int, int, int, int, int]
#: A part of a grid, along k, j, i: an edit touches a small one, and looking at all of a CT of 40
#: million voxels would keep the user waiting.
Part = Tuple[slice, slice, slice]
WHOLE: Part = (slice(None), slice(None), slice(None))


@dataclass
class Annotation:
    """One structure of one image, on the image's own grid; all arrays [k, j, i].

    prediction: bool, what the user saw first. marks: uint8, NONE, BACKGROUND or FOREGROUND.
    reviewed: bool [k], slices that the user confirmed: there, within the box, everything without
    a mark is right as predicted. model: which model predicted ("" for none: an empty start).
    Raises InputError where the arrays do not fit the grid.
    """

    geometry: Geometry
    prediction: np.ndarray
    marks: np.ndarray
    reviewed: np.ndarray
    model: str = ""
    box: Optional[Box] = field(default=None)

    def __post_init__(self) -> None:
        shape = self.geometry.shape
        if self.prediction.shape != shape or self.marks.shape != shape:
            raise InputError(
                f"A prediction of shape {self.prediction.shape} and marks of shape "
                f"{self.marks.shape} do not fit an image of shape {shape} (k, j, i)."
            )
        if self.reviewed.shape != shape[:1]:
            raise InputError(
                f"{len(self.reviewed)} reviewed slices do not fit an image of {shape[0]}."
            )

    @property
    def corrected(self) -> np.ndarray:
        """(prediction + foreground) - background, bool."""
        return self.corrected_in(WHOLE)

    def corrected_in(self, part: Part) -> np.ndarray:
        """The corrected contour in a part of the grid."""
        marks = self.marks[part]
        return (self.prediction[part] | (marks == FOREGROUND)) & (marks != BACKGROUND)

    @property
    def part(self) -> Part:
        """The smallest part that holds the prediction and all marks, and so the corrected contour;
        of no voxel where there is neither."""
        return joint_box(box_of(self.prediction), box_of(self.marks))

    @property
    def known(self) -> np.ndarray:
        """Where the corrected contour is known to be right, bool: marks, and reviewed slices
        within the box."""
        known = self.marks != NONE
        if self.reviewed.any():
            known |= self.reviewed[:, None, None] & in_box(self.box, self.geometry.shape)
        return known

    @property
    def is_annotated(self) -> bool:
        """Whether anything can be learnt from it."""
        return bool(self.reviewed.any() or self.marks.any())


def begin(
    geometry: Geometry,
    prediction: Optional[np.ndarray] = None,
    model: str = "",
    box: Optional[Box] = None,
) -> Annotation:
    """An annotation without any mark.

    prediction: bool [k, j, i], not to be changed afterwards; None for nothing predicted.
    """
    shape = geometry.shape
    predicted = np.zeros(shape, dtype=bool) if prediction is None else prediction
    seen = predicted.astype(bool, copy=False)
    marks, reviewed = np.zeros(shape, dtype=np.uint8), np.zeros(shape[0], dtype=bool)
    return Annotation(geometry, seen, marks, reviewed, model, box)


def marks_for(before: np.ndarray, after: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The marks (uint8) after an edit that turned one contour (bool) into another.

    Added voxels become foreground, removed ones background; all others keep their mark.
    """
    result = marks.copy()
    changed = before != after
    result[changed] = np.where(after[changed], FOREGROUND, BACKGROUND)
    return result


def in_box(box: Optional[Box], shape: Tuple[int, int, int]) -> np.ndarray:
    """The voxels (bool [k, j, i]) of a box, all for None."""
    inside = np.zeros(shape, dtype=bool)
    inside[box_slices(box, shape)] = True
    return inside


def box_slices(box: Optional[Box], shape: Tuple[int, int, int]) -> Tuple[slice, slice, slice]:
    """A box as slices along k, j, i; InputError where it is empty or reaches out of the image."""
    if box is None:
        return (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2]))
    low, high = box[4::-2], box[5::-2]
    if any(a < 0 or b > n or a >= b for a, b, n in zip(low, high, shape)):
        raise InputError(
            f"The box {box} (i0 i1 j0 j1 k0 k1, half-open) does not fit an image of "
            f"{shape[::-1]} voxels (i j k)."
        )
    k, j, i = (slice(a, b) for a, b in zip(low, high))
    return (k, j, i)
