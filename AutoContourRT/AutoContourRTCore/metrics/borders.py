"""Where the borders of two masks run: the points that distances are measured between.

Masks are looked at in slabs of planes, so that the memory depends on the size of the border, not
on that of the box: two voxels at opposite ends of a scan make a large box and a small border.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Sequence, Tuple

import numpy as np

from AutoContourRTCore.metrics.marching import FULL

#: Voxels of a mask that are looked at together.
SLAB = 1 << 22

#: The codes of planes first..stop (exclusive) of a mask; 0 < code < FULL on the border.
_Codes = Callable[[np.ndarray, int, int], np.ndarray]


@dataclass(frozen=True)
class Border:
    """The border points of one of two masks.

    places: whole numbers (n, 3), k, j, i; see the function that made it.
    codes: (n,), the neighbourhood code of each (1 for surface voxels).
    shared: (n,), whether the other mask has a border point at the same place.
    """

    places: np.ndarray
    codes: np.ndarray
    shared: np.ndarray


def surface_elements(a: np.ndarray, b: np.ndarray) -> Tuple[Border, Border]:
    """The surface elements of two masks (bool [k, j, i], one shape).

    One for each neighbourhood of 2x2x2 voxels that is neither empty nor full; outside the array
    nothing is inside. The element of place (k, j, i) lies at voxel index (k, j, i) - 0.5.
    """
    return _borders(a, b, _neighbourhood_codes, a.shape[0] + 1)


def surface_voxels(a: np.ndarray, b: np.ndarray) -> Tuple[Border, Border]:
    """The voxels of two masks with a face neighbour outside; outside the array all is outside.

    Places are voxel indices.
    """
    return _borders(a, b, _shell, a.shape[0])


def _borders(a: np.ndarray, b: np.ndarray, codes: _Codes, planes: int) -> Tuple[Border, Border]:
    if not a.size:
        return _joined([]), _joined([])
    step = max(1, SLAB // (a.shape[1] * a.shape[2]))
    parts: Tuple[List[Border], List[Border]] = ([], [])
    for first in range(0, planes, step):
        slabs = [codes(mask, first, min(first + step, planes)) for mask in (a, b)]
        borders = [slab - np.uint8(1) < FULL - 1 for slab in slabs]  # 0 becomes 255
        for n in (0, 1):
            parts[n].append(_points(slabs[n], borders[n], borders[1 - n], first))
    return _joined(parts[0]), _joined(parts[1])


def _points(codes: np.ndarray, border: np.ndarray, other: np.ndarray, first: int) -> Border:
    index = np.flatnonzero(border)
    k, j, i = np.unravel_index(index, border.shape)
    places = np.stack([k + first, j, i], axis=1)
    return Border(places, codes.ravel()[index], other.ravel()[index])


def _joined(parts: Sequence[Border]) -> Border:
    nothing = Border(np.zeros((0, 3), np.intp), np.zeros(0, np.uint8), np.zeros(0, bool))
    if len(parts) == 1:
        return parts[0]
    all_parts = [nothing, *parts]
    return Border(
        np.concatenate([part.places for part in all_parts]),
        np.concatenate([part.codes for part in all_parts]),
        np.concatenate([part.shared for part in all_parts]),
    )


def _neighbourhood_codes(mask: np.ndarray, first: int, stop: int) -> np.ndarray:
    """The code (uint8) of every 2x2x2 neighbourhood; along j and i one longer than the mask.

    Plane n of the codes lies between planes n - 1 and n of the mask. The bits are those of
    marching.CORNERS: one axis after another is doubled up.
    """
    block = mask[max(first - 1, 0) : stop].view(np.uint8)
    before, after = int(first == 0), int(stop > len(mask))
    code = np.pad(block, ((before, after), (1, 1), (1, 1)))
    code = 2 * code[:, :, :-1] + code[:, :, 1:]
    code = 4 * code[:, :-1] + code[:, 1:]
    full: np.ndarray = 16 * code[:-1] + code[1:]
    return full


def _shell(mask: np.ndarray, first: int, stop: int) -> np.ndarray:
    """1 (uint8) for the surface voxels of planes first..stop, else 0."""
    block = mask[first:stop]
    core = block.copy()
    core[1:] &= block[:-1]
    core[:-1] &= block[1:]
    core[0] &= mask[first - 1] if first else False
    core[-1] &= mask[stop] if stop < len(mask) else False
    for axis in (1, 2):
        inner, near = np.moveaxis(core, axis, 0), np.moveaxis(block, axis, 0)
        inner[1:] &= near[:-1]
        inner[:-1] &= near[1:]
        inner[0] = inner[-1] = False
    shell: np.ndarray = (block & ~core).view(np.uint8)
    return shell
