from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.cases import AIR, Case, load_cases, prepare_case, save_cases, unpack
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume
from tiny_cases import cube_case

GRID = Geometry((10, 12, 14), (2.0, 2.0, 2.0), (-14.0, -12.0, 20.0))
SPACING = (2.0, 2.0, 2.0)


def patient() -> "tuple[Volume, LabelMap, np.ndarray]":
    """A body of 50 HU on a couch of 300 HU in -1024 HU; two structures overlap."""
    array = np.full(GRID.shape, -1024.0, dtype=np.float32)
    body = np.zeros(GRID.shape, dtype=bool)
    body[1:9, 2:10, 2:12] = True
    array[body] = 50.0
    array[:, 11] = 300.0
    masks = {name: np.zeros(GRID.shape, dtype=bool) for name in ("A", "B")}
    masks["A"][3:6, 4:8, 4:8] = True
    masks["B"][5:7, 5:9, 6:10] = True
    return Volume(array, GRID), LabelMap(masks, GRID), body


def test_a_case_covers_the_body_and_holds_air_outside_it() -> None:
    ct, truth, body = patient()
    ct.array[0, 0, 0], body[0, 0, 0] = 50.0, True  # so that the couch is within the bounds
    body[9, 11, 13] = True
    case = prepare_case("p", ct, truth, body, ("A", "B"), SPACING)
    assert case.image.dtype == np.int16 and case.image.shape == GRID.shape
    assert np.array_equal(case.image == 50, body & (ct.array == 50))
    assert case.image[9, 11, 13] == 300
    assert np.all(case.image[~body] == AIR)


def test_each_structure_is_one_bit_and_may_overlap() -> None:
    ct, truth, body = patient()
    case = prepare_case("p", ct, truth, body, ("A", "B"), SPACING)
    found = unpack(case.labels, 2)
    assert np.array_equal(found[0], truth.masks["A"][1:9, 2:10, 2:12])
    assert np.array_equal(found[1], truth.masks["B"][1:9, 2:10, 2:12])
    assert (found[0] & found[1]).any()


def test_a_structure_that_is_missing_was_not_drawn() -> None:
    ct, truth, body = patient()
    case = prepare_case("p", ct, truth, body, ("A", "missing", "B"), SPACING)
    assert case.drawn == (True, False, True)
    assert not unpack(case.labels, 3)[1].any()


def test_the_last_of_24_structures_survives_sampling_through_float32() -> None:
    ct, truth, body = patient()
    names = ("A", *(f"none{n}" for n in range(22)), "B")
    labels = prepare_case("p", ct, truth, body, names, SPACING).labels
    assert labels.max() == 2**23 + 1
    assert np.array_equal(labels.astype(np.float32).astype(np.int32), labels)


def test_more_structures_than_fit_are_refused() -> None:
    ct, truth, body = patient()
    with pytest.raises(InputError, match="25 structures.*at most 24"):
        prepare_case("p", ct, truth, body, [str(n) for n in range(25)], SPACING)


def test_contours_of_another_image_are_refused_not_learnt_as_absent() -> None:
    ct, truth, body = patient()
    x, y, z = truth.geometry.origin
    for mm, share in ((500.0, "100%"), (0.0, "")):
        moved = LabelMap(truth.masks, replace(truth.geometry, origin=(x, y, z + mm)))
        if not share:
            assert all(prepare_case("p", ct, moved, body, truth.names, SPACING).drawn)
            continue
        with pytest.raises(InputError, match=f"{share} of .* lies outside the CT"):
            prepare_case("p", ct, moved, body, truth.names, SPACING)


def test_an_image_without_a_body_is_refused_by_name() -> None:
    ct, truth, body = patient()
    with pytest.raises(InputError, match="Smith"):
        prepare_case("Smith", ct, truth, body & False, ("A",), SPACING)


def test_one_patient_stored_in_two_ways_is_one_case() -> None:
    ct, truth, body = patient()
    axes = ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))  # k runs to R, j to S, i to A
    order, flips = (2, 0, 1), (slice(None, None, -1), slice(None), slice(None, None, -1))
    last = GRID.to_lps(np.array([0, 11, 13]))
    grid = Geometry((14, 10, 12), (2.0, 2.0, 2.0), tuple(last), axes)

    def turned(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array.transpose(order)[flips])

    masks = {name: turned(mask) for name, mask in truth.masks.items()}
    spacing = (2.5, 3.0, 3.0)
    one = prepare_case("p", ct, truth, body, ("A", "B"), spacing)
    stored = Volume(turned(ct.array), grid), LabelMap(masks, grid), turned(body)
    other = prepare_case("p", *stored, ("A", "B"), spacing)
    assert one.labels.any()
    assert np.array_equal(one.labels, other.labels)
    assert np.abs(one.image.astype(int) - other.image).max() <= 1  # HU, from rounding


def test_cases_survive_the_disk(tmp_path: Path) -> None:
    cases = [cube_case("Jörg"), cube_case("b", drawn=(True, False), shape=(12, 21, 30))]
    save_cases(cases, tmp_path / "cases.npz")
    for case, loaded in zip(cases, load_cases(tmp_path / "cases.npz")):
        assert isinstance(loaded, Case)
        assert (loaded.name, loaded.drawn) == (case.name, case.drawn)
        assert np.array_equal(loaded.image, case.image) and loaded.image.dtype == np.int16
        assert np.array_equal(loaded.labels, case.labels)
