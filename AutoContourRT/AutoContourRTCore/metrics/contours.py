"""The contour set of one patient: each structure's mask cut to its box, at its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

from AutoContourRTCore.volumes.boxes import box_of
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap

Index = Tuple[int, int, int]
STORED_MASK = "binary mask as stored"


@dataclass(frozen=True)
class Contour:
    """One structure as a mask on a part of a grid.

    mask: bool [k, j, i], cut to the box around it; shape (0, 0, 0) for an empty one.
    start: index (k, j, i) of mask[0, 0, 0] in the grid; may lie outside the grid's shape, where a
    contour was brought onto the lattice of a smaller one.
    """

    mask: np.ndarray
    start: Index
    grid: Geometry

    @property
    def empty(self) -> bool:
        """Whether no voxel is inside."""
        return not self.mask.size

    @property
    def volume_ml(self) -> float:
        """Voxels times their volume, in ml."""
        return float(np.count_nonzero(self.mask)) * self.grid.voxel_ml

    @property
    def center(self) -> np.ndarray:
        """Centre of mass, LPS mm (3,); NaN for an empty one."""
        if self.empty:
            return np.full(3, np.nan)
        counts = [self.mask.sum(axis=axes, dtype=np.int64) for axes in ((1, 2), (0, 2), (0, 1))]
        index = [float(count @ np.arange(len(count)) / count.sum()) for count in counts]
        return self.grid.to_lps(np.add(index, self.start))


@dataclass(frozen=True)
class ContourSet:
    """All structures of one file or folder.

    contours: by the name as written; each may have a grid of its own. grid: that of the file, or
    of a folder's first file. source: what to call the set in messages. identity: what the set is
    recognised by later, such as "sha256:..." ("" when it never lay in a file).
    frame_of_reference: DICOM FrameOfReferenceUID, "" where it is not known.
    rasterisation: how the contours became masks. notes: what a person should know of the set.
    """

    contours: Dict[str, Contour]
    grid: Geometry
    source: str = "the segmentation"
    identity: str = ""
    frame_of_reference: str = ""
    rasterisation: str = STORED_MASK
    notes: Tuple[str, ...] = ()

    @property
    def names(self) -> Tuple[str, ...]:
        """Names as written, in order."""
        return tuple(self.contours)

    @property
    def empty(self) -> bool:
        """Whether there is no voxel in any structure."""
        return all(contour.empty for contour in self.contours.values())


def cut_to_box(mask: np.ndarray, grid: Geometry) -> Contour:
    """The contour of a whole mask (bool [k, j, i], the grid's shape); a view of it."""
    box = box_of(mask)
    if box is None:
        return Contour(np.zeros((0, 0, 0), bool), (0, 0, 0), grid)
    return Contour(mask[box], (box[0].start, box[1].start, box[2].start), grid)


def contours_of(labelmap: LabelMap, source: str = "the segmentation") -> ContourSet:
    """The contour set of a label map; its masks are views of the label map's."""
    cut = {
        name: cut_to_box(np.asarray(mask, dtype=bool), labelmap.geometry)
        for name, mask in labelmap.masks.items()
    }
    return ContourSet(cut, labelmap.geometry, source)
