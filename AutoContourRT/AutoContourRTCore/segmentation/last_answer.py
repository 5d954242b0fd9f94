"""The same CT once more, for other structures perhaps: the network need not look at it again."""

from __future__ import annotations

from typing import Optional, Tuple, Union

import numpy as np

from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.progress import Progress, ignore_progress

#: What contours with a network.
Predicts = Union[Predictor, "LastAnswer"]


class LastAnswer:
    """A predictor that keeps the last image and its probabilities (see Predictor), which it gives
    again, read-only, for an image that is the same in every voxel."""

    def __init__(self, predictor: Predicts) -> None:
        self._predictor = predictor
        self._kept: Optional[Tuple[np.ndarray, np.ndarray]] = None

    @property
    def recipe(self) -> Recipe:
        """The network's."""
        return self._predictor.recipe

    @property
    def block(self) -> int:
        """The network's."""
        return self._predictor.block

    @property
    def notes(self) -> Tuple[str, ...]:
        """What was to be said of the last prediction."""
        return self._predictor.notes

    def __call__(self, image: np.ndarray, progress: Progress = ignore_progress) -> np.ndarray:
        """Probabilities float32 [structures, k, j, i] of HU [k, j, i] on the recipe's spacing."""
        if self._kept is None or not np.array_equal(image, self._kept[0]):
            self._kept = None  # free the memory first
            answer = self._predictor(image, progress)
            answer.flags.writeable = False
            self._kept = image.copy(), answer
        progress(1.0, "the network's answer is there")
        return self._kept[1]
