"""The worst place, two colours, and contours that are no longer those of the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.volumes.labelmap import LabelMap
from MetricsModuleLib import Looking, Results, TwoColors, WorstPlace
from MetricsModuleLib.TwoColors import REFERENCE, TEST


def rowOf(result: Any, structure: str) -> Any:
    return next(row for row in Results.rowsOf(result) if row.structure == structure)


def test_the_slices_go_through_a_voxel_that_one_contour_alone_holds(
    scene: Any, result: Any
) -> None:
    row = rowOf(result, "Parotid_L")
    pair = Looking.pairOf(result, Looking.setsOf(result), row)
    seen = np.array(WorstPlace.sliceThrough(pair, row)) * (-1, -1, 1)  # LPS
    index = pair.grid.to_kji(seen) - np.array(pair.start)
    k, j, i = np.rint(index).astype(int)
    assert np.allclose(index, (k, j, i)) and pair.a[k, j, i] != pair.b[k, j, i]
    away = np.abs(seen - row.worst_place)
    assert np.allclose(away, [0.5, 0.5, 1.0]), "half a voxel from the worst place"


def test_the_mark_moves_slices_and_is_one(scene: Any) -> None:
    from SlicerHarness import useLayoutManager

    slices = useLayoutManager().sliceWidget("Red").mrmlSliceNode()
    WorstPlace.show(scene, (1.0, 2.0, 3.0), 4.0, "Brain")
    node = WorstPlace.show(scene, (10.0, 20.0, 30.0), 4.26, "Parotid_L")
    assert node.GetNumberOfControlPoints() == 1
    assert node.GetNthControlPointLabel(0) == "Parotid_L: 4.3 mm"
    assert [slices.GetSliceToRAS().GetElement(row, 3) for row in range(3)] == [10, 20, 30]
    WorstPlace.hide(scene)
    assert node.GetNumberOfControlPoints() == 0


def test_two_colours_show_one_structure_and_give_all_back(
    reference: Any, test: Any, result: Any
) -> None:
    displays = [node.GetDisplayNode() for node in (reference, test)]
    ids = [list(node.GetSegmentation().GetSegmentIDs()) for node in (reference, test)]
    displays[0].SetSegmentVisibility(ids[0][1], False)
    displays[1].SetSegmentOverrideColor(ids[1][0], 0.1, 0.2, 0.3)
    Looking.showTwo((reference, test), rowOf(result, "Parotid_L"))
    for display, own, color in zip(displays, ids, (REFERENCE, TEST)):
        assert [display.GetSegmentVisibility(n) for n in own] == [True] + [False] * (len(own) - 1)
        assert tuple(display.GetSegmentOverrideColor(own[0])) == pytest.approx(color)
        assert not display.GetVisibility2DFill()
    Looking.showTwo((reference, test), rowOf(result, "Brain"))
    TwoColors.restore()
    assert [displays[0].GetSegmentVisibility(n) for n in ids[0]] == [True, False, True, True]
    assert displays[1].GetVisibility2DFill()
    assert min(displays[0].GetSegmentOverrideColor(ids[0][0])) < 0
    assert tuple(displays[1].GetSegmentOverrideColor(ids[1][0])) == pytest.approx((0.1, 0.2, 0.3))


def test_how_it_was_before_is_saved_with_the_scene(
    scene: Any, reference: Any, test: Any, result: Any, tmp_path: Path
) -> None:
    path, told = tmp_path / "scene.mrml", []
    for change in (lambda: Looking.showTwo((reference, test), rowOf(result, "Brain")),
                   TwoColors.restore):
        change()
        scene.Commit(str(path))
        told.append(path.read_text(encoding="utf-8").count("MetricsModule.Before"))
    assert told == [2, 0]


def test_a_segmentation_that_is_gone_is_passed_over(
    scene: Any, reference: Any, test: Any, result: Any
) -> None:
    Looking.showTwo((reference, test), rowOf(result, "Brain"))
    scene.RemoveNode(test)
    TwoColors.restore()
    assert Looking.setsOf(result) == (reference, None)


def test_a_loaded_result_knows_by_volume_and_name_what_has_changed(
    reference: Any, test: Any, result: Any, removeVoxel: Any
) -> None:
    sets, row = (reference, test), rowOf(result, "Parotid_L")
    assert Looking.volumeChanges(sets, row) == []
    removeVoxel(test)
    assert Looking.volumeChanges(sets, row) == [
        "Lt Parotid of Observer 2 has 0.358 ml, it had 0.360 ml."
    ]
    test.GetSegmentation().GetNthSegment(0).SetName("other")
    assert "Lt Parotid is no longer in Observer 2." in Looking.volumeChanges(sets, row)


def test_the_surface_uses_the_grid_of_the_figures(result: Any) -> None:
    assert Looking.gridOf(result) == "reference"


def test_the_worst_place_of_a_column_that_ends_too_low_is_its_upper_end_in_ras(
    addSet: Any, begin: Any, worker: Any, grid: Any, boxOf: Any
) -> None:
    """Voxel (i, j) = (6, 5) lies at R 4, A 3; the reference ends at S 30 + 2 * 11.5 = 53."""
    ends = {"reference": (2, 12), "test": (2, 6)}
    sets = [
        addSet(LabelMap({"SpinalCord": boxOf(k, (5, 6), (6, 7))}, grid), name)
        for name, k in ends.items()
    ]
    watched = begin(*sets)
    worker.finish()
    row = Results._row(watched.ends[0][1].rows[0])
    right, anterior, superior = WorstPlace.placeOf(row)
    assert (abs(right - 4), abs(anterior - 3), superior) == pytest.approx((0.5, 0.5, 53))
    assert row["worst_mm"] == pytest.approx(12)


def test_a_place_names_the_side_it_is_on() -> None:
    from MetricsModuleLib.WorstPlace import textOf

    assert textOf((11.0, 3.5, -0.26)) == "R 11.0, A 3.5, I 0.3"
    assert textOf((-11.0, -3.5, 1200.04)) == "L 11.0, P 3.5, S 1200.0"
    assert textOf((-0.04, 0.0, -0.0)) == "R 0.0, A 0.0, S 0.0"
