"""The one call, with a stand-in for the network that finds what is brighter than 500 HU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Tuple

import numpy as np
import pytest

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.progress import ignore_progress
from AutoContourRTCore.segmentation import pipeline
from AutoContourRTCore.segmentation.pipeline import LoadedModel, place, segment
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

STRUCTURES = ("Parotid_L", "Parotid_R", "Larynx")
CENTER = np.array([12.0, -7.0, 20.0])  # LPS of the bright ball, mm
RADIUS = 18.0


class BrightIsParotid:
    """Probability of Parotid_L rises from 0 at 0 HU to 1 at 1000 HU; nothing else is found."""

    recipe = Recipe(spacing=(2.5, 3.0, 3.0))
    structures = STRUCTURES
    notes: Tuple[str, ...] = ()
    block = 4

    def __call__(self, image, progress=ignore_progress):
        progress(0.5, "window 1 of 2")
        found = np.zeros((3, *image.shape), dtype=np.float32)
        found[0] = np.clip(image / 1000.0, 0, 1)
        progress(1.0, "window 2 of 2")
        self.seen = image
        return found


@pytest.fixture()
def model(monkeypatch):
    monkeypatch.setattr(pipeline, "check_input", lambda volume, manifest, body: ["looks odd"])
    monkeypatch.setattr(pipeline, "outside_head_neck", lambda name, *rest: False)
    manifest = SimpleNamespace(id="bright", structures=STRUCTURES)
    return LoadedModel(manifest, BrightIsParotid())


def ball(geometry: Geometry, center=CENTER, radius=RADIUS) -> np.ndarray:
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1)
    return np.linalg.norm(geometry.to_lps(index) - center, axis=-1) <= radius


def patient(geometry: Geometry) -> Volume:
    """A ball of water, 80 mm in radius, with a ball of 1000 HU in it, in air."""
    array = np.full(geometry.shape, -1000, dtype=np.int16)
    array[ball(geometry, CENTER, 80.0)] = 20
    array[ball(geometry)] = 1000
    return Volume(array, geometry)


def grid(spacing=(2.5, 2.0, 2.0), axes=None, size_mm=190.0) -> Geometry:
    axes = np.eye(3)[::-1] if axes is None else np.asarray(axes, dtype=float)
    shape = tuple(int(size_mm / s) for s in spacing)
    middle = ((np.array(shape) - 1) / 2 * spacing) @ axes
    return Geometry(shape, spacing, tuple(CENTER - middle), tuple(map(tuple, axes)))


def turned(degrees: float) -> np.ndarray:
    a = np.deg2rad(degrees)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    return np.eye(3)[::-1] @ turn


@pytest.mark.parametrize(
    "geometry",
    [
        grid(),
        grid((1.0, 4.0, 3.0)),
        grid(axes=[(0, 0, -1), (0, 1, 0), (-1, 0, 0)]),
        grid(axes=[(1, 0, 0), (0, 0, 1), (0, 1, 0)]),
        grid(axes=turned(20)),
    ],
    ids=["plain", "anisotropic", "flipped", "permuted", "oblique"],
)
def test_the_result_lies_where_the_organ_lies_on_the_grid_of_the_input(model, geometry):
    result = segment(patient(geometry), model)
    assert result.labelmap.geometry == geometry
    assert result.labelmap.names == ("Parotid_L",)
    assert dice(result.labelmap.masks["Parotid_L"], ball(geometry)) > 0.93


def test_an_organ_that_the_volume_s_end_cuts_is_not_less_in_doubt_for_that(model):
    whole = patient(grid())
    middle = whole.geometry.shape[0] // 2 + 2  # the grid then has a slice beyond the end
    half = Volume(
        whole.array[middle:], whole.geometry.cropped((middle, 0, 0), whole.geometry.shape)
    )
    found = [segment(volume, model).doubt["Parotid_L"].edge_mm for volume in (whole, half)]
    assert found[1] == pytest.approx(found[0], rel=0.1)


def test_each_contour_says_how_much_it_is_in_doubt_and_where_to_look(model):
    found = segment(patient(grid()), model)
    assert list(found.doubt) == ["Parotid_L"]
    doubt = found.doubt["Parotid_L"]
    assert 0.0 < doubt.edge_mm < 1.5  # the ball is sharp, its resampled rim is not
    assert np.linalg.norm(np.array(doubt.look_at) - CENTER) < RADIUS


def test_what_was_not_found_is_reported_and_not_invented(model):
    result = segment(patient(grid()), model)
    assert set(result.absent) == {"Parotid_R", "Larynx"}
    assert "not found" in result.absent["Larynx"]


def test_an_organ_of_the_head_where_no_head_is_seen_is_reported_as_absent(model, monkeypatch):
    monkeypatch.setattr(pipeline, "outside_head_neck", lambda name, *rest: name == "Parotid_L")
    result = segment(patient(grid()), model)
    assert "no head or neck at its level" in result.absent["Parotid_L"]
    assert result.labelmap.names == ()


def test_warnings_about_the_image_travel_with_the_result(model):
    assert segment(patient(grid()), model).warnings == ("looks odd",)


def test_warnings_are_told_before_the_network_runs(model, monkeypatch):
    told = []
    run = BrightIsParotid.__call__

    def network(self, *args):
        assert told == ["looks odd", pipeline.BOX_NOTE]
        return run(self, *args)

    monkeypatch.setattr(BrightIsParotid, "__call__", network)
    geometry = grid()
    roi = (0, geometry.shape[2], 0, geometry.shape[1], 0, geometry.shape[0])
    found = segment(patient(geometry), model, roi=roi, warn=told.append)
    assert found.warnings == tuple(told)


def test_a_speck_is_reported_as_absent(model):
    geometry = grid()
    volume = patient(geometry)
    volume.array[ball(geometry)] = 20
    volume.array[ball(geometry, radius=3.0)] = 3000
    result = segment(volume, model)
    assert "Parotid_L" not in result.labelmap.masks
    assert "ml found" in result.absent["Parotid_L"]


def test_outside_the_body_the_network_sees_air(model):
    geometry = grid()
    volume = patient(geometry)
    volume.array[~ball(geometry, CENTER, 80.0)] = -950
    segment(volume, model)
    seen = model.predictor.seen
    assert seen[0, 0, 0] == -1000
    outside = np.count_nonzero(seen < -900)
    near = np.count_nonzero(np.abs(seen + 950) < 5)
    assert 0 < near < 0.4 * outside  # the skin, see test_only_body


def test_a_box_limits_the_result(model):
    geometry = grid()
    middle = [n // 2 for n in reversed(geometry.shape)]
    roi = (0, middle[0], 0, geometry.shape[1], 0, geometry.shape[0])
    found = segment(patient(geometry), model, roi=roi)
    mask = found.labelmap.masks["Parotid_L"]
    assert pipeline.BOX_NOTE in found.warnings
    assert pipeline.BOX_NOTE not in segment(patient(geometry), model).warnings
    assert not mask[:, :, middle[0] :].any()
    expected = ball(geometry)
    expected[:, :, middle[0] :] = False
    assert dice(mask, expected) > 0.92


def test_the_doubt_is_about_what_lies_in_the_box_not_about_a_larger_piece_beside_it(model):
    geometry = grid()
    volume = patient(geometry)
    there = CENTER + (40.0, 0.0, 0.0)  # its gap to the larger ball, 10 mm, is in the margin
    volume.array[ball(geometry, there, 12.0)] = 1000
    low = int(np.ceil(geometry.to_kji(CENTER + (RADIUS + 4.0, 0.0, 0.0))[2]))
    roi = (low, geometry.shape[2], 0, geometry.shape[1], 0, geometry.shape[0])
    found = segment(volume, model, roi=roi)
    assert dice(found.labelmap.masks["Parotid_L"], ball(geometry, there, 12.0)) > 0.9
    looked = np.array(found.doubt["Parotid_L"].look_at)
    assert np.linalg.norm(looked - there) < 15.0
    whole = np.array(segment(volume, model).doubt["Parotid_L"].look_at)
    assert np.linalg.norm(whole - CENTER) < RADIUS + 3.0


@pytest.mark.parametrize("roi", [(0, 5, 0, 5, 0, 500), (-1, 5, 0, 5, 0, 5), (5, 5, 0, 5, 0, 5)])
def test_an_impossible_box_is_refused_with_the_size_of_the_image(model, roi):
    with pytest.raises(InputError, match=r"does not fit the image of .* voxels \(i j k\)"):
        segment(patient(grid()), model, roi=roi)


def test_a_box_in_the_air_is_refused(model):
    with pytest.raises(InputError, match="holds no part of the body"):
        segment(patient(grid(size_mm=300.0)), model, roi=(0, 3, 0, 3, 0, 3))


def test_only_the_structures_asked_for_come_back_under_any_of_their_names(model):
    result = segment(patient(grid()), model, structures=["LeftParotid"])
    assert result.labelmap.names == ("Parotid_L",)
    assert result.absent == {}


def test_a_structure_of_another_model_is_refused_with_what_is_covered(model):
    with pytest.raises(InputError, match="does not contour Bladder; it covers Parotid_L"):
        segment(patient(grid()), model, structures=["Bladder"])


def test_progress_only_rises_and_reaches_one(model):
    seen = []
    segment(patient(grid()), model, progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_cancelling_in_the_middle_stops(model):
    def cancel_at_half(fraction, message):
        if fraction >= 0.5:
            raise Cancelled()

    with pytest.raises(Cancelled):
        segment(patient(grid()), model, progress=cancel_at_half)


def test_probabilities_are_interpolated_not_labels():
    coarse = Geometry((3, 3, 3), (4.0, 4.0, 4.0))
    fine = Geometry((9, 9, 9), (1.0, 1.0, 1.0))
    probability = np.zeros(coarse.shape, dtype=np.float32)
    probability[:, :, 0] = 1.0
    probability[:, :, 1] = 0.25  # the half lies at 2/3 of the way: 2.67 mm
    mask = place(probability, coarse, fine)
    assert mask[4, 4].tolist() == [True] * 3 + [False] * 6


def test_placing_nothing_gives_an_empty_mask():
    geometry = Geometry((4, 4, 4))
    assert not place(np.zeros((4, 4, 4), dtype=np.float32), geometry, geometry).any()


def test_placing_beside_the_target_gives_an_empty_mask():
    there = Geometry((4, 4, 4), origin=(100.0, 0.0, 0.0))
    assert not place(np.ones((4, 4, 4), dtype=np.float32), there, Geometry((4, 4, 4))).any()
