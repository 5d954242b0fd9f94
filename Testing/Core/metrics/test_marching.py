from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.metrics.marching import CORNERS, surface_areas

SPACINGS = [
    (1.0, 1.0, 1.0), (2.5, 0.976, 0.976), (1.0, 2.0, 3.0), (3.0, 1.7, 0.4), (0.3, 5.0, 1.0),
]


@pytest.mark.parametrize("spacing", SPACINGS)
def test_all_256_areas_equal_those_of_the_reference_library(spacing, reference):
    from surface_distance.lookup_tables import create_table_neighbour_code_to_surface_area

    expected = create_table_neighbour_code_to_surface_area(spacing)
    np.testing.assert_allclose(surface_areas(spacing), expected, rtol=1e-12, atol=0)


def test_an_empty_and_a_full_neighbourhood_hold_no_surface():
    areas = surface_areas((2.0, 1.0, 1.0))
    assert areas[0] == 0 and areas[255] == 0
    assert (areas[1:255] > 0).all()


def test_one_inside_corner_is_cut_off_by_a_triangle_through_three_edge_middles():
    sides = np.array([1.0, 2.0, 3.0]) / 2
    faces = np.array([sides[1] * sides[2], sides[0] * sides[2], sides[0] * sides[1]])
    expected = np.linalg.norm(faces) / 2
    for n in range(8):
        assert surface_areas((1.0, 2.0, 3.0))[128 >> n] == pytest.approx(expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_half_filled_neighbourhood_holds_a_plane_of_one_voxel_face(axis):
    spacing = (2.0, 3.0, 5.0)
    code = sum(128 >> n for n, corner in enumerate(CORNERS) if corner[axis] == 0)
    face = np.prod(spacing) / spacing[axis]
    assert surface_areas(spacing)[code] == pytest.approx(face)
    assert surface_areas(spacing)[255 - code] == pytest.approx(face)
