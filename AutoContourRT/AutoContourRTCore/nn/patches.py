"""Which patch of which case comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np

from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.recipes import Recipe


@dataclass(frozen=True)
class Place:
    """A patch centre (voxel indices k, j, i) in the case of a given number."""

    case: int
    center: Tuple[float, float, float]


class PatchPlaces:
    """Draws patch places; the same generator state always gives the same place.

    Cases are equally likely for patches anywhere. For patches on a structure the structure is
    drawn first, all equally likely, then a case that has it: rare structures are seen as often.
    """

    def __init__(self, cases: Sequence[Case], recipe: Recipe) -> None:
        self._cases = cases
        self._recipe = recipe
        self._voxels: List[Dict[int, np.ndarray]] = [_voxels_by_structure(c) for c in cases]
        self._owners = _owners(self._voxels)
        self.false_positives: Dict[int, np.ndarray] = {}  # case -> voxels [n, 3]

    def draw(self, rng: np.random.Generator) -> Place:
        """The next place."""
        share = rng.random()
        if self.false_positives and share < self._recipe.on_false_positive:
            case = int(rng.choice(sorted(self.false_positives)))
            return self._pick(case, self.false_positives[case], rng)
        if self._owners and rng.random() < self._recipe.on_structure:
            structure = int(rng.choice(sorted(self._owners)))
            case = int(rng.choice(self._owners[structure]))
            return self._pick(case, self._voxels[case][structure], rng)
        case = int(rng.integers(len(self._cases)))
        low, high = _center_range(self._cases[case].image.shape, self._recipe.patch)
        return self._aligned(case, rng.uniform(low, high))

    def _pick(self, case: int, voxels: np.ndarray, rng: np.random.Generator) -> Place:
        center = voxels[rng.integers(len(voxels))] + rng.uniform(-0.5, 0.5, 3)
        return self._aligned(case, center)

    def _aligned(self, case: int, center: np.ndarray) -> Place:
        """The next centre that puts the patch's voxels onto the case's: a patch that is not
        deformed shows the case itself, not an interpolation of it."""
        middle = (np.asarray(self._recipe.patch) - 1) / 2
        k, j, i = np.rint(center - middle) + middle
        return Place(case, (float(k), float(j), float(i)))


def _center_range(shape: Sequence[int], patch: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Centres for which the patch stays inside, or the middle where the volume is smaller."""
    size, half = np.asarray(shape, dtype=float), np.asarray(patch) / 2
    middle = (size - 1) / 2
    return np.minimum(half - 0.5, middle), np.maximum(size - half - 0.5, middle)


def some_voxels(mask: np.ndarray, most: int = 2000) -> np.ndarray:
    """Up to `most` evenly chosen voxels [n, 3] of a bool mask [k, j, i]."""
    voxels = np.argwhere(mask)
    return voxels[:: max(1, -(-len(voxels) // most))]


def _voxels_by_structure(case: Case) -> Dict[int, np.ndarray]:
    """Some voxels [n, 3] of each structure that the case holds."""
    found = {bit: some_voxels((case.labels >> bit) & 1) for bit in range(len(case.drawn))}
    return {bit: voxels for bit, voxels in found.items() if len(voxels)}


def _owners(voxels: Sequence[Dict[int, np.ndarray]]) -> Dict[int, List[int]]:
    """Structure -> the cases that hold it."""
    owners: Dict[int, List[int]] = {}
    for case, found in enumerate(voxels):
        for structure in found:
            owners.setdefault(structure, []).append(case)
    return owners
