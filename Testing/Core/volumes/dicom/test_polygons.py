"""A pixel is inside where its centre is."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.volumes.dicom.polygons import area, fill, same

SHAPE = (12, 15)


def test_a_rectangle_between_centres_holds_just_the_centres_within() -> None:
    inside = fill(np.array([[1.6, 2.4], [1.6, 7.9], [5.2, 7.9], [5.2, 2.4]]), SHAPE)
    expected = np.zeros(SHAPE, bool)
    expected[2:6, 3:8] = True
    assert np.array_equal(inside, expected)


def test_random_polygons_are_filled_as_another_program_fills_them() -> None:
    paths = pytest.importorskip("matplotlib.path")
    rng = np.random.default_rng(5)
    centres = np.moveaxis(np.indices(SHAPE), 0, -1).reshape(-1, 2)
    for _ in range(200):
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 20)))
        radius = rng.uniform(1, 8, len(angles))[:, None]
        polygon = np.array([6.0, 7.0]) + radius * np.c_[np.sin(angles), np.cos(angles)]
        closed = np.concatenate([polygon, polygon[:1]])
        wanted = paths.Path(closed).contains_points(centres).reshape(SHAPE)
        assert np.array_equal(fill(polygon, SHAPE), wanted)


def test_a_move_by_less_than_a_pixel_counts() -> None:
    square = np.array([[2.0, 2.0], [2.0, 5.0], [5.0, 5.0], [5.0, 2.0]])
    assert fill(square + 0.01, SHAPE)[3, 5] and not fill(square - 0.01, SHAPE)[3, 5]


def test_two_polygons_with_a_common_edge_through_centres_share_no_pixel_and_leave_none() -> None:
    left = np.array([[1.0, 2.0], [1.0, 6.0], [9.0, 6.0], [9.0, 2.0]])
    right = np.array([[1.0, 6.0], [1.0, 11.0], [9.0, 11.0], [9.0, 6.0]])
    both = np.array([[1.0, 2.0], [1.0, 11.0], [9.0, 11.0], [9.0, 2.0]])
    a, b = fill(left, SHAPE), fill(right, SHAPE)
    assert not (a & b).any()
    assert np.array_equal(a | b, fill(both, SHAPE))
    assert a.sum() == 8 * 4 and b.sum() == 8 * 5  # centres on two of four edges count


def test_a_slanted_channel_there_and_back_leaves_no_trace() -> None:
    outer = [[0.5, 0.5], [0.5, 13.5], [10.5, 13.5], [10.5, 0.5]]
    hole = [[3.5, 3.5], [7.5, 3.5], [7.5, 9.5], [3.5, 9.5]]
    keyhole = np.array([*outer, outer[0], *hole, hole[0], outer[0]])
    assert np.array_equal(
        fill(keyhole, SHAPE), fill(np.array(outer), SHAPE) ^ fill(np.array(hole), SHAPE)
    )


def test_what_lies_outside_the_image_is_cut_off() -> None:
    assert fill(np.array([[-50.0, -50], [-50, 60], [60, 60], [60, -50]]), SHAPE).all()
    assert not fill(np.array([[-9.0, -9], [-9, -5], [-5, -5], [-5, -9]]), SHAPE).any()
    assert not fill(np.array([[20.0, 20], [20, 30], [30, 30]]), SHAPE).any()


def test_area_has_a_sign_and_polygons_are_the_same_from_any_vertex_either_way_round() -> None:
    square = np.array([[0.0, 0.0], [0.0, 3.0], [2.0, 3.0], [2.0, 0.0]])
    assert area(square) == -area(square[::-1]) == pytest.approx(6.0)
    assert same(square, np.roll(square[::-1], 2, axis=0), 1e-6)
    assert not same(square, square + [[0, 0], [0, 0], [0, 0.01], [0, 0]], 1e-3)
