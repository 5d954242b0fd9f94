"""The network looks at the same image once, and at every other one."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest

from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.progress import ignore_progress
from AutoContourRTCore.segmentation.last_answer import RememberingPredictor


@pytest.fixture()
def seen(monkeypatch: pytest.MonkeyPatch) -> List[np.ndarray]:
    """What the network is shown, which answers with the image doubled."""
    images: List[np.ndarray] = []

    def look(self: Predictor, image: np.ndarray, progress: Any = ignore_progress) -> np.ndarray:
        progress(0.5, "half")
        images.append(image)
        return image[None] * 2

    monkeypatch.setattr(Predictor, "__call__", look)
    return images


@pytest.fixture()
def predictor(seen: List[np.ndarray]) -> RememberingPredictor:
    """Without a network: `look` is in its place."""
    return RememberingPredictor.__new__(RememberingPredictor)


IMAGE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def test_the_same_image_is_answered_without_the_network(predictor: Any, seen: Any) -> None:
    first = predictor(IMAGE)
    again = predictor(IMAGE.copy())
    assert len(seen) == 1 and np.array_equal(first, again) and np.array_equal(again[0], IMAGE * 2)


@pytest.mark.parametrize("other", [IMAGE + 1, IMAGE[:1], np.where(IMAGE == 23, 0, IMAGE)])
def test_any_other_image_is_looked_at(other: np.ndarray, predictor: Any, seen: Any) -> None:
    predictor(IMAGE)
    assert np.array_equal(predictor(other)[0], other * 2)
    assert np.array_equal(predictor(IMAGE)[0], IMAGE * 2) and len(seen) == 3


def test_an_image_that_is_changed_in_place_is_another_one(predictor: Any) -> None:
    image = IMAGE.copy()
    predictor(image)
    image[0, 0, 0] = 99
    assert predictor(image)[0, 0, 0, 0] == 198


def test_nobody_can_change_the_answer_that_is_kept(predictor: Any) -> None:
    with pytest.raises(ValueError, match="read-only"):
        predictor(IMAGE)[0] = 1


def test_a_cancelled_answer_is_not_kept(predictor: Any, seen: Any) -> None:
    def cancel(fraction: float, message: str) -> None:
        raise Cancelled()

    with pytest.raises(Cancelled):
        predictor(IMAGE, cancel)
    assert np.array_equal(predictor(IMAGE)[0], IMAGE * 2) and len(seen) == 1
