"""Contours of planes -> voxels: holes, copies, overlaps, and what lies between slices."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.planes import Contour, Drawn, between, draw
from AutoContourRTCore.volumes.geometry import Geometry
from dicom_series import box

GRID = Geometry((10, 20, 20), (3.0, 1.0, 1.0))


def _drawn(*contours: np.ndarray, xor: bool = False) -> Drawn:
    return draw([Contour(points, xor) for points in contours], GRID, "A")


def _column(drawn: Drawn) -> List[int]:
    """The slices on which the voxel j=10, i=10 is inside."""
    return np.flatnonzero(drawn.mask[:, 10, 10]).tolist()


def _square(k: float, low: float = 4.5, high: float = 15.5) -> np.ndarray:
    return box((low, low), (high, high), 3.0 * k)


def _block(low: int, high: int) -> np.ndarray:
    mask = np.zeros((20, 20), bool)
    mask[low:high, low:high] = True
    return mask


# One plane


def test_a_contour_in_a_contour_is_a_hole_and_one_in_the_hole_an_island() -> None:
    drawn = _drawn(_square(2, 7.5, 12.5), _square(2), _square(2, 9.5, 10.5))
    assert np.array_equal(drawn.mask[2], _block(5, 16) ^ _block(8, 13) ^ _block(10, 11))
    assert not drawn.notes


def test_two_pieces_stay_two() -> None:
    drawn = _drawn(box((1.5, 1.5), (4.5, 4.5), 6.0), box((9.5, 9.5), (12.5, 12.5), 6.0))
    assert np.array_equal(drawn.mask[2], _block(2, 5) | _block(10, 13))


@pytest.mark.parametrize(
    "copy",
    [
        _square(2),
        _square(2)[::-1],
        np.roll(_square(2), 2, axis=0),
        _square(2) + 1e-4,  # written with other digits
        np.insert(_square(2), 1, [10.0, 4.5, 6.0], axis=0),  # with a point more
    ],
)
def test_the_same_contour_twice_counts_once_and_is_told(copy: np.ndarray) -> None:
    drawn = _drawn(_square(2), copy)
    assert np.array_equal(drawn.mask[2], _block(5, 16))
    assert drawn.notes == ["A: the same contour is there twice; it was taken once."]


def test_a_copy_of_an_outline_with_a_hole_leaves_the_hole() -> None:
    drawn = _drawn(_square(2), _square(2, 7.5, 12.5), _square(2), _square(2, 7.5, 12.5))
    assert np.array_equal(drawn.mask[2], _block(5, 16) ^ _block(8, 13))


def test_a_thin_wall_is_no_copy() -> None:
    wall = _drawn(_square(2), _square(2, 4.9, 15.1))
    assert not wall.mask.any()  # no centre lies in it
    assert "twice" not in " ".join(wall.notes)


def test_contours_that_overlap_are_joined_unless_their_type_says_xor() -> None:
    one, other = box((1.5, 1.5), (8.5, 8.5), 6.0), box((4.5, 4.5), (12.5, 12.5), 6.0)
    joined = _drawn(one, other)
    assert np.array_equal(joined.mask[2], _block(2, 9) | _block(5, 13))
    assert joined.notes == ["A: contours of one slice overlap; they were joined."]
    assert np.array_equal(_drawn(one, other, xor=True).mask[2], _block(2, 9) ^ _block(5, 13))


def test_pieces_that_overlap_by_a_row_of_pixels_keep_it() -> None:
    one, other = box((0.5, 0.5), (9.5, 18.5), 6.0), box((8.9, 0.5), (18.5, 18.5), 6.0)
    joined = _drawn(one, box((8.5, 0.5), (18.5, 18.5), 6.0))
    assert np.array_equal(joined.mask[2], _block(1, 19))
    assert joined.notes == ["A: contours of one slice overlap; they were joined."]
    touching = _drawn(one, other)
    assert np.array_equal(touching.mask[2], _block(1, 19))


def test_holes_that_overlap_stay_open_and_an_island_beyond_its_hole_stays() -> None:
    outer, hole = box((0.5, 0.5), (18.5, 18.5), 6.0), box((2.5, 2.5), (10.5, 10.5), 6.0)
    holes = _drawn(outer, hole, box((8.5, 8.5), (15.5, 15.5), 6.0))
    assert np.array_equal(holes.mask[2], _block(1, 19) & ~_block(3, 11) & ~_block(9, 16))
    island = _drawn(outer, hole, box((6.5, 6.5), (11.5, 11.5), 6.0))
    assert np.array_equal(island.mask[2], (_block(1, 19) & ~_block(3, 11)) | _block(7, 12))


# Planes


def test_contours_near_a_slice_are_that_slices() -> None:
    drawn = _drawn(_square(2.05), _square(3.95))
    assert _column(drawn) == [2, 4]


@pytest.mark.parametrize("offset", [0.0, 0.05, 0.1, 0.100001, 0.12, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("mm", [1.0, 2.0, 3.0])
def test_all_contours_of_one_plane_stay_together_wherever_it_lies(offset: float, mm: float) -> None:
    """Their mean places differ in the last digits: they have different numbers of points."""
    grid = Geometry((24, 40, 40), (mm, 1.0, 1.0), (0.0, 0.0, -101.7))
    contours = []
    for k in range(4, 16):
        z = round(-101.7 + mm * (k + offset), 4)
        for count, radius in ((37, 15.0), (11, 6.0), (200, 2.0)):  # a ring and what is in it
            angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
            x, y = 20 + radius * np.cos(angle), 20 + radius * np.sin(angle)
            contours.append(Contour(np.stack([x, y, np.full(count, z)], axis=1)))
    mask = draw(contours, grid, "Ring").mask
    inner = mask[6:15]
    assert inner[:, 20, 32].all() and not inner[:, 20, 24].any() and inner[:, 20, 20].all()


def test_a_gap_of_one_slice_parts_two_pieces() -> None:
    drawn = _drawn(*[_square(k) for k in (2, 3, 5, 6)])
    assert _column(drawn) == [2, 3, 5, 6]
    assert drawn.notes == ["A: 1 slices between its contours have none; they were left empty."]
    assert not _drawn(*[_square(k) for k in (2, 3, 4)]).notes


def test_single_voxels_two_slices_apart_are_not_joined() -> None:
    for heights in ([2, 4, 6, 8], [0, 2, 4, 6, 7], [0, 3, 5, 7, 9, 1], [0, 3, 5, 8]):
        drawn = _drawn(*[_square(k, 9.5, 10.5) for k in heights])
        assert _column(drawn) == sorted(heights) and "left empty" in drawn.notes[0]


def test_contours_on_every_second_slice_are_interpolated_and_told() -> None:
    drawn = _drawn(*[_square(k, 10 - k, 10 + k) for k in (1.0, 3.0, 5.0, 7.0, 9.0)])
    assert _column(drawn) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    sizes = drawn.mask.sum(axis=(1, 2))
    assert sizes[1] < sizes[2] < sizes[3] < sizes[4] < sizes[5]
    assert "on one of 2 slices only; the slices of the image were interpolated" in drawn.notes[0]


def test_contours_half_way_between_slices_keep_their_volume() -> None:
    drawn = _drawn(*[_square(k) for k in (2.5, 3.5, 4.5, 5.5)])
    assert len(_column(drawn)) == 4
    assert np.array_equal(drawn.mask[4], _block(5, 16))
    assert "drawn between slices" in drawn.notes[0]


def test_thin_contours_on_a_coarse_image_are_taken_where_its_slices_are() -> None:
    drawn = _drawn(*[_square(k / 3) for k in range(4, 14)])  # 1 mm apart, from 4 to 13 mm
    assert _column(drawn) == [2, 3, 4]


@pytest.mark.parametrize(("slices", "planes", "offset"), [
    (5.0, 1.0, 0.0), (5.0, 1.0, 0.5), (5.0, 0.75, 0.0), (5.0, 0.8, 0.0), (2.5, 0.5, 0.25),
    (3.0, 0.5, 0.0), (3.0, 1.0, 0.0), (5.0, 0.2, 0.1),
])  # fmt: skip
def test_a_ball_drawn_on_thinner_slices_keeps_its_volume(
    slices: float, planes: float, offset: float
) -> None:
    radius, middle = 20.0, 30.0
    grid = Geometry((int(60 / slices) + 1, 80, 80), (slices, 1.0, 1.0))
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    contours = []
    for z in np.arange(middle - radius + offset, middle + radius, planes):
        r = np.sqrt(max(0.0, radius**2 - (z - middle) ** 2))
        if r > 3:
            ring = np.stack([40 + r * np.cos(turn), 40 + r * np.sin(turn), np.full(90, z)], 1)
            contours.append(Contour(ring))
    areas = draw(contours, grid, "A").mask.sum(axis=(1, 2))
    truth = 4 / 3 * np.pi * radius**3
    assert areas.sum() * slices == pytest.approx(truth, rel=0.03)
    inner = areas[np.flatnonzero(areas)]
    top = int(inner.argmax())
    assert (np.diff(inner[: top + 1]) >= 0).all() and (np.diff(inner[top:]) <= 0).all()


def test_a_hole_a_little_off_its_slice_stays_a_hole_and_is_told() -> None:
    thick = Geometry((20, 20, 20), (3.0, 1.0, 1.0))
    contours = [Contour(_square(k)) for k in (2, 3, 4, 5)]
    hole = box((8.5, 8.5), (11.5, 11.5), 3.0 * 3 + 0.2)
    drawn = draw([*contours, Contour(hole)], thick, "A")
    assert not drawn.mask[3, 10, 10] and drawn.mask[3, 6, 6] and drawn.mask[4, 10, 10]
    assert "taken for those of one plane (1 times)" in drawn.notes[0]


@pytest.mark.parametrize(("apart", "planes"), [(0.06, 5), (0.2, 5), (0.06, 1), (0.5, 5)])
def test_pieces_of_a_slice_at_slightly_other_heights_all_stay(apart: float, planes: int) -> None:
    """A structure set after a rigid registration: left and right, an outline and its hole."""
    thick = Geometry((20, 30, 20), (3.0, 1.0, 1.0))
    heights = [9.0 + 3.0 * n for n in range(planes)]
    left = [Contour(box((2.5, 2.5), (8.5, 8.5), z)) for z in heights]
    right = [Contour(box((11.5, 2.5), (17.5, 8.5), z + apart)) for z in heights]
    outline = [Contour(box((2.5, 12.5), (17.5, 27.5), z)) for z in heights]
    hole = [Contour(box((6.5, 16.5), (11.5, 21.5), z + apart)) for z in heights]
    for parts, area in ((left + right, 36 + 36), (outline + hole, 225 - 25)):
        drawn = draw(parts, thick, "A")
        assert drawn.mask.sum(axis=(1, 2))[3 : 3 + planes].tolist() == [area] * planes
        assert drawn.mask.sum() == area * planes and "of one plane" in drawn.notes[0]
    beside = draw([Contour(each.points + (0, 0, 1.2)) for each in left + right], thick, "A")
    assert beside.mask.sum() == 72 * planes


def test_each_contour_is_as_thick_as_the_slice_that_it_was_drawn_on() -> None:
    """On a finer and a coarser copy of the image."""
    fine = Geometry((30, 20, 20), (1.0, 1.0, 1.0))
    slices = [3.0 * n for n in range(10)]
    for count in (1, 2, 5):
        squares = [Contour(box((4.5, 4.5), (15.5, 15.5), 9.0 + 3.0 * n)) for n in range(count)]
        drawn = draw(squares, fine, "A", slices)
        assert np.flatnonzero(drawn.mask[:, 10, 10]).tolist() == [*range(8, 8 + 3 * count)]
    coarse = Geometry((10, 20, 20), (3.0, 1.0, 1.0))
    slices = [n / 3 for n in range(30)]
    for first in (9, 10, 11):
        squares = [Contour(box((4.5, 4.5), (15.5, 15.5), first + n)) for n in range(3)]
        assert np.count_nonzero(draw(squares, coarse, "A", slices).mask[:, 10, 10]) == 1


def test_gaps_between_planes_off_the_slices_are_told() -> None:
    thick = Geometry((20, 20, 20), (3.0, 1.0, 1.0))
    half = [Contour(_square(k + 0.5)) for k in (2, 3, 4, 9, 10, 11)]
    drawn = draw(half, thick, "A")
    assert not drawn.mask[5:9].any() and drawn.mask[4, 10, 10] and drawn.mask[9, 10, 10]
    assert "A: 4 slices between its contours have none; they were left empty." in drawn.notes
    far = draw([Contour(_square(k + 0.5)) for k in (2, 6, 10)], thick, "A")  # 12 mm apart
    assert not any("interpolated" in note for note in far.notes)
    assert any("slices between its contours have none" in note for note in far.notes)
    stray = draw([Contour(_square(k)) for k in (2, 3, 7, 8, 8.5)], thick, "A")
    assert any("3 slices between its contours have none" in note for note in stray.notes)


def test_a_structure_wholly_between_two_slices_goes_to_the_nearer_one() -> None:
    assert _column(_drawn(_square(2.3))) == [2]
    assert _column(_drawn(_square(2.7), _square(2.8))) == [3]


def test_thick_contours_on_a_fine_image_fill_it_without_closing_a_wide_gap() -> None:
    fine = Geometry((40, 20, 20), (1.0, 1.0, 1.0))
    heights = [2.5, 5.5, 8.5, 20.5, 23.5]
    contours = [Contour(box((4.5, 4.5), (15.5, 15.5), z)) for z in heights]
    drawn = draw(contours, fine, "A")
    inside = np.flatnonzero(drawn.mask[:, 10, 10]).tolist()
    assert inside == [*range(1, 10), *range(19, 25)]


def test_what_lies_outside_the_image_is_told() -> None:
    drawn = _drawn(_square(-3), _square(1), _square(14))
    assert _column(drawn) == [1]
    assert "2 of 3 contour planes lie outside the image" in drawn.notes[0]


def test_what_reaches_over_the_side_of_the_image_is_cut_and_told() -> None:
    assert not _drawn(_square(2, -0.9, 15.5)).notes  # a pixel: rounding
    drawn = _drawn(_square(2, -30.0, 15.5))
    assert np.array_equal(drawn.mask[2], _block(0, 16))
    assert drawn.notes == [
        "A: its contours reach 30 mm over the side of the image and are cut there."
    ]


def test_contours_across_the_slices_are_refused() -> None:
    upright = np.array([[5.0, 5, 0], [5, 12, 0], [5, 12, 20], [5, 5, 20]])
    with pytest.raises(InputError, match="not parallel to the slices.*20.0 mm"):
        _drawn(upright)


def test_a_grid_that_is_flipped_or_turned_gets_the_same_voxels() -> None:
    turned = Geometry((10, 20, 20), (3.0, 1.0, 1.0), (0.0, 19.0, 27.0),
                      ((0, 0, -1), (0, -1, 0), (1, 0, 0)))  # fmt: skip
    shape = [box((2.5, 4.5), (9.5, 15.5), 6.0), box((2.5, 4.5), (9.5, 12.5), 9.0)]
    plain = _drawn(*shape).mask
    found = draw([Contour(points) for points in shape], turned, "A").mask
    assert np.array_equal(found[::-1, ::-1], plain)


def test_half_way_between_two_squares_lies_one_of_the_middle_size() -> None:
    middle = between(_block(2, 18), _block(6, 14), 0.5)
    assert np.array_equal(middle, _block(4, 16))
    assert not between(_block(2, 18), _block(0, 0), 0.5).any()
