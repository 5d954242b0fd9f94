from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.nn.correction_gate import PooledCounts, epoch_samples


@pytest.mark.parametrize(
    "images, patches, samples",
    [(0, 0, 128), (1, 0, 64), (1, 31, 64), (1, 32, 64), (1, 33, 66), (4, 500, 1000)],
)
def test_the_length_of_an_epoch(images: int, patches: int, samples: int) -> None:
    assert epoch_samples(images, patches) == samples


def voxels(*rows: str) -> np.ndarray:
    """One structure a row; each letter a voxel: 1 yes, 0 no."""
    return np.array([[[[int(c) for c in row]]] for row in rows], dtype=bool)


def test_dice_is_pooled_over_images_and_counts_annotated_voxels_only() -> None:
    counts = PooledCounts.empty(1)
    counts.add(voxels("1100"), voxels("1010"), voxels("1110"))  # TP 1, FP 1, FN 1
    counts.add(voxels("1111"), voxels("1110"), voxels("1110"))  # TP 3; the false one is not known
    assert counts.dice(["a"]) == {"a": pytest.approx(2 * 4 / (2 * 4 + 1 + 1))}
    assert counts.score() == pytest.approx(0.8)


def test_structures_count_the_same_whatever_their_size() -> None:
    counts = PooledCounts.empty(2)
    found, truth = voxels("11111111", "01000000"), voxels("11111111", "10000000")
    counts.add(found, truth, np.ones_like(truth))
    assert counts.score() == pytest.approx(0.5)


def test_nothing_annotated_gives_no_score_and_no_figure_is_made_up() -> None:
    counts = PooledCounts.empty(2)
    assert counts.score() is None
    counts.add(voxels("00", "10"), voxels("00", "10"), voxels("11", "11"))
    assert counts.dice(["a", "b"]) == {"a": None, "b": 1.0}
    assert counts.score() == 1.0
    counts.add(voxels("10", "00"), voxels("00", "00"), voxels("11", "00"))
    assert counts.dice(["a", "b"]) == {"a": 0.0, "b": 1.0} and counts.score() == 0.5
