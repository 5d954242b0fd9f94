"""The network looks at the same image once, and at every other one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, List

import numpy as np
import pytest

from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.progress import ignore_progress
from AutoContourRTCore.segmentation.last_answer import LastAnswer


class Network:
    """Answers with the image doubled; remembers what it was shown."""

    recipe, block = SimpleNamespace(name="a recipe"), 16

    def __init__(self) -> None:
        self.seen: List[np.ndarray] = []
        self.notes: Any = ()

    def __call__(self, image: np.ndarray, progress: Any = ignore_progress) -> np.ndarray:
        progress(0.5, "half")
        self.seen.append(image)
        self.notes = (f"call {len(self.seen)}",)
        return image[None] * 2


IMAGE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def test_the_same_image_is_answered_without_the_network() -> None:
    network = Network()
    predictor = LastAnswer(network)
    first = predictor(IMAGE)
    again = predictor(IMAGE.copy())
    assert len(network.seen) == 1 and np.array_equal(first, again)
    assert np.array_equal(again[0], IMAGE * 2) and predictor.notes == ("call 1",)
    assert (predictor.recipe, predictor.block) == (network.recipe, 16)


@pytest.mark.parametrize("other", [IMAGE + 1, IMAGE[:1], np.where(IMAGE == 23, 0, IMAGE)])
def test_any_other_image_is_looked_at(other: np.ndarray) -> None:
    network = Network()
    predictor = LastAnswer(network)
    predictor(IMAGE)
    assert np.array_equal(predictor(other)[0], other * 2)
    assert np.array_equal(predictor(IMAGE)[0], IMAGE * 2) and len(network.seen) == 3


def test_an_image_that_is_changed_in_place_is_another_one() -> None:
    predictor, image = LastAnswer(Network()), IMAGE.copy()
    predictor(image)
    image[0, 0, 0] = 99
    assert predictor(image)[0, 0, 0, 0] == 198


def test_nobody_can_change_the_answer_that_is_kept() -> None:
    with pytest.raises(ValueError, match="read-only"):
        LastAnswer(Network())(IMAGE)[0] = 1


def test_a_cancelled_answer_is_not_kept() -> None:
    network = Network()
    predictor = LastAnswer(network)

    def cancel(fraction: float, message: str) -> None:
        raise Cancelled()

    with pytest.raises(Cancelled):
        predictor(IMAGE, cancel)
    assert np.array_equal(predictor(IMAGE)[0], IMAGE * 2) and len(network.seen) == 1
