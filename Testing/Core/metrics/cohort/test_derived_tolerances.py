from __future__ import annotations

import csv

import numpy as np
import pytest

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import read_tolerances
from AutoContourRTCore.metrics.cohort.derived_tolerances import ObserverPools, pools_of_folders
from AutoContourRTCore.metrics.contours import contours_of
from AutoContourRTCore.metrics.surfaces import surface_distances
from AutoContourRTCore.progress import ignore_progress
from AutoContourRTCore.volumes.labelmap import LabelMap


@pytest.fixture()
def observers(grid, box):
    """Three who drew a brain of which the third's is higher by two slices."""
    low, high = box((3, 6, 8), (8, 10, 12)), box((5, 6, 8), (8, 10, 12))
    return [LabelMap({"Brain": mask}, grid) for mask in (low, low, high)]


def test_the_tolerance_is_the_percentile_of_the_area_over_all_pairs_and_both_ways(observers, grid):
    pools = ObserverPools()
    pools.add("p1", [contours_of(each) for each in observers])
    masks = [each.masks["Brain"] for each in observers]
    values, areas = [], []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        found = surface_distances(masks[a], masks[b], grid.spacing)
        values += [found.a_to_b, found.b_to_a]
        areas += [found.area_a, found.area_b]
    values, areas = np.concatenate(values), np.concatenate(areas)
    for percent in (50.0, 80.0, 95.0, 100.0):
        mm = pools.tolerances(percent)["Brain"].mm
        assert areas[values <= mm].sum() >= percent / 100 * areas.sum() * (1 - 1e-12)
        assert areas[values < mm].sum() < percent / 100 * areas.sum()
    assert "95th area-weighted percentile" in pools.tolerances()["Brain"].source
    assert "3 observer pairs in 1 cases" in pools.tolerances()["Brain"].source


def test_observers_who_agree_give_zero_and_one_who_did_not_draw_is_passed_over(observers, grid):
    pools = ObserverPools()
    pools.add("p1", [contours_of(observers[0]), contours_of(observers[1])])
    nothing = LabelMap({"Brain": np.zeros(grid.shape, bool)}, grid)
    pools.add("p2", [contours_of(observers[0]), contours_of(nothing)])
    found = pools.tolerances()["Brain"]
    assert found.mm == 0 and "1 observer pairs in 1 cases" in found.source


def test_a_structure_that_one_observer_alone_drew_has_no_tolerance(observers, grid):
    more = LabelMap({**observers[0].masks, "Brainstem": observers[2].masks["Brain"]}, grid)
    pools = ObserverPools()
    pools.add("p1", [contours_of(more), contours_of(observers[1])])
    assert set(pools.tolerances()) == {"Brain"}


def test_the_file_names_its_cases_and_is_read_as_tolerances(observers, folder_of, tmp_path):
    folders = [folder_of(name, {"p1": each, "p2": each})
               for name, each in zip("abc", observers)]
    pools = pools_of_folders(folders, (), ignore_progress)
    pools.write(tmp_path / "t.csv", provenance_of(Settings(), user="Ada"), 90)
    assert read_tolerances(tmp_path / "t.csv").of("brain").mm == pools.tolerances(90)["Brain"].mm
    with open(tmp_path / "t.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["cases"], row["observer_pairs"], row["user"]) == ("p1 p2", "6", "Ada")
    assert row["inputs"].count("sha256:") == 1 and row["percent"] == "90"


def test_what_is_left_out_is_told_and_two_contours_are_not_pooled_as_one(observers, folder_of):
    low, _, high = (each.masks["Brain"] for each in observers)
    grid = observers[0].geometry
    first = LabelMap({"Eye_L": low, "Left eye": low, "Brain": low, "Heart": low}, grid)
    second = LabelMap({"Eye_L": low, "Left eye": high, "Brain": high}, grid)
    a = folder_of("a", {"p1": first, "p2": first})
    b = folder_of("b", {"p1": second, "p_2": second})
    pools = pools_of_folders([a, b], (), ignore_progress)
    assert set(pools.tolerances()) == {"Brain"}
    assert pools.left_out == (
        "cases that not every observer has: p2, p_2",
        "Eye_L (2 contours are matched as Eye_L): p1",
        "Left eye (2 contours are matched as Eye_L): p1", "Heart (only in reference): p1",
    )  # fmt: skip


def test_one_observer_other_cases_and_a_percentile_of_nothing_are_refused(
    observers, folder_of
):
    with pytest.raises(InputError, match="two observers or more"):
        ObserverPools().add("p1", [contours_of(observers[0])])
    a, b = folder_of("a", {"p1": observers[0]}), folder_of("b", {"q1": observers[0]})
    with pytest.raises(InputError, match="no case in common"):
        pools_of_folders([a, b], (), ignore_progress)
    with pytest.raises(InputError, match="above 0"):
        ObserverPools().tolerances(0)


def test_cancel_is_heard_between_cases(observers, folder_of):
    folder = folder_of("a", {"p1": observers[0], "p2": observers[0]})

    def stop(fraction, message):
        if fraction > 0:
            raise Cancelled()

    with pytest.raises(Cancelled):
        pools_of_folders([folder, folder], (), stop)
